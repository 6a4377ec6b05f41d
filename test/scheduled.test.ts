/**
 * The cron: expired rows, rows beyond a maximum, and whether it keeps up with what clients create.
 */
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../src/db'
import { QueryBudget } from '../src/db/query-budget'
import { BATCH, deleteExpired } from '../src/expired'
import { runScheduled } from '../src/scheduled'
import { register } from './support/users'

/** The cron handler, which the types of `exports` leave out. */
const worker = exports.default as unknown as {
  scheduled(trigger: { scheduledTime: Date; cron: string }): Promise<unknown>
}
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Long ago, so that no row of another test has expired by then. */
const NOW = Date.UTC(2001, 0, 1)

const count = (sql: string) => env.DB.prepare(`select count(*) as n from ${sql}`).first<number>('n')
const open = () => openDatabase(env.DB, { count: 0, ms: 0 })

/** One row that is due and one that is not, in every table that is cleaned. */
async function fill(userId: number, otherId: number) {
  const rows: [string, unknown[]][] = []
  for (const [name, at] of [
    ['due', -1],
    ['fresh', 1000],
  ] as const) {
    const ago = (ms: number) => NOW - ms + at
    rows.push(
      [
        "insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at) values (?, ?, 'sweep', '', 0, 0, 0, ?)",
        [`sweep-${name}`, userId, NOW + at],
      ],
      [
        "insert or replace into email_tokens (user_id, purpose, token_hash, email, email_key, created_at, expires_at) values (?, ?, ?, 'sweep', '', 0, ?)",
        [userId, name === 'due' ? 'reset' : 'change', `sweep-${name}`, NOW + at],
      ],
      [
        "insert or replace into sign_in_links (user_id, token_hash, browser_hash, code, created_at, expires_at) values (?, ?, '', '', 0, ?)",
        [name === 'due' ? userId : otherId, `sweep-${name}`, NOW + at],
      ],
      ['insert into used_tokens (hash, expires_at) values (?, ?)', [`sweep-${name}`, NOW + at]],
      [
        'insert into attempts (key, user_id, failures, wait_until, last_at) values (?, null, 1, 0, ?)',
        [`sweep-${name}`, ago(30 * DAY)],
      ],
      [
        'insert into mail_counts (key, count, since) values (?, 1, ?)',
        [`sweep-${name}`, ago(HOUR)],
      ],
      [
        "insert into idempotency_keys (user_id, key, body_hash, post_id, created_at) values (?, ?, '', 1, ?)",
        [userId, `sweep-${name}`, ago(DAY)],
      ],
      [
        "insert into events (user_id, type, at, session_id) values (?, 'login', ?, ?)",
        [userId, ago(90 * DAY), `sweep-${name}`],
      ],
    )
  }
  rows.push(
    [
      'insert into attempts (key, user_id, failures, wait_until, last_at) values (?, ?, 100, 0, 1)',
      ['sweep-account', userId],
    ],
    [
      "insert into events (user_id, type, at, session_id) values (0, 'login_failed', ?, ?)",
      [NOW, 'sweep-unowned'],
    ],
  )
  await env.DB.batch(rows.map(([sql, values]) => env.DB.prepare(sql).bind(...values)))
}

const TABLES = {
  sessions: 'id',
  email_tokens: 'token_hash',
  sign_in_links: 'token_hash',
  used_tokens: 'hash',
  attempts: 'key',
  mail_counts: 'key',
  idempotency_keys: 'key',
  events: 'session_id',
}

describe('expired rows', () => {
  it('are deleted, and no others; the failures of an account stay', async () => {
    const [ann, bob] = [await register(), await register('bob')]
    await fill(ann.id, bob.id)
    await worker.scheduled({ scheduledTime: new Date(NOW), cron: '*/10 * * * *' })
    for (const [table, column] of Object.entries(TABLES)) {
      expect(await count(`${table} where ${column} = 'sweep-due'`), table).toBe(0)
      expect(await count(`${table} where ${column} = 'sweep-fresh'`), table).toBe(1)
    }
    expect(await count("attempts where key = 'sweep-account'")).toBe(1)
    expect(await count('events where user_id = 0')).toBe(0)
    for (const [table, column] of Object.entries(TABLES))
      await env.DB.prepare(`delete from ${table} where ${column} = 'sweep-fresh'`).run()
  })

  it('are deleted in batches until none is left, within the queries of a run', async () => {
    await insertMany(`insert into mail_counts select 'many-' || i, 1, 0 from n`, 2 * BATCH + 7)
    const budget = new QueryBudget(1000)
    const deleted = await deleteExpired(open(), new Date(NOW), budget)
    expect(deleted.mail_counts).toBeGreaterThanOrEqual(2 * BATCH + 7)
    expect(await count("mail_counts where key like 'many-%'")).toBe(0)
    // Two for the maxima, one per table, and two more for the table that was full twice.
    expect(budget.left).toBe(1000 - 2 - 9 - 2)
    const again = await deleteExpired(open(), new Date(NOW), new QueryBudget(1000))
    expect(Object.values(again).every((rows) => rows === 0)).toBe(true)
  })

  it('are left to the next run when the queries are used up', async () => {
    await insertMany(`insert into mail_counts select 'rest-' || i, 1, 0 from n`, 3 * BATCH)
    await deleteExpired(open(), new Date(NOW), new QueryBudget(2 + 9 + 1))
    expect(await count("mail_counts where key like 'rest-%'")).toBe(BATCH)
    await runScheduled(env, new Date(NOW))
    expect(await count("mail_counts where key like 'rest-%'")).toBe(0)
  })
})

