import { chmodSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

/** A provider whose metadata is what `metadata` returns; undefined: it never answers. */
async function provider(metadata: (issuer: string) => object | undefined) {
  const server = createServer((_, response) => {
    const found = metadata(issuer)
    if (found) response.setHeader('Content-Type', 'application/json').end(JSON.stringify(found))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
const rightMetadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
})

describe('the identity providers', () => {
  it('npm run doctor asks each for its metadata, and prints its redirect URI', async () => {
    const [right, other, partial, silent] = await Promise.all([
      provider(rightMetadata),
      provider((issuer) => rightMetadata(`${issuer}/other`)),
      provider((issuer) => ({ issuer })),
      provider(() => undefined),
    ])
    const gone = await provider(rightMetadata)
    gone.stop()
    const entries = Object.entries({ right, other, partial, silent, gone }).map(
      ([name, { issuer }]) => [name, { client_id: 'c', issuer }],
    )
    const providers = JSON.stringify({ ...Object.fromEntries(entries), github: { client_id: 'c' } })
    const secrets = ['RIGHT', 'OTHER', 'PARTIAL', 'SILENT', 'GONE'].map(
      (name) => `PROVIDER_${name}_SECRET=a-secret-of-the-test\n`,
    )
    const former = project.read('.dev.vars')
    project.write('.dev.vars', `${former}PROVIDERS='${providers}'\n${secrets.join('')}`)
    const { code, output } = await doctor()
    for (const { stop } of [right, other, partial, silent]) stop()
    expect(code).toBe(1)
    expect(output).not.toContain('a-secret-of-the-test')
    const at = (name: string) => `http://localhost:8787/api/identity-providers/${name}/callback`
    for (const line of [
      `ok    provider right: its redirect URI is ${at('right')}`,
      `ok    provider github: its redirect URI is ${at('github')}`,
      `warn  provider other: ${other.issuer}/.well-known/openid-configuration is of the issuer "${other.issuer}/other", not "${other.issuer}"`,
      'openid-configuration lacks authorization_endpoint, token_endpoint, jwks_uri',
      `warn  provider silent: ${silent.issuer}/.well-known/openid-configuration does not respond within 5 s`,
      `warn  provider gone: ${gone.issuer}/.well-known/openid-configuration cannot be reached: `,
      'fail  .dev.vars lacks PROVIDER_GITHUB_SECRET\n      → add PROVIDER_GITHUB_SECRET=…',
    ])
      expect(output).toContain(line)
  })

  it('npm run doctor names the rule that PROVIDERS breaks', async () => {
    project.configure('PROVIDERS = ""', `PROVIDERS = '{"google":{},"acme":{"client_id":"c"}}'`)
    const { output } = await doctor()
    expect(output).toContain('fail  PROVIDERS google.client_id is missing, or no text')
    expect(output).toContain('fail  PROVIDERS acme.issuer is missing, or no text')
  })

  it('npm run doctor -- --remote names the secret that the Worker lacks', async () => {
    project.configure('PROVIDERS = ""', `PROVIDERS = '{"github":{"client_id":"c"}}'`)
    const secrets = new Map([
      ['JWT_SECRET', 'x'],
      ['PROVIDER_GOOGLE_SECRET', 'x'],
    ])
    cloudflare.addWorker('gatepost', { secrets })
    const { output } = await doctor('--remote')
    for (const line of [
      'fail  secret PROVIDER_GITHUB_SECRET is missing\n      → npx wrangler secret put PROVIDER_GITHUB_SECRET',
      'warn  secret PROVIDER_GOOGLE_SECRET is unknown to Gatepost',
      'ok    provider github: its redirect URI is https://gatepost.',
    ])
      expect(output).toContain(line)
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
