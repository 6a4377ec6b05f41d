import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeCloudflare } from './cloudflare'
import { Project } from './project'

const MIGRATIONS = readdirSync(join(import.meta.dirname, '../../migrations')).filter((name) =>
  name.endsWith('.sql'),
)

let cloudflare: FakeCloudflare
let project: Project
beforeEach(async () => {
  cloudflare = await new FakeCloudflare().start()
  project = new Project()
})
afterEach(async () => {
  await cloudflare.stop()
  project.remove()
})

const gatepost = () => cloudflare.workers.get('gatepost')
const secretOf = () => gatepost()?.secrets.get('JWT_SECRET') ?? ''

/** A database that has every migration, and an account if one is wanted. */
function migratedDatabase(accounts = 0) {
  const { sql } = cloudflare.addDatabase('gatepost')
  sql.exec(
    'create table d1_migrations (id integer primary key autoincrement, name text unique, applied_at text)',
  )
  sql.exec('create table users (id integer primary key, role text)')
  for (const name of MIGRATIONS)
    sql.prepare('insert into d1_migrations (name) values (?)').run(name)
  for (let n = 0; n < accounts; n++) sql.exec(`insert into users (role) values ('user')`)
}

/** Asserts that the run left no secret behind and printed none. */
function expectNoTrace(secret: string, output: string) {
  expect(secret).toHaveLength(64)
  expect(output).not.toContain(secret)
  expect(project.filesWith(secret)).toEqual([])
  expect(readdirSync(join(project.home, 'tmp'))).toEqual([])
}

