/** The hourly deletion of what has expired. */
import { env, exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { BATCH, deleteExpired } from '../src/scheduled'
import { person } from './support/users'

/** The cron trigger's way in, which the types of `exports` leave out. */
const worker = exports.default as unknown as {
  scheduled(trigger: { scheduledTime: Date; cron: string }): Promise<unknown>
}
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Long ago, so that no row of another test has expired by then. */
const NOW = Date.UTC(2001, 0, 1)

const count = (sql: string) => env.DB.prepare(`select count(*) as n from ${sql}`).first<number>('n')

/** One row that is due and one that is not, in every table that is cleaned. */
async function fill(userId: number) {
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
      ['insert into used_tokens (hash, expires_at) values (?, ?)', [`sweep-${name}`, NOW + at]],
    )
  }
  rows.push([
    'insert into attempts (key, user_id, failures, wait_until, last_at) values (?, ?, 100, 0, 1)',
    ['sweep-account', userId],
  ])
  await env.DB.batch(rows.map(([sql, values]) => env.DB.prepare(sql).bind(...values)))
}

const TABLES = {
  sessions: 'id',
  email_tokens: 'token_hash',
  attempts: 'key',
  mail_counts: 'key',
  idempotency_keys: 'key',
  events: 'session_id',
  used_tokens: 'hash',
}

it('deletes what has expired and nothing else; the failures of an account stay', async () => {
  const ann = await person()
  await fill(ann.id)
  await worker.scheduled({ scheduledTime: new Date(NOW), cron: '17 * * * *' })
  for (const [table, column] of Object.entries(TABLES)) {
    expect(await count(`${table} where ${column} = 'sweep-due'`), table).toBe(0)
    expect(await count(`${table} where ${column} = 'sweep-fresh'`), table).toBe(1)
  }
  expect(await count("attempts where key = 'sweep-account'")).toBe(1)
})

it('goes on in batches until all is clean, and tells how many rows went', async () => {
  const many = 2 * BATCH + 7
  await env.DB.prepare(
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) insert into mail_counts select 'many-' || i, 1, 0 from n",
  )
    .bind(many)
    .run()
  const deleted = await deleteExpired(env.DB, new Date(NOW))
  expect(deleted.mail_counts).toBeGreaterThanOrEqual(many)
  expect(await count("mail_counts where key like 'many-%'")).toBe(0)
  expect(Object.values(await deleteExpired(env.DB, new Date(NOW)))).toEqual(
    Object.keys(TABLES).map(() => 0),
  )
})
