/** The decisions of a deploy, without an account. The whole script runs in test/deploy. */
import { describe, expect, it } from 'vitest'
import { choose, locationNear } from '../../scripts/ops/deploy/ask.mjs'
import type { Facts } from '../../scripts/ops/deploy/facts.mjs'
import { parseOptions } from '../../scripts/ops/deploy/options.mjs'
import { planDeploy, planOrigin, planSecret } from '../../scripts/ops/deploy/plan.mjs'
import { Failure } from '../../scripts/ops/failure.mjs'
import { type Project, withSetting } from '../../scripts/ops/project.mjs'

const project = (changes: Partial<Project> = {}): Project => ({
  environment: 'production',
  worker: 'gatepost',
  accountId: undefined,
  database: { name: 'gatepost', id: undefined },
  bucket: { name: 'gatepost-avatars', jurisdiction: undefined },
  vars: { APP_ORIGIN: 'http://localhost:8787', MAIL_FROM: 'a@ann.dev' },
  hosts: [],
  workersDev: undefined,
  crons: ['17 * * * *'],
  requiredSecrets: ['JWT_SECRET'],
  cpuMs: 1000,
  compatibilityDate: '2026-10-30',
  ...changes,
})
const database = { id: 'd', tables: [], applied: [], users: 0, admins: 0 }
const worker = { secrets: ['JWT_SECRET'], bindings: ['DB'], crons: ['17 * * * *'], version: null }
const facts = (changes: Partial<Facts> = {}): Facts => ({
  database: null,
  bucket: false,
  subdomain: 'ann',
  worker: null,
  ...changes,
})
const options = (...args: string[]) => parseOptions(args)
const source = { migrations: ['0000_init.sql', '0001_more.sql'], message: () => 'files 1' }

describe('the origin', () => {
  const origin = (APP_ORIGIN: string, hosts: string[] = []) =>
    planOrigin(project({ vars: { APP_ORIGIN }, hosts }), 'ann')

  it.each([
    ['http://localhost:8787', [], 'https://gatepost.ann.workers.dev'],
    ['http://127.0.0.1:8787', [], 'https://gatepost.ann.workers.dev'],
    ['https://gatepost.ann.workers.dev', [], 'https://gatepost.ann.workers.dev'],
    ['http://localhost:8787', ['app.ann.dev'], 'https://app.ann.dev'],
    ['https://app.ann.dev', ['www.ann.dev', 'app.ann.dev'], 'https://app.ann.dev'],
  ])('%s with the routes %j is %s', (configured, hosts, expected) => {
    expect(origin(configured, hosts)).toBe(expected)
  })

  it.each([
    ['https://app.ann.dev', [], /no route for app\.ann\.dev/],
    ['https://other.ann.workers.dev', [], /this Worker answers at https:\/\/gatepost\.ann/],
    ['https://gatepost.ann.workers.dev', ['app.ann.dev'], /but the routes .* are app\.ann\.dev/],
    ['http://localhost:8787', ['a.ann.dev', 'b.ann.dev'], /but the routes/],
  ])('%s with the routes %j is refused', (configured, hosts, reason) => {
    expect(() => origin(configured, hosts)).toThrow(reason)
  })
})

describe('PROVIDERS', () => {
  const plan = (providers: string, secrets: string[], ...args: string[]) =>
    planDeploy(
      project({ vars: { APP_ORIGIN: 'http://localhost:8787', PROVIDERS: providers } }),
      facts({ worker: { ...worker, secrets: ['JWT_SECRET', ...secrets] } }),
      options(...args),
      source,
    )
  const GITHUB = '{"github":{"client_id":"c"}}'

  it('is deployed only to a Worker with its secrets, or together with them', () => {
    expect(() => plan(GITHUB, [])).toThrow(/needs PROVIDER_GITHUB_SECRET, which the Worker lacks/)
    expect(plan(GITHUB, ['PROVIDER_GITHUB_SECRET'])).toMatchObject({ secret: 'keep' })
    expect(plan(GITHUB, [], '--secrets-file=mine.json')).toMatchObject({ secret: 'given' })
    expect(plan('', [])).toMatchObject({ secret: 'keep' })
  })

  it.each([
    ['{', /PROVIDERS must be a JSON object/],
    ['{"google":{}}', /PROVIDERS google\.client_id is missing/],
    // The origin of the deployment is not of this machine.
    ['{"a":{"client_id":"c","issuer":"http://127.0.0.1:9"}}', /a\.issuer must begin with https/],
  ])('%s is refused before anything is changed', (providers, reason) => {
    expect(() => plan(providers, [])).toThrow(reason)
  })
})

