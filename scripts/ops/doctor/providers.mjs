// @ts-check
// Checks of the identity providers. Requests the metadata of each provider once.
import { redirectUriOf } from '../../../src/security/identity-provider-settings.ts'
import { readConfigured } from '../providers.mjs'
import { fail, ok, warn } from './finding.mjs'

/** @typedef {import('./finding.mjs').Finding} Finding */

/** Milliseconds that a provider may take; the Worker waits as long. */
const TIMEOUT_MS = 5000
const GUIDE = 'docs/identity-providers.md'

/**
 * @param {Record<string, string>} vars
 * @param {string} origin where the service answers
 * @returns {Promise<Finding[]>}
 */
export async function checkProviders(vars, origin) {
  const { providers, problems } = readConfigured({ ...vars, APP_ORIGIN: origin })
  return [
    ...problems.map((problem) => fail(problem, `correct it: ${GUIDE}`)),
    ...(await Promise.all(providers.map((provider) => checkProvider(provider, origin)))),
  ]
}

/**
 * @param {{ name: string, issuer: string, protocol: string }} provider
 * @param {string} origin
 * @returns {Promise<Finding>}
 */
async function checkProvider({ name, issuer, protocol }, origin) {
  const text = `provider ${name}: its redirect URI is ${redirectUriOf(origin, name)}`
  // GitHub publishes no metadata.
  const trouble = protocol === 'github' ? null : await findTrouble(issuer)
  if (!trouble) return ok(text)
  const sentence = `provider ${name}: ${trouble}`
  return issuer.startsWith('http:')
    ? warn(sentence, 'start the provider on this machine')
    : fail(sentence, `compare the issuer with the provider's documentation; ${GUIDE}`)
}

/**
 * The fault in the metadata of an issuer (OpenID Connect Discovery 1.0 §4), or null.
 * @param {string} issuer
 */
async function findTrouble(issuer) {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const metadata = await readMetadata(address)
  if (typeof metadata === 'string') return `${address} ${metadata}`
  if (metadata.issuer !== issuer)
    return `${address} is of the issuer ${JSON.stringify(metadata.issuer ?? null)}, not "${issuer}"`
  const missing = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'].filter(
    (member) => typeof metadata[member] !== 'string',
  )
  return missing.length > 0 ? `${address} lacks ${missing.join(', ')}` : null
}

/**
 * @param {string} address
 * @returns {Promise<Record<string, unknown> | string>} the text says why there is no metadata
 */
async function readMetadata(address) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(address, { redirect: 'manual', signal })
    if (response.status !== 200) return `answers ${response.status}`
    const parsed = await response.json()
    return parsed instanceof Object ? parsed : 'is no JSON object'
  } catch (error) {
    if (error instanceof SyntaxError) return 'is no JSON'
    const { name, message, cause } = Object(error)
    if (name === 'TimeoutError') return `does not respond within ${TIMEOUT_MS / 1000} s`
    return `cannot be reached: ${Object(cause).message || message}`
  }
}