describe('npm run deploy', () => {
  it('in an empty account: creates, migrates, uploads, checks; repeated, it changes nothing', async () => {
    const modes: string[] = []
    cloudflare.before = (call) => {
      if (call !== 'PUT workers/scripts/gatepost') return undefined
      const tmp = join(project.home, 'tmp')
      for (const path of readdirSync(tmp, { recursive: true, encoding: 'utf8' }))
        if (path.startsWith('gatepost-deploy-'))
          modes.push((statSync(join(tmp, path)).mode & 0o777).toString(8))
      return undefined
    }
    const first = await project.deploy(cloudflare, '--location=weur')
    expect(first).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toEqual([
      'POST d1/database',
      'POST r2/buckets',
      'POST d1/database/gatepost/query (write)', // creates d1_migrations
      ...MIGRATIONS.map(() => 'POST d1/database/gatepost/query (write)'),
      'PUT workers/scripts/gatepost',
      'PATCH workers/scripts/gatepost/script-settings', // tags of the environment
      'POST workers/scripts/gatepost/subdomain',
      'PUT workers/scripts/gatepost/schedules',
    ])
    expect(cloudflare.databases[0]?.place).toBe('weur')
    expect(gatepost()?.vars.APP_ORIGIN).toBe('https://gatepost.ann.workers.dev')
    expect(project.read('wrangler.toml')).toMatch(
      /^APP_ORIGIN = "https:\/\/gatepost\.ann\.workers\.dev" +# the one origin/m,
    )
    expect(first.output).toContain('https://gatepost.ann.workers.dev is up.')
    expect(first.output).toContain(`version  ${gatepost()?.deployments[0]}`)
    expect(first.output).toContain('npm run admin -- grant')
    expect(modes.toSorted()).toEqual(['600', '700'])
    expectNoTrace(secretOf(), first.output)

    const config = project.read('wrangler.toml')
    cloudflare.calls = []
    const second = await project.deploy(cloudflare)
    expect(second).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toEqual([])
    expect(second.output).toContain('runs the same code and settings, and works')
    expect(project.read('wrangler.toml')).toBe(config)
  })

  it('where everything is there: uploads a version, keeps the secret, tells how to go back', async () => {
    migratedDatabase(2)
    cloudflare.buckets.set('gatepost-avatars', { jurisdiction: undefined })
    const before = cloudflare.addWorker('gatepost', {
      secrets: new Map([['JWT_SECRET', 'the former one']]),
    }).deployments[0]
    const { code, output } = await project.deploy(cloudflare)
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toEqual([
      'POST workers/scripts/gatepost/versions',
      'POST workers/scripts/gatepost/deployments',
      'PATCH workers/scripts/gatepost/script-settings',
      'POST workers/scripts/gatepost/subdomain',
      'PUT workers/scripts/gatepost/schedules',
    ])
    expect(secretOf()).toBe('the former one')
    expect(output).toContain(`npx wrangler rollback ${before} -y`)
    expect(output).toContain('d1 time-travel restore gatepost --bookmark=00000001-')
  })

  it('where the Worker has no secret and the database no account: generates one', async () => {
    migratedDatabase()
    cloudflare.buckets.set('gatepost-avatars', { jurisdiction: undefined })
    cloudflare.addWorker('gatepost')
    const { code, output } = await project.deploy(cloudflare)
    expect({ code, output }).toMatchObject({ code: 0 })
    expectNoTrace(secretOf(), output)
  })

  it('where the database has accounts and the Worker no secret: stops before any change', async () => {
    migratedDatabase(3)
    cloudflare.addWorker('gatepost')
    const { code, output } = await project.deploy(cloudflare)
    expect(code).toBe(1)
    expect(output).toContain(
      'Failed: The database gatepost has 3 account(s), but the Worker has no JWT_SECRET: a new one would end every session.',
    )
    expect(output).toContain('Changed so far: nothing.')
    expect(output).toContain(
      'Next: npx wrangler secret put JWT_SECRET with the former one, or npm run deploy -- --new-secret',
    )
    expect(cloudflare.changes).toEqual([])
  })

  it('where the login may not use D1: names the permission', async () => {
    cloudflare.refuses = / d1\//
    const { code, output } = await project.deploy(cloudflare, '--location=weur')
    expect(code).toBe(1)
    expect(output).toContain('the login lacks the permission "Account: D1: Edit"')
    expect(output).toContain('Next: add it at https://dash.cloudflare.com/profile/api-tokens')
    expect(cloudflare.calls).toEqual(['GET accounts', 'GET d1/database/gatepost'])
  })

  it('when the new version fails its check: goes back with --rollback, and fails', async () => {
    migratedDatabase(1)
    cloudflare.buckets.set('gatepost-avatars', { jurisdiction: undefined })
    const before = cloudflare.addWorker('gatepost', {
      secrets: new Map([['JWT_SECRET', 'the former one']]),
    }).deployments[0]
    cloudflare.isReady = false
    const { code, output } = await project.deploy(cloudflare, '--rollback')
    expect({ code, output }).toMatchObject({ code: 1 })
    expect(output).toMatch(
      /Failed: Version \S+ failed its check: GET \/ready answers 503 "The database lacks/,
    )
    expect(output).toContain(`rolled back to version ${before}`)
    expect(gatepost()?.deployments[0]).toBe(before)
    expect(cloudflare.changes.at(-1)).toBe('POST workers/scripts/gatepost/deployments')
  })

  it('interrupted during the upload: leaves no secret, tells what it changed; repeated, it finishes', async () => {
    const { child, done } = project.start(cloudflare, 'scripts/ops/deploy.mjs', [
      '--skip-build',
      '--location=weur',
    ])
    cloudflare.before = (call) => {
      if (call !== 'PUT workers/scripts/gatepost/schedules') return undefined
      child.kill('SIGTERM')
      return 'drop'
    }
    const { code, output } = await done
    cloudflare.before = () => undefined
    expect(code).toBe(130)
    expect(output).toContain('Failed: Interrupted by SIGTERM.')
    expect(output).toContain(
      'Changed so far: database gatepost created (weur); bucket gatepost-avatars created;',
    )
    expect(output).toContain('Next: npm run deploy')
    const secret = secretOf()
    expectNoTrace(secret, output)

    cloudflare.calls = []
    const again = await project.deploy(cloudflare)
    expect(again).toMatchObject({ code: 0 })
    expect(cloudflare.changes[0]).toBe('POST workers/scripts/gatepost/versions')
    expect(gatepost()?.crons).toHaveLength(1)
    expect(secretOf()).toBe(secret)
  })

  it('with a jurisdiction: keeps database and bucket within it, and writes that down', async () => {
    project.env.WORKERS_CI = '1'
    project.env.CI = '1'
    const { code, output } = await project.deploy(cloudflare, '--jurisdiction=eu')
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(cloudflare.databases[0]?.place).toBe('eu')
    expect(cloudflare.buckets.get('gatepost-avatars')).toEqual({ jurisdiction: 'eu' })
    expect(project.read('wrangler.toml')).toContain('[[r2_buckets]]\njurisdiction = "eu"\n')
  })
})

