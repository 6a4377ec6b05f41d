// @ts-check
// Checks that ask Cloudflare and the deployed service. They read and change nothing.
import { optionalSecrets } from '../../tools.mjs'
import { readFacts } from '../deploy/facts.mjs'
import { isExampleSender, planOrigin } from '../deploy/plan.mjs'
import { askOnce } from '../deploy/smoke.mjs'
import { listMigrations } from '../deploy/source.mjs'
import { envOption } from '../environment.mjs'
import { Failure } from '../failure.mjs'
import { fail, ok, warn } from './finding.mjs'
import { checkProviders } from './providers.mjs'

/** @typedef {import('./finding.mjs').Finding} Finding */
/** @typedef {import('../cloudflare.mjs').Api} Api */
/** @typedef {import('../project.mjs').Project} Project */
/** @typedef {import('../deploy/facts.mjs').Facts} Facts */

/** Largest D1 database on Workers Paid. https://developers.cloudflare.com/d1/platform/limits/ */
const MAX_DATABASE_BYTES = 10e9
/**
 * Tokens are rejected when clocks differ by more than their lifetime; a minute is a sign already.
 */
const MAX_SKEW_MS = 60_000

/**
 * @param {Api} api
 * @param {{ id: string, name: string }} account
 * @param {Project} project
 * @param {AbortSignal} signal
 * @returns {Promise<Finding[]>}
 */
export async function checkRemotely(api, account, project, signal) {
  const facts = await readFacts(api, account.id, project)
  return [
    ok(`logged in, account ${account.name}`),
    ...(await checkDatabase(api, account.id, project, facts)),
    facts.bucket
      ? ok(`bucket ${project.bucket.name}`)
      : fail(`bucket ${project.bucket.name} is missing`, deploy(project)),
    ...checkSecrets(project, facts),
    ...(await checkRemoteProviders(project, facts)),
    await checkMail(api, account.id, project),
    ...(await checkDomains(api, account.id, project)),
    ...(await checkService(project, facts, signal)),
  ]
}

const deploy = (/** @type {Project} */ { environment }) =>
  environment === 'production' ? 'npm run deploy' : `npm run deploy --${envOption(environment)}`

/**
 * @param {Api} api
 * @param {string} accountId
 * @param {Project} project
 * @param {Facts} facts
 * @returns {Promise<Finding[]>}
 */
async function checkDatabase(api, accountId, project, { database }) {
  const { name } = project.database
  if (!database) return [fail(`database ${name} does not exist`, deploy(project))]
  const details = await api.get(`/accounts/${accountId}/d1/database/${database.id}`)
  const size = Number(details.file_size ?? 0)
  const text = `database ${name}, ${details.running_in_region ?? 'region unknown'}, ${(size / 1e6).toFixed(1)} MB of 10 GB`
  const missing = listMigrations().filter((migration) => !database.applied.includes(migration))
  const replicas = details.read_replication?.mode ?? 'disabled'
  return [
    size < 0.8 * MAX_DATABASE_BYTES
      ? ok(text)
      : warn(`${text}: nearly full`, 'docs/operations.md, "Size"'),
    missing.length === 0
      ? ok('migrations are applied')
      : fail(`the database lacks ${missing.join(', ')}`, deploy(project)),
    replicas === 'auto'
      ? ok('read replicas are on')
      : warn(
          'read replicas are off: people far away wait for the primary',
          'docs/operations.md, "Reads and replicas"',
        ),
    database.users === 0 || database.admins > 0
      ? ok(`${database.users} account(s), ${database.admins} admin(s)`)
      : warn(
          `${database.users} account(s) and no admin`,
          `npm run admin -- grant you@example.com --remote${envOption(project.environment)}`,
        ),
  ]
}

/**
 * @param {Project} project
 * @param {Facts} facts
 * @returns {Finding[]}
 */
function checkSecrets(project, { worker }) {
  if (!worker) return [fail(`Worker ${project.worker} does not exist`, deploy(project))]
  const missing = project.requiredSecrets.filter((name) => !worker.secrets.includes(name))
  const known = [...project.requiredSecrets, ...optionalSecrets()]
  const unknown = worker.secrets.filter((name) => !known.includes(name))
  const put = (/** @type {string | undefined} */ name) =>
    `npx wrangler secret put ${name}${envOption(project.environment)}`
  return [
    missing.length === 0
      ? ok(`secrets ${worker.secrets.join(', ')}`)
      : fail(`secret ${missing.join(', ')} is missing`, put(missing[0])),
    ...unknown.map((name) =>
      warn(
        `secret ${name} is unknown to Gatepost`,
        `npx wrangler secret delete ${name}, if it is a misspelling`,
      ),
    ),
    ...(project.vars.MAIL_PROVIDER === 'resend' && !worker.secrets.includes('MAIL_API_KEY')
      ? [
          fail(
            'MAIL_PROVIDER is resend, but the secret MAIL_API_KEY is missing',
            put('MAIL_API_KEY'),
          ),
        ]
      : []),
  ]
}

