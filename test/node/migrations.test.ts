// Migrations on a database with rows. The previous release may still run while one is applied.
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { D1Database } from '@cloudflare/workers-types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { getPlatformProxy } from 'wrangler'

const ROOT = join(import.meta.dirname, '../..')
const MIGRATIONS = join(ROOT, 'migrations')
const HANDLE = /^[\w-]{21}[AQgw]$/

let folder: string
let db: D1Database
let close: () => Promise<void>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatepost-migrations-'))
  const configPath = join(folder, 'wrangler.toml')
  await mkdir(join(folder, 'dist/web'), { recursive: true })
  await cp(join(ROOT, 'wrangler.toml'), configPath)
  const persist = { path: join(folder, '.wrangler/state/v3') }
  const proxy = await getPlatformProxy<{ DB: D1Database }>({ configPath, persist })
  db = proxy.env.DB
  close = proxy.dispose
})
afterAll(async () => {
  await close()
  await rm(folder, { recursive: true })
})

async function apply(isWanted: (file: string) => boolean) {
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()
  for (const file of files.filter(isWanted)) {
    const sql = await readFile(join(MIGRATIONS, file), 'utf8')
    for (const statement of sql.split('--> statement-breakpoint')) await db.prepare(statement).run()
  }
}

const count = async (table: string) =>
  Number(await db.prepare(`select count(*) as n from ${table}`).first('n'))

const counts = async () => ({
  users: await count('users'),
  sessions: await count('sessions'),
  posts: await count('posts'),
  emailTokens: await count('email_tokens'),
  idempotencyKeys: await count('idempotency_keys'),
  attempts: await count('attempts'),
  events: await count('events'),
})

/** Three users, each with a row in every table that refers to users. */
const ROWS = [
  `insert into users (username, username_key, email, email_key, password_hash, created_at)
   select 'u' || value, 'u' || value, 'u' || value || '@x', 'u' || value || '@x', 'none', 1 from json_each('[1,2,3]')`,
  `insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at)
   select 's' || id, id, 'c', '', 1, 1, 1, 9e15 from users`,
  `insert into posts (author_id, title, content, created_at, updated_at) select id, 't', 'c', 1, 1 from users`,
  `insert into email_tokens (user_id, purpose, token_hash, email, email_key, created_at, expires_at)
   select id, 'verify', 'h' || id, email, email_key, 1, 9e15 from users`,
  `insert into idempotency_keys (user_id, key, body_hash, post_id, created_at) select id, 'k', 'h', 1, 1 from users`,
  `insert into attempts (key, user_id, failures, wait_until, last_at) select 'a' || id, id, 1, 0, 1 from users`,
  `insert into events (user_id, type, at) select id, 'registered', 1 from users`,
]

/** The inserts of the release before the migration, as drizzle writes them. */
const PREVIOUS_RELEASE = {
  user: `insert into "users" ("id", "username", "username_key", "email", "email_key", "address_key", "email_verified", "full_name", "role", "is_active", "password_hash", "avatar_key", "revision", "created_at")
    values (null, 'late', 'late', 'late@x', 'late@x', 'hmac', 0, null, 'user', 1, 'none', null, 1, 2) returning "id"`,
  session: `insert into "sessions" ("id", "user_id", "client_id", "scope", "counter", "rotated_at", "created_at", "last_used_at", "expires_at", "user_agent", "location")
    select 'late', "users"."id", 'c', 'account', 0, 2, 2, 2, 9e15, null, null from "users" where "users"."username" = 'late' returning "id"`,
}

it('identity: keeps every row, and gives each user a handle of their own', async () => {
  await apply((file) => file < '0004')
  for (const sql of ROWS) await db.prepare(sql).run()
  const before = await counts()
  expect(before.sessions).toBe(3)
  await apply((file) => file.startsWith('0004'))
  expect(await counts()).toEqual(before)
  const users = await db.prepare('select handle, has_password, factors from users').all<{
    handle: string
  }>()
  for (const user of users.results)
    expect(user).toEqual({ handle: expect.stringMatching(HANDLE), has_password: 1, factors: '' })
  expect(new Set(users.results.map(({ handle }) => handle)).size).toBe(3)
  const session = await db
    .prepare("select amr, auth_time, kind, name, resource from sessions where id = 's1'")
    .first()
  expect(session).toEqual({
    amr: 'pwd',
    auth_time: null,
    kind: 'login',
    name: null,
    resource: null,
  })
})

it('identity: lets the previous release insert users and sessions', async () => {
  expect(await db.prepare(PREVIOUS_RELEASE.user).first('id')).toBe(4)
  // The trigger that sets the handle does not count in `changes()`.
  expect(await db.prepare('select changes() as n').first('n')).toBe(1)
  expect(await db.prepare(PREVIOUS_RELEASE.session).first('id')).toBe('late')
  const user = await db
    .prepare(
      "select handle, kind from users join sessions on user_id = users.id where username = 'late'",
    )
    .first()
  expect(user).toEqual({ handle: expect.stringMatching(HANDLE), kind: 'login' })
})

it('identity: ends everything that belongs to a user with the user', async () => {
  const credentials = [
    `insert into passkeys (id, user_id, key, counter, backup_eligible, backed_up, aaguid, rp_id, name, created_at)
     select 'p', id, x'00', 0, 0, 0, '', '', '', 1 from users where username = 'late'`,
    `insert into totp (user_id, secret, created_at) select id, '', 1 from users where username = 'late'`,
    `insert into recovery_codes select 'r', id, 1 from users where username = 'late'`,
    `insert into identities (issuer, subject, provider, user_id, created_at)
     select 'i', 's', 'p', id, 1 from users where username = 'late'`,
  ]
  for (const sql of credentials) await db.prepare(sql).run()
  const tables = ['passkeys', 'totp', 'recovery_codes', 'identities']
  for (const table of tables) expect(await count(table), table).toBe(1)
  await db.prepare("delete from users where username = 'late'").run()
  for (const table of tables) expect(await count(table), table).toBe(0)
})

it('sign-in links: keeps every row', async () => {
  await apply((file) => file > '0005' && file < '0011')
  const before = await counts()
  expect(before.sessions).toBe(3)
  await apply((file) => file.startsWith('0011'))
  expect(await counts()).toEqual(before)
  expect(await count('sign_in_links')).toBe(0)
})

it.each([
  ["password_hash = 'other'", 0],
  ["email = 'v@x', email_key = 'v@x'", 0],
  ['is_active = 0', 0],
  ['password_hash = password_hash, email_key = email_key, is_active = is_active', 1],
  ["email = 'U1@x', full_name = 'Ann', factors = 'totp'", 1],
])(
  'sign-in links: "update users set %s" leaves %i link of the user, and the others',
  async (change, left) => {
    await db
      .prepare(
        `insert or replace into sign_in_links (user_id, token_hash, browser_hash, code, created_at, expires_at)
       select id, 'h' || id, '', '', 1, 9e15 from users`,
      )
      .run()
    const id = await db.prepare('select min(id) as id from users').first<number>('id')
    await db.prepare(`update users set ${change} where id = ${id}`).run()
    // The rows that the trigger deleted do not count.
    expect(await db.prepare('select changes() as n').first('n')).toBe(1)
    expect(await count(`sign_in_links where user_id = ${id}`)).toBe(left)
    expect(await count('sign_in_links')).toBe(left + 2)
  },
)

it('sign-in links: end with the user', async () => {
  const before = await count('sign_in_links')
  await db.prepare('delete from users where id = (select max(user_id) from sign_in_links)').run()
  expect(await count('sign_in_links')).toBe(before - 1)
})
