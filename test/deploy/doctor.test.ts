import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeCloudflare } from './cloudflare'
import { Project } from './project'

let cloudflare: FakeCloudflare
let project: Project
beforeEach(async () => {
  cloudflare = await new FakeCloudflare().start()
  project = new Project()
  project.write('.dev.vars', `JWT_SECRET=${'k9'.repeat(32)}\n`)
  chmodSync(join(project.root, '.dev.vars'), 0o600)
})
afterEach(async () => {
  await cloudflare.stop()
  project.remove()
})

const doctor = (...args: string[]) => project.start(cloudflare, 'scripts/ops/doctor.mjs', args).done

describe('npm run doctor', () => {
  it('says ok to a fresh checkout but for the sender of mails, without any request', async () => {
    const { code, output } = await doctor()
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(output).toMatch(/\n\d+ ok, 1 to look at, 0 to fix\n$/)
    expect(output).toContain('warn  MAIL_FROM is the example')
    expect(cloudflare.calls).toEqual([])
  })

  it('names each thing that is wrong, with what fixes it', async () => {
    project.write('.dev.vars', 'JWT_SECRET=a-short-one\n')
    chmodSync(join(project.root, '.dev.vars'), 0o644)
    project.configure('[vars]', '[vars]\nANOTHER = "1"')
    project.configure(
      'database_name = "gatepost"\n',
      'database_name = "gatepost"\ndatabase_id = "00000000-0000-0000-0000-000000000000"\n',
    )
    project.configure('cpu_ms = 1000', '# cpu_ms = 1000')
    project.configure(
      /compatibility_date = ".*"/.exec(project.read('wrangler.toml'))![0],
      'compatibility_date = "2099-01-01"',
    )
    project.write('migrations/9999_stray.sql', 'select 1;')
    project.write(
      'package-lock.json',
      project
        .read('package-lock.json')
        .replace(/("node_modules\/hono": \{\s+"version": )"[^"]+"/, '$1"0.0.1"'),
    )
    project.write('src/app.ts', 'this is no TypeScript')
    const { code, output } = await doctor()
    expect(code).toBe(1)
    expect(output).not.toContain('a-short-one')
    for (const [line, fix] of [
      ['fail  1 package(s) differ from package-lock.json, such as hono', 'npm ci'],
      ['fail  .dev.vars can be read by others (mode 644)', 'chmod 600 .dev.vars'],
      ['fail  JWT_SECRET in .dev.vars has less than 32 bytes', 'delete .dev.vars'],
      ['fail  database_id in wrangler.toml is all zeros', 'delete the line'],
      ['warn  [limits] cpu_ms is not set', 'set cpu_ms = 1000'],
      ['fail  migrations and their journal differ: 9999_stray.sql', 'npm run db:generate'],
      ['fail  compatibility_date 2099-01-01 is later', 'update wrangler'],
      ['fail  src/bindings.d.ts is older than wrangler.toml', 'npm run types'],
      ['fail  the Worker cannot be built', 'npm run deploy -- --dry-run'],
    ] as const) {
      expect(output).toContain(line)
      expect(output.slice(output.indexOf(line))).toMatch(
        new RegExp(`^.*\n      → ${fix.replace(/[.[\]]/g, '\\$&')}`),
      )
    }
  })
})

describe('npm run doctor -- --remote', () => {
  it('says what an empty account lacks, and changes nothing', async () => {
    const { code, output } = await doctor('--remote')
    expect(code).toBe(1)
    expect(output).toContain('fail  database gatepost does not exist\n      → npm run deploy')
    expect(output).toContain('fail  bucket gatepost-avatars is missing\n      → npm run deploy')
    expect(output).toContain('fail  Worker gatepost does not exist\n      → npm run deploy')
    expect(output).toContain('/health answers 404')
    expect(cloudflare.changes).toEqual([])
  })

  it('says ok to a deployment that works, and to its mail domain', async () => {
    project.configure('no-reply@example.com', 'no-reply@mail.ann.dev')
    cloudflare.zones.push({ id: 'z1', name: 'ann.dev', senders: ['mail.ann.dev'] })
    expect(await project.deploy(cloudflare, '--location=weur')).toMatchObject({ code: 0 })
    cloudflare.databases[0]?.sql.exec(
      `insert into users (username, username_key, email, email_key, role, password_hash, created_at) values ('a', 'a', 'a', 'a', 'admin', 'none', 1)`,
    )
    cloudflare.calls = []
    const { code, output } = await doctor('--remote')
    expect({ code, output }).toMatchObject({ code: 0 })
    for (const line of [
      'database gatepost, WEUR',
      'migrations are applied',
      'read replicas are on',
      '1 account(s), 1 admin(s)',
      'secrets JWT_SECRET',
      'mail.ann.dev may send mail',
      '/ready',
      'clocks agree',
    ])
      expect(output).toContain(`ok    ${line}`)
    expect(output).toMatch(/0 to look at, 0 to fix\n$/)
    expect(cloudflare.changes).toEqual([])
  })

  it('notices a deployment that has fallen behind or lacks something', async () => {
    project.configure('no-reply@example.com', 'no-reply@ann.dev')
    cloudflare
      .addDatabase('gatepost')
      .sql.exec(
        `create table d1_migrations (id integer primary key, name text); create table users (role text); insert into users values ('user')`,
      )
    cloudflare.buckets.set('gatepost-avatars', { jurisdiction: undefined })
    const optional = ['JWT_SECRET_PREVIOUS', 'SIGNING_KEYS', 'DATA_KEYS']
    const names = ['JWT_SECRTE', ...optional]
    cloudflare.addWorker('gatepost', { secrets: new Map(names.map((name) => [name, 'x'])) })
    cloudflare.isReady = false
    cloudflare.isReplicated = false
    cloudflare.domains.push({ hostname: 'app.ann.dev', service: 'gatepost' })
    const { code, output } = await doctor('--remote')
    expect(code).toBe(1)
    for (const line of [
      'fail  the database lacks 0000_init.sql',
      'warn  read replicas are off',
      'warn  1 account(s) and no admin\n      → npm run admin -- grant you@example.com --remote',
      'fail  secret JWT_SECRET is missing\n      → npx wrangler secret put JWT_SECRET',
      'warn  secret JWT_SECRTE is unknown to Gatepost',
      'fail  no mail leaves: ann.dev is not set up for sending\n      → npx wrangler email sending enable ann.dev',
      'warn  app.ann.dev was added in the dashboard, and workers.dev stays open beside it',
      'fail  /ready answers 503',
    ])
      expect(output).toContain(line)
    for (const name of optional) expect(output).not.toContain(`secret ${name} is unknown`)
  })

  it('says what the login lacks', async () => {
    delete project.env.CLOUDFLARE_API_TOKEN
    const { code, output } = await doctor('--remote')
    expect(code).toBe(1)
    expect(output).toContain(
      'fail  You are not logged in to Cloudflare.\n      → npx wrangler login',
    )
  })
})
