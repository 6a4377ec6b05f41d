// @ts-check
// Creates what the account lacks: subdomain, database, bucket.
import { ApiError } from '../cloudflare.mjs'
import { Failure } from '../failure.mjs'
import { jurisdictionHeader } from './facts.mjs'

const DASHBOARD = 'https://dash.cloudflare.com'

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} accountId
 * @param {string} subdomain
 */
export async function registerSubdomain(api, accountId, subdomain) {
  try {
    await api.send('PUT', `/accounts/${accountId}/workers/subdomain`, { subdomain })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new Failure(
      `${subdomain}.workers.dev cannot be registered: ${error.message}.`,
      `npm run deploy -- --subdomain=another-name, or ${DASHBOARD}/${accountId}/workers/onboarding`,
    )
  }
}

/**
 * Creates the database. Its place is final: D1 moves no database.
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} accountId
 * @param {string} name
 * @param {{ location?: string | undefined, jurisdiction?: string | undefined }} place
 * @returns {Promise<string>} its id
 */
export async function createDatabase(api, accountId, name, { location, jurisdiction }) {
  try {
    const body = { name, primary_location_hint: location, jurisdiction }
    return (await api.send('POST', `/accounts/${accountId}/d1/database`, body)).uuid
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new Failure(
      `The database ${name} cannot be created: ${error.message}.`,
      'npm run deploy, once that is fixed; npx wrangler d1 list shows the databases of the account',
    )
  }
}

/**
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} accountId
 * @param {string} name
 * @param {string | undefined} jurisdiction
 */
export async function createBucket(api, accountId, name, jurisdiction) {
  try {
    const headers = jurisdictionHeader(jurisdiction)
    await api.send('POST', `/accounts/${accountId}/r2/buckets`, { name }, headers)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new Failure(
      `The bucket ${name} cannot be created: ${error.message}.`,
      `enable R2 at ${DASHBOARD}/${accountId}/r2, then npm run deploy`,
    )
  }
}

/**
 * Where Time Travel can return to, should the migrations of this deploy turn out wrong.
 * @param {import('../cloudflare.mjs').Api} api
 * @param {string} accountId
 * @param {string} databaseId
 * @returns {Promise<string>}
 */
export async function readBookmark(api, accountId, databaseId) {
  const path = `/accounts/${accountId}/d1/database/${databaseId}/time_travel/bookmark`
  return (await api.get(path)).bookmark
}