describe('JWT_SECRET', () => {
  const secret = (changes: Partial<Facts>, ...args: string[]) =>
    planSecret(project(), facts(changes), options(...args))

  it('is kept where it is, and generated only where no account depends on a former one', () => {
    expect(secret({})).toBe('generate')
    expect(secret({ database })).toBe('generate')
    expect(secret({ database, worker: { ...worker, secrets: [] } })).toBe('generate')
    expect(secret({ database: { ...database, users: 9 }, worker })).toBe('keep')
  })

  it('is not generated where accounts exist, with or without a Worker, unless that was asked', () => {
    const used = { database: { ...database, users: 9 } }
    for (const found of [used, { ...used, worker: { ...worker, secrets: ['OTHER'] } }]) {
      expect(() => secret(found)).toThrow(/has 9 account\(s\), but the Worker has no JWT_SECRET/)
      expect(secret(found, '--new-secret')).toBe('generate')
      expect(secret(found, '--secrets-file=x.json')).toBe('given')
    }
  })
})

describe('the plan', () => {
  const running = { id: 'v1', message: 'files 1', before: null }
  const whole = facts({
    database: { ...database, tables: ['users'], applied: source.migrations },
    bucket: true,
    worker: { ...worker, version: running },
  })
  const plan = (changes: Partial<Facts>, ...args: string[]) =>
    planDeploy(project(), { ...whole, ...changes }, options(...args), source)

  it('does nothing where version, schedules, secret and migrations are there', () => {
    expect(plan({})).toMatchObject({
      database: 'exists',
      bucket: 'exists',
      pending: [],
      uploads: false,
    })
  })

  it('uploads when anything differs, or when told to', () => {
    expect(
      plan({ worker: { ...worker, version: { ...running, message: 'files 2' } } }).uploads,
    ).toBe(true)
    expect(plan({ worker: { ...worker, version: running, crons: [] } }).uploads).toBe(true)
    expect(plan({ worker: null }).uploads).toBe(true)
    expect(plan({}, '--force').uploads).toBe(true)
    expect(plan({}, '--new-secret').uploads).toBe(true)
  })

  it('applies what the database lacks, and notes what this checkout lacks', () => {
    const behind = { ...database, tables: ['users'], applied: ['0000_init.sql'] }
    expect(plan({ database: behind }).pending).toEqual(['0001_more.sql'])
    const ahead = {
      ...database,
      tables: ['users'],
      applied: [...source.migrations, '0002_new.sql'],
    }
    expect(plan({ database: ahead }).notes).toEqual([expect.stringContaining('0002_new.sql')])
  })

  it('refuses the Worker and the database of another app', () => {
    expect(() =>
      plan({ worker: { ...worker, secrets: [], bindings: ['KV'], version: running } }),
    ).toThrow(/not Gatepost/)
    expect(() => plan({ database: { ...database, tables: ['invoices'] } })).toThrow(Failure)
    expect(() => plan({ database: { ...database, tables: ['d1_migrations'] } })).not.toThrow()
  })
})

describe('a value in wrangler.toml', () => {
  const TOML = `name = "gatepost"
# Settings. APP_ORIGIN = "not this one"
[vars] # checked
APP_ORIGIN = "http://localhost:8787"   # the one origin
OTHER = "APP_ORIGIN = 1"

[[r2_buckets]]
binding = "AVATARS"

[env.staging.vars]
APP_ORIGIN = "http://localhost:8787"
`

  it('is replaced, and every other character stays', () => {
    expect(withSetting(TOML, '[vars]', 'APP_ORIGIN', 'https://a.dev')).toBe(
      TOML.replace('"http://localhost:8787"   #', '"https://a.dev"   #'),
    )
    expect(withSetting(TOML, '[env.staging.vars]', 'APP_ORIGIN', 'https://$1.dev')).toBe(
      TOML.replace(/"http:\/\/localhost:8787"\n$/, () => '"https://$1.dev"\n'),
    )
  })

  it('is added behind the header when it is not there', () => {
    expect(withSetting(TOML, '[[r2_buckets]]', 'jurisdiction', 'eu')).toContain(
      '[[r2_buckets]]\njurisdiction = "eu"\nbinding',
    )
  })

  it('needs its table', () => {
    expect(() => withSetting(TOML, '[nothing]', 'a', 'b')).toThrow(/has no \[nothing\]/)
  })
})

describe('a question', () => {
  it('takes a number, a name or nothing, and asks again otherwise', async () => {
    const places = { weur: 'Western Europe', oc: 'Oceania' }
    for (const [answers, picked] of [
      [['2'], 'oc'],
      [['weur'], 'weur'],
      [[''], 'oc'],
      [['3', 'moon', '0', '1'], 'weur'],
    ] as const) {
      const given: string[] = [...answers]
      expect(await choose('Where?', places, 'oc', async () => given.shift() ?? '')).toBe(picked)
      expect(given).toEqual([])
    }
  })

  it('prefers the place of the time zone', () => {
    for (const [zone, place] of [
      ['Europe/Vienna', 'weur'],
      ['Europe/Warsaw', 'eeur'],
      ['America/New_York', 'enam'],
      ['America/Los_Angeles', 'wnam'],
      ['Asia/Tokyo', 'apac'],
      ['Australia/Sydney', 'oc'],
      ['Africa/Lagos', 'weur'],
      ['UTC', 'weur'],
    ] as const)
      expect(locationNear(zone)).toBe(place)
  })
})
