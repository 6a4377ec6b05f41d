import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { D1Database } from '@cloudflare/workers-types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getPlatformProxy } from 'wrangler'

const ROOT = join(import.meta.dirname, '../..')

let state: string
let proxy: Awaited<ReturnType<typeof open>>
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'gatepost-admin-'))
  proxy = await open()
  for (const file of (await readdir(join(ROOT, 'migrations')))
    .filter((name) => name.endsWith('.sql'))
    .sort()) {
    const sql = await readFile(join(ROOT, 'migrations', file), 'utf8')
    for (const statement of sql.split('--> statement-breakpoint')) await query(statement)
  }
  await query(
    `insert into users (username, username_key, email, email_key, email_verified, password_hash, created_at) values
     ('Ann', 'ann', 'Ann@example.com', 'ann@example.com', 1, 'none', 1),
     ('Bob', 'bob', 'bob@example.com', 'bob@example.com', 0, 'none', 1)`,
  )
}, 120_000)
afterAll(async () => {
  await proxy.dispose()
  await rm(state, { recursive: true })
})

/** The local database that the script changes. */
const open = () =>
  getPlatformProxy<{ DB: D1Database }>({
    configPath: join(ROOT, 'wrangler.toml'),
    persist: { path: join(state, 'v3') },
  })

async function query(sql: string) {
  return (await proxy.env.DB.prepare(sql).all()).results
}

const admin = (...args: string[]) =>
  new Promise<{ code: number; output: string }>((done) => {
    const script = join(ROOT, 'scripts/ops/admin.mjs')
    const all = [script, ...args, '--persist-to', state]
    execFile(process.execPath, all, { cwd: ROOT }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    )
  })

const roles = async () =>
  (await query('select role from users order by id')).map(({ role }) => role)

describe('npm run admin', { timeout: 120_000 }, () => {
  it('grants and revokes by address, whatever its case, and records both', async () => {
    const granted = await admin('grant', 'ANN@Example.com')
    expect(granted).toEqual({
      code: 0,
      output: 'Ann (id 1) is an admin: sign in again to get the scope.\n',
    })
    expect(await roles()).toEqual(['admin', 'user'])
    expect(await admin('revoke', 'ann@example.com')).toEqual({
      code: 0,
      output: 'Ann (id 1) is not an admin.\n',
    })
    expect(await query('select user_id, type from events')).toEqual([
      { user_id: 1, type: 'role_changed' },
      { user_id: 1, type: 'role_changed' },
    ])
  })

  it('refuses an account whose address is not proven, unless told --unverified', async () => {
    const refused = await admin('grant', 'bob@example.com')
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('the address bob@example.com is not proven')
    expect(refused.output).toContain('--unverified')
    expect(await roles()).toEqual(['user', 'user'])
    expect(await query('select user_id from events where user_id = 2')).toEqual([])
    expect((await admin('grant', 'bob@example.com', '--unverified')).code).toBe(0)
    expect(await roles()).toEqual(['user', 'admin'])
    expect((await admin('revoke', 'bob@example.com')).code).toBe(0)
  })

  it('says that no account has the address', async () => {
    const { code, output } = await admin('grant', 'nemo@example.com')
    expect({ code, output }).toEqual({
      code: 1,
      output: 'No account has the address nemo@example.com: register first.\n',
    })
  })

  it('answers a wrong command line with the usage and exit code 2', async () => {
    for (const args of [
      [],
      ['grant'],
      ['promote', 'ann@example.com'],
      ['toString', 'ann@example.com'],
      ['grant', 'ann'],
      ['grant', `a'b@example.com`],
      ['grant', 'ann@example.com', 'bob@example.com'],
      ['grant', 'ann@example.com', '--frobnicate'],
    ]) {
      const { code, output } = await admin(...args)
      expect(code, args.join(' ')).toBe(2)
      expect(output).toMatch(/^npm run admin -- grant\|revoke/)
    }
    expect(await roles()).toEqual(['user', 'user'])
  })
})
