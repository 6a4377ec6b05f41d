// @ts-check
// Cloudflare's API with the credentials that wrangler holds. Reads are repeated when Cloudflare or
// the network fails for a moment; writes are not.
import { setTimeout as wait } from 'node:timers/promises'
import { command, run } from '../tools.mjs'
import { Failure } from './failure.mjs'

const TIMEOUT_MS = 30_000
const READ_ATTEMPTS = 3
const TOKENS_PAGE = 'https://dash.cloudflare.com/profile/api-tokens'

/** Permission of an API token by the part of the address that needs it. */
const PERMISSIONS = /** @type {const} */ ([
  [/\/d1\//, 'Account: D1: Edit'],
  [/\/r2\//, 'Account: Workers R2 Storage: Edit'],
  [/\/workers\/domains/, 'Zone: Workers Routes: Edit'],
  [/\/workers\//, 'Account: Workers Scripts: Edit'],
  [/\/email\//, 'Account: Email Sending: Read'],
  [/./, 'Account: Account Settings: Read'],
])

/** An answer of the API other than success. */
export class ApiError extends Error {
  /** @override */
  name = 'ApiError'

  /**
   * @param {string} message
   * @param {number} status HTTP status
   * @param {number} code the API's own code of the first error, 0 without one
   */
  constructor(message, status, code) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * @typedef {object} Api
 * @property {(path: string, headers?: Record<string, string>) => Promise<any>} get
 * @property {(path: string, headers?: Record<string, string>) => Promise<any | null>} find
 *   null for a 404
 * @property {(method: 'POST' | 'PUT', path: string, body: object,
 *   headers?: Record<string, string>) => Promise<any>} send
 */

/**
 * Opens the API for this user.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Api>}
 * @throws {Failure} without a login
 */
export async function openApi(signal) {
  const base = process.env.CLOUDFLARE_API_BASE_URL ?? 'https://api.cloudflare.com/client/v4'
  const auth = await credentials(signal)

  /**
   * @type {(method: string, path: string, body?: object, headers?: Record<string, string>) =>
   * Promise<any>}
   */
  async function ask(method, path, body, headers = {}) {
    const attempts = method === 'GET' ? READ_ATTEMPTS : 1
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(base + path, {
          method,
          headers: { ...auth, ...(body && { 'Content-Type': 'application/json' }), ...headers },
          ...(body && { body: JSON.stringify(body) }),
          signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])]),
        })
      } catch (error) {
        signal?.throwIfAborted()
        if (!isPassing(error) || attempt >= attempts) throw explained(error, method, path)
        await wait(500 * attempt, undefined, { signal })
      }
    }
  }

  return {
    get: (path, headers) => ask('GET', path, undefined, headers),
    find: (path, headers) => ask('GET', path, undefined, headers).catch(nullIfAbsent),
    send: ask,
  }
}

/** @param {AbortSignal} [signal] */
async function credentials(signal) {
  const { CLOUDFLARE_API_TOKEN } = process.env
  if (CLOUDFLARE_API_TOKEN) return { Authorization: `Bearer ${CLOUDFLARE_API_TOKEN}` }
  const env = { WRANGLER_HIDE_BANNER: 'true', WRANGLER_LOG: undefined }
  const { code, output } = await run(command('wrangler', ['auth', 'token', '--json']), {
    env,
    signal,
  })
  signal?.throwIfAborted()
  const found = code === 0 && /\{[^{}]*"type"[^{}]*\}/.exec(output)?.[0]
  if (!found)
    throw new Failure(
      'You are not logged in to Cloudflare.',
      'npx wrangler login, or set CLOUDFLARE_API_TOKEN; then npm run deploy',
    )
  const { type, token, key, email } = JSON.parse(found)
  return type === 'api_key'
    ? { 'X-Auth-Key': String(key), 'X-Auth-Email': String(email) }
    : { Authorization: `Bearer ${token}` }
}

/**
 * @param {string} url
 * @param {RequestInit} request
 */
async function once(url, request) {
  const response = await fetch(url, request)
  /**
   * @type {{ success?: boolean, result?: unknown, errors?: { code?: number, message?: string }[] }
   * | null}
   */
  const body = await response.json().catch(() => null)
  if (response.ok && body?.success) return body.result
  const [error] = body?.errors ?? []
  throw new ApiError(
    error?.message ?? `HTTP status ${response.status}`,
    response.status,
    error?.code ?? 0,
  )
}

/** @param {unknown} error */
const isPassing = (error) =>
  !(error instanceof ApiError) || error.status >= 500 || error.status === 429

/** @param {unknown} error */
function nullIfAbsent(error) {
  if (error instanceof ApiError && error.status === 404) return null
  throw error
}

/**
 * Turns what an operator can fix into a Failure: a missing permission, a network that is down.
 * @param {unknown} error
 * @param {string} method
 * @param {string} path
 */
function explained(error, method, path) {
  if (!(error instanceof ApiError)) {
    const reason = error instanceof Error ? String(error.cause ?? error.message) : String(error)
    return new Failure(
      `Cloudflare's API cannot be reached (${method} ${path}): ${reason}.`,
      'npm run deploy, once the network is back',
    )
  }
  if (error.status === 401 || error.status === 403) {
    const permission = PERMISSIONS.find(([pattern]) => pattern.test(path))?.[1]
    return new Failure(
      `Cloudflare refuses ${method} ${path} with ${error.status} (${error.message}): the login lacks the permission "${permission}".`,
      `add it at ${TOKENS_PAGE}, or npx wrangler login; then npm run deploy`,
    )
  }
  if (isPassing(error))
    return new Failure(
      `Cloudflare's API failed (${method} ${path}): ${error.message}.`,
      'npm run deploy, in a minute; https://www.cloudflarestatus.com says more',
    )
  return error
}