describe('npm run deploy -- --env staging', () => {
  it('creates and deploys a Worker, a database and a bucket of its own', async () => {
    const { code, output } = await project.deploy(cloudflare, '--env=staging', '--location=apac')
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toContain('PUT workers/scripts/gatepost-staging')
    expect(cloudflare.databases.map(({ name }) => name)).toEqual(['gatepost-staging'])
    expect([...cloudflare.buckets.keys()]).toEqual(['gatepost-avatars-staging'])
    const toml = project.read('wrangler.toml')
    const staging = toml.slice(toml.indexOf('[env.staging.vars]'))
    expect(staging).toContain('APP_ORIGIN = "https://gatepost-staging.ann.workers.dev"')
    expect(toml.match(/staging\.ann\.workers\.dev/g)).toHaveLength(1)
    expect(output).toContain('npm run admin -- grant you@example.com --remote --env staging')
  })
})

describe('npm run deploy -- --previews', () => {
  it('creates and migrates the database of previews, creates their bucket, and uploads nothing', async () => {
    const { code, output } = await project.deploy(cloudflare, '--previews', '--location=weur')
    expect({ code, output }).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toEqual([
      'POST d1/database',
      'POST r2/buckets',
      'POST d1/database/gatepost-preview/query (write)',
      ...MIGRATIONS.map(() => 'POST d1/database/gatepost-preview/query (write)'),
    ])
    expect([...cloudflare.buckets.keys()]).toEqual(['gatepost-avatars-preview'])
    expect(output).toContain('npx wrangler preview')
    cloudflare.calls = []
    expect(await project.deploy(cloudflare, '--previews')).toMatchObject({ code: 0 })
    expect(cloudflare.changes).toEqual([])
  })
})

