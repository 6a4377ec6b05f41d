// @ts-check
// Reads the state of the account before a deploy. Changes nothing.
import { Failure } from '../failure.mjs'

/**
 * @typedef {object} DatabaseFacts
 * @property {string} id
 * @property {string[]} tables
 * @property {string[]} applied file names of applied migrations
 * @property {number} users
 * @property {number} admins
 */

/**
 * @typedef {object} Version the version that takes requests
 * @property {string} id
 * @property {string} message
 * @property {string | null} before id of the version deployed before it
 */

/**
 * @typedef {object} WorkerFacts
 * @property {string[]} secrets names; the API never tells values
 * @property {string[]} bindings names
 * @property {string[]} crons schedules
 * @property {Version | null} version
 */

/**
 * @typedef {object} Facts
 * @property {DatabaseFacts | null} database
 * @property {boolean} bucket
 * @property {string | null} subdomain of workers.dev
 * @property {WorkerFacts | null} worker
 */

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} accountId
 * @param {import('../project.mjs').Project} project
 * @returns {Promise<Facts>}
 */
export async function readFacts(api, accountId, project) {
  const account = `/accounts/${accountId}`
  return {
    database: await readDatabase(api, account, project.database),
    bucket: (await findBucket(api, account, project.bucket)) !== null,
    subdomain: (await api.find(`${account}/workers/subdomain`))?.subdomain ?? null,
    worker: await readWorker(api, account, project.worker),
  }
}

/**
 * The account to deploy to: the configured one, the only one, or the one that `choose` returns.
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string | undefined} configured
 * @param {((accounts: { id: string, name: string }[]) => Promise<string>) | undefined} choose
 * @returns {Promise<{ id: string, name: string }>}
 */
export async function findAccount(api, configured, choose) {
  const wanted = process.env.CLOUDFLARE_ACCOUNT_ID || configured
  if (wanted) return { id: wanted, name: wanted }
  /** @type {{ id: string, name: string }[]} */
  const accounts = await api.get('/accounts?per_page=50')
  const [only] = accounts
  if (!only)
    throw new Failure(
      'This login sees no account.',
      'set CLOUDFLARE_ACCOUNT_ID to the account, or give the API token "Account: Account Settings: Read"',
    )
  if (accounts.length === 1) return only
  const list = accounts.map(({ id, name }) => `${name} (${id})`).join(', ')
  if (!choose)
    throw new Failure(
      `This login sees ${accounts.length} accounts: ${list}.`,
      `CLOUDFLARE_ACCOUNT_ID=${only.id} npm run deploy`,
    )
  const id = await choose(accounts)
  return accounts.find((account) => account.id === id) ?? { id, name: id }
}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} account
 * @param {{ name: string, jurisdiction: string | undefined }} bucket
 */
export function findBucket(api, account, { name, jurisdiction }) {
  return api.find(`${account}/r2/buckets/${name}`, jurisdictionHeader(jurisdiction))
}

/**
 * @param {string | undefined} jurisdiction
 * @returns {Record<string, string>}
 */
export const jurisdictionHeader = (jurisdiction) =>
  jurisdiction ? { 'cf-r2-jurisdiction': jurisdiction } : {}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} account
 * @param {{ name: string, id: string | undefined }} database
 * @returns {Promise<DatabaseFacts | null>}
 */
export async function readDatabase(api, account, { name, id }) {
  const found = await api.find(`${account}/d1/database/${id ?? name}`)
  if (!found) return null
  const query = (/** @type {string} */ sql) => queryDatabase(api, account, found.uuid, sql)
  const tables = (await query(`select name from sqlite_master where type = 'table'`))
    .map((row) => String(row.name))
    .filter((table) => !/^(?:sqlite_|_cf_)/.test(table))
  const applied = tables.includes('d1_migrations')
    ? (await query('select name from d1_migrations order by id')).map((row) => String(row.name))
    : []
  const [counts] = tables.includes('users')
    ? await query(`select count(*) as users, coalesce(sum(role = 'admin'), 0) as admins from users`)
    : []
  return {
    id: found.uuid,
    tables,
    applied,
    users: Number(counts?.users ?? 0),
    admins: Number(counts?.admins ?? 0),
  }
}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} account
 * @param {string} id
 * @param {string} sql one statement that reads
 * @returns {Promise<Record<string, unknown>[]>}
 */
export async function queryDatabase(api, account, id, sql) {
  const [result] = await api.send('POST', `${account}/d1/database/${id}/query`, { sql })
  return result?.results ?? []
}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} account
 * @param {string} name
 * @returns {Promise<WorkerFacts | null>}
 */
export async function readWorker(api, account, name) {
  const script = `${account}/workers/scripts/${name}`
  /** @type {{ name: string }[] | null} */
  const secrets = await api.find(`${script}/secrets`)
  if (!secrets) return null
  const settings = await api.find(`${script}/settings`)
  return {
    secrets: secrets.map((secret) => secret.name),
    bindings: (settings?.bindings ?? []).map((/** @type {{ name: string }} */ { name }) => name),
    crons: await readCrons(api, script),
    version: await readVersion(api, script),
  }
}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} script
 * @returns {Promise<string[]>}
 */
async function readCrons(api, script) {
  /** @type {{ cron: string }[]} */
  const schedules = (await api.find(`${script}/schedules`))?.schedules ?? []
  return schedules.map(({ cron }) => cron)
}

/**
 * Of a gradual deployment the version with the larger share.
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} script
 * @returns {Promise<Version | null>}
 */
async function readVersion(api, script) {
  /** @type {{ versions: { version_id: string, percentage: number }[] }[]} newest first */
  const deployments = (await api.find(`${script}/deployments`))?.deployments ?? []
  const ids = deployments.map(
    ({ versions }) => versions.toSorted((a, b) => b.percentage - a.percentage)[0]?.version_id,
  )
  const [id] = ids
  if (!id) return null
  const version = await api.find(`${script}/versions/${id}`)
  return {
    id,
    message: version?.annotations?.['workers/message'] ?? '',
    before: ids.find((other) => other !== undefined && other !== id) ?? null,
  }
}