/**
 * @param {Project} project
 * @param {Facts} facts
 * @returns {Promise<Finding[]>}
 */
async function checkRemoteProviders(project, { subdomain }) {
  const origin = originOf(project, subdomain)
  // `checkService` reports an origin that cannot be planned.
  return origin instanceof Failure ? [] : checkProviders(project.vars, origin)
}

/**
 * @param {Project} project
 * @param {string | null} subdomain
 */
function originOf(project, subdomain) {
  try {
    return planOrigin(project, subdomain)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

/**
 * Whether the domain of MAIL_FROM may send through Cloudflare.
 * @param {Api} api
 * @param {string} accountId
 * @param {Project} project
 * @returns {Promise<Finding>}
 */
async function checkMail(api, accountId, { vars: { MAIL_FROM = '', MAIL_PROVIDER } }) {
  if (isExampleSender(MAIL_FROM))
    return warn('MAIL_FROM is the example: no mail leaves', 'docs/deploy.md, "Mail"')
  if (MAIL_PROVIDER === 'resend') return ok(`mail goes through Resend as ${MAIL_FROM}`)
  const domain = MAIL_FROM.replace(/^.*@|>$/g, '').toLowerCase()
  const enable = `npx wrangler email sending enable ${domain}`
  try {
    /** @type {{ id: string, name: string }[]} */
    const zones = await api.get(`/accounts/${accountId}/email/sending/zones`)
    const zone = zones.find(({ name }) => domain === name || domain.endsWith(`.${name}`))
    if (!zone) return fail(`no mail leaves: ${domain} is not set up for sending`, enable)
    /** @type {{ name: string, enabled: boolean }[]} */
    const senders = await api.get(`/zones/${zone.id}/email/sending/subdomains`)
    const sender = senders.find(({ name }) => name === domain)
    return sender?.enabled
      ? ok(`${domain} may send mail`)
      : fail(`no mail leaves: sending is not enabled for ${domain}`, enable)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return warn(
      `whether ${domain} may send mail cannot be seen: ${error.message}`,
      'npx wrangler email sending list',
    )
  }
}

/**
 * Custom domains that were added in the dashboard. They leave the address on workers.dev enabled,
 * which bypasses the firewall rules of the domain; a route in wrangler.toml disables it.
 * @param {Api} api
 * @param {string} accountId
 * @param {Project} project
 * @returns {Promise<Finding[]>}
 */
async function checkDomains(api, accountId, { worker, hosts }) {
  const path = `/accounts/${accountId}/workers/domains?service=${worker}`
  /** @type {{ hostname: string, service: string }[]} */
  const domains = await api.find(path).catch(() => []) // a token may lack the permission for zones
  const unknown = (domains ?? []).filter(
    ({ hostname, service }) => service === worker && !hosts.includes(hostname),
  )
  return unknown.map(({ hostname }) =>
    warn(
      `${hostname} was added in the dashboard, and workers.dev stays open beside it`,
      `add workers_dev = false and routes = [{ pattern = "${hostname}", custom_domain = true }] to wrangler.toml`,
    ),
  )
}

/**
 * @param {Project} project
 * @param {Facts} facts
 * @param {AbortSignal} signal
 * @returns {Promise<Finding[]>}
 */
async function checkService(project, { worker, subdomain }, signal) {
  const origin = process.env.GATEPOST_SMOKE_ORIGIN ?? originOf(project, subdomain)
  if (origin instanceof Failure) return [fail(origin.message, origin.next ?? '')]
  const asked = Date.now()
  const health = await askOnce(`${origin}/health`, signal)
  if (health.status !== 200)
    return [fail(`${origin}/health answers ${health.status || health.text}`, deploy(project))]
  const ready = await askOnce(`${origin}/ready`, signal)
  return [
    health.text.includes(String(worker?.version?.id))
      ? ok(`${origin} runs version ${worker?.version?.id}`)
      : warn(
          `${origin} runs another version than the newest deployment`,
          'wait a minute, then npm run doctor -- --remote',
        ),
    ready.status === 200
      ? ok('/ready')
      : fail(`/ready answers ${ready.status}: ${ready.text.slice(0, 200)}`, deploy(project)),
    checkClock(health.date, asked),
  ]
}

/**
 * Compares this machine's clock with the service's: tokens made elsewhere are rejected otherwise.
 * @param {string | null} date the `Date` header of an answer
 * @param {number} asked
 */
function checkClock(date, asked) {
  const skew = date ? Math.abs(Date.parse(date) - asked) : 0
  if (skew <= MAX_SKEW_MS) return ok('clocks agree')
  return warn(`this machine's clock is ${Math.round(skew / 1000)} s off`, 'set it by NTP')
}