describe('npm run deploy stops before any change, with one sentence and the next command', () => {
  const stops: [string, () => void, string[], string, string][] = [
    [
      'when there is no login',
      () => delete project.env.CLOUDFLARE_API_TOKEN,
      [],
      'You are not logged in to Cloudflare.',
      'npx wrangler login, or set CLOUDFLARE_API_TOKEN; then npm run deploy',
    ],
    [
      'when the login sees several accounts',
      () => cloudflare.accounts.push({ id: 'a2', name: 'Work' }),
      [],
      'This login sees 2 accounts: Ann (a1), Work (a2).',
      'CLOUDFLARE_ACCOUNT_ID=a1 npm run deploy',
    ],
    [
      'when the database does not exist and no place is chosen',
      () => undefined,
      [],
      'The database does not exist yet, and it cannot be moved later: choose its place.',
      'npm run deploy -- --location=',
    ],
    [
      'when a Worker of that name is another one',
      () => cloudflare.addWorker('gatepost', { bindings: ['KV'] }),
      ['--location=weur'],
      'The account has a Worker named gatepost that is not Gatepost: it has no binding DB.',
      'choose another name in wrangler.toml, or npm run deploy -- --force to replace that Worker',
    ],
    [
      'when a database of that name is of another app',
      () => cloudflare.addDatabase('gatepost').sql.exec('create table invoices (id)'),
      [],
      'The database gatepost holds tables of something else (invoices).',
      'choose another database_name in wrangler.toml',
    ],
    [
      'when the account has no subdomain and the Worker no route',
      () => {
        cloudflare.subdomain = null
      },
      ['--location=weur'],
      'The account has no workers.dev subdomain yet, so the Worker would have no address.',
      'npm run deploy -- --subdomain=NAME',
    ],
    [
      'when the subdomain is taken',
      () => {
        cloudflare.subdomain = null
      },
      ['--location=weur', '--subdomain=taken'],
      'taken.workers.dev cannot be registered: Subdomain is unavailable.',
      'npm run deploy -- --subdomain=another-name',
    ],
    [
      'when database_id is all zeros',
      () =>
        project.configure(
          'database_name = "gatepost"\n',
          'database_name = "gatepost"\ndatabase_id = "00000000-0000-0000-0000-000000000000"\n',
        ),
      [],
      'database_id in wrangler.toml is all zeros, which no database has.',
      'delete the line',
    ],
    [
      'when APP_ORIGIN is a domain without a route',
      () =>
        project.configure(
          'APP_ORIGIN = "http://localhost:8787"',
          'APP_ORIGIN = "https://app.example.org"',
        ),
      ['--location=weur'],
      'APP_ORIGIN is https://app.example.org, but wrangler.toml has no route for app.example.org.',
      'add workers_dev = false and routes = [{ pattern = "app.example.org", custom_domain = true }] above [vars]',
    ],
    [
      'when workers_dev stays on beside a route',
      () =>
        project.configure(
          '\n[vars]',
          'workers_dev = true\nroutes = [{ pattern = "app.example.org", custom_domain = true }]\n\n[vars]',
        ),
      [],
      'workers_dev = true leaves a second address beside app.example.org',
      'set workers_dev = false in wrangler.toml',
    ],
    [
      'when the secrets file lacks the secret',
      () => {
        project.write('mine.json', '{"OTHER":"x"}')
        migratedDatabase(1)
        cloudflare.buckets.set('gatepost-avatars', { jurisdiction: undefined })
        project.configure('http://localhost:8787', 'https://gatepost.ann.workers.dev')
      },
      ['--secrets-file=mine.json'],
      'mine.json lacks JWT_SECRET.',
      'add it as a text, then repeat',
    ],
    [
      'when the environment is unknown',
      () => undefined,
      ['--env=nowhere'],
      'wrangler.toml has no environment "nowhere".',
      'use --env production',
    ],
  ]

  for (const [when, prepare, args, sentence, next] of stops)
    it(when, async () => {
      prepare()
      const { code, output } = await project.deploy(cloudflare, ...args)
      expect(code, output).toBe(1)
      expect(output).toContain(sentence)
      expect(output).toContain(`Next: ${next}`)
      expect(output).toContain('Changed so far: nothing.')
      expect(cloudflare.changes.filter((call) => call !== 'PUT workers/subdomain')).toEqual([])
      expect(output).not.toMatch(/^\s+at /m)
    })

  it('when the network is down', async () => {
    await cloudflare.stop()
    const gone = { origin: 'http://127.0.0.1:9' } as FakeCloudflare
    const { code, output } = await project.deploy(gone)
    cloudflare = await new FakeCloudflare().start()
    expect(code).toBe(1)
    expect(output).toContain("Cloudflare's API cannot be reached (GET /accounts")
  })

  it('when an option is unknown or wrong: exit code 2 and the usage', async () => {
    for (const [arg, reason] of [
      ['--frobnicate', 'Unknown option'],
      ['--location=moon', '--location is one of weur, eeur, enam, wnam, apac, oc.'],
      ['--subdomain=A_b', '--subdomain is 1 to 63 letters'],
    ] as const) {
      const { code, output } = await project.deploy(cloudflare, arg)
      expect(code).toBe(2)
      expect(output).toContain(reason)
    }
    expect(cloudflare.calls).toEqual([])
  })
})