describe('rows that clients without an account create', () => {
  it('are bounded in number: the newest stay, whatever the age of the others', async () => {
    const ann = await register()
    const future = NOW + 1000 * 365 * DAY
    const rows = 40
    await insertMany(
      `insert into attempts (key, user_id, failures, wait_until, last_at) select 'bound-' || i, null, 1, 0, ${future} + i from n`,
      rows,
    )
    await insertMany(`insert into mail_counts select 'bound-' || i, 1, ${future} + i from n`, rows)
    await env.DB.prepare(
      "insert into attempts (key, user_id, failures, wait_until, last_at) values ('bound-owned', ?, 1, 0, 1)",
    )
      .bind(ann.id)
      .run()
    const maxima = { unknownLogins: 15, mailCounters: 25 }
    await deleteExpired(open(), new Date(NOW), new QueryBudget(1000), maxima)
    const kept = async (table: string) =>
      (await env.DB.prepare(`select key from ${table} where key like 'bound-%' order by key`).all())
        .results.length
    expect(await count('attempts where user_id is null')).toBe(15)
    expect(
      await count(`attempts where user_id is null and last_at > ${future} + ${rows - 15}`),
    ).toBe(15)
    expect(await kept('attempts')).toBe(15 + 1)
    expect(await count('mail_counts')).toBe(25)
    expect(await kept('mail_counts')).toBe(25)
    await env.DB.prepare("delete from attempts where key like 'bound-%'").run()
    await env.DB.prepare("delete from mail_counts where key like 'bound-%'").run()
  })
})

/** Inserts accounts with consecutive ids. Returns the first id. */
async function insertAccounts(accounts: number): Promise<number> {
  const name = crypto.randomUUID()
  await insertMany(
    `insert into users (username, username_key, email, email_key, password_hash, created_at)
     select '${name}' || i, '${name}' || i, '${name}' || i, '${name}' || i, '', 0 from n`,
    accounts,
  )
  return (await env.DB.prepare('select min(id) as id from users where username like ?')
    .bind(`${name}%`)
    .first<number>('id')) as number
}

/** Inserts `rows` rows by a statement that selects from `n(i)`. */
async function insertMany(statement: string, rows: number) {
  await env.DB.prepare(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows}) ${statement}`,
  ).run()
}

describe('20 clients at their limits for an hour', () => {
  const CLIENTS = 20
  const TICK = 10 * MINUTE
  /** Requests per client and minute; see wrangler.toml. */
  const LIMITS = { signIn: 60, register: 20, mail: 10, write: 120 }

  it('create no more rows than the cron deletes: the tables keep their size', async () => {
    const accounts = await insertAccounts(CLIENTS)
    const perTick = (limit: number) => CLIENTS * limit * (TICK / MINUTE)
    /** Rows of one tick, with times just before `at`. */
    const create = async (tick: number, at: number) => {
      const spread = (ms: number) => `${at - ms - TICK} + i % ${TICK}`
      await insertMany(
        `insert into attempts (key, user_id, failures, wait_until, last_at) select 'hour-${tick}-' || i, null, 1, 0, ${spread(30 * DAY)} from n`,
        perTick(LIMITS.signIn),
      )
      await insertMany(
        `insert into mail_counts select 'hour-${tick}-' || i, 1, ${spread(HOUR)} from n`,
        perTick(LIMITS.register + LIMITS.mail),
      )
      await insertMany(
        `insert into idempotency_keys select ${accounts} + i % ${CLIENTS}, 'hour-${tick}-' || i, '', 1, ${spread(DAY)} from n`,
        perTick(LIMITS.write),
      )
      await insertMany(
        `insert into events (user_id, type, at) select ${accounts} + i % ${CLIENTS}, 'login', ${spread(90 * DAY)} from n`,
        perTick(LIMITS.signIn + LIMITS.write),
      )
    }
    const tables = ['attempts', 'mail_counts', 'idempotency_keys', 'events']
    const sizes = () => Promise.all(tables.map((table) => count(table)))
    await runScheduled(env, new Date(NOW))
    const before = await sizes()
    // The rows that become due in a tick are those that were created a retention period earlier.
    for (let tick = 0; tick < HOUR / TICK; tick++) {
      const at = NOW + tick * TICK
      await create(tick, at)
      await runScheduled(env, new Date(at))
      expect(await sizes(), `tick ${tick}`).toEqual(before)
    }
  }, 300_000)
})
