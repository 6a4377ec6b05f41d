// The backup that the README describes: `d1 export` refuses a database with a search index, but not
// its tables one by one.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { D1Database } from '@cloudflare/workers-types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { getPlatformProxy } from 'wrangler'

const ROOT = join(import.meta.dirname, '../..')
const MIGRATIONS = join(ROOT, 'migrations')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatepost-backup-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A local database of its own, with every migration, as wrangler.toml binds it. */
async function open(name: string) {
  const place = join(folder, name)
  const config = join(place, 'wrangler.toml')
  await mkdir(join(place, 'dist/web'), { recursive: true })
  await cp(join(ROOT, 'wrangler.toml'), config)
  const persist = { path: join(place, '.wrangler/state/v3') }
  const proxy = await getPlatformProxy<{ DB: D1Database }>({ configPath: config, persist })
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()
  for (const file of files) {
    const sql = await readFile(join(MIGRATIONS, file), 'utf8')
    for (const statement of sql.split('--> statement-breakpoint'))
      await proxy.env.DB.prepare(statement).run()
  }
  return { config, db: proxy.env.DB, close: () => proxy.dispose() }
}

const wrangler = (...args: string[]) =>
  promisify(execFile)(
    process.execPath,
    [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), ...args],
    { env: { ...process.env, CI: '1' } },
  )

const ROWS = [
  `insert into users (username, username_key, email, email_key, password_hash, created_at)
   select 'ann' || value, 'ann' || value, 'ann' || value || '@x', 'ann' || value || '@x', 'none', 1 from json_each('[1,2,3]')`,
  `insert into posts (author_id, title, content, created_at, updated_at)
   select value, 'It''s ' || value, 'Ein Wörtchen; zwei' || char(10) || '--', 1, 1 from json_each('[3,1,2,3]')`,
  `insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at)
   values ('s', 1, 'c', '', 1, 1, 1, 9e15)`,
]

const summary = (db: D1Database) =>
  db
    .prepare(
      `select (select count(*) from users) as users, (select group_concat(title || content) from posts) as texts,
       (select count(*) from posts_words where posts_words match 'wortchen') as found`,
    )
    .first()

it('restores users, posts and the search index, and no session', async () => {
  const [old, fresh] = await Promise.all([open('old'), open('fresh')])
  for (const rows of ROWS) await old.db.prepare(rows).run()
  const file = join(folder, 'backup.sql')
  const tables = [
    'users',
    'passkeys',
    'totp',
    'recovery_codes',
    'identities',
    'posts',
    'events',
  ].flatMap((table) => ['--table', table])
  const local = ['DB', '--local', '-c']
  await wrangler('d1', 'export', ...local, old.config, '--no-schema', ...tables, '--output', file)
  await wrangler('d1', 'execute', ...local, fresh.config, '--file', file)
  const restored = await summary(fresh.db)
  expect(restored).toEqual(await summary(old.db))
  expect(restored).toMatchObject({ users: 3, found: 4 })
  expect(await fresh.db.prepare('select * from sessions').first()).toBeNull()
  await Promise.all([old.close(), fresh.close()])
}, 120_000)
