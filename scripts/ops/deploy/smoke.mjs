// @ts-check
// Asks the deployed service whether it works: the new version, its database, its files, its
// refusals.
import { setTimeout as wait } from 'node:timers/promises'

const REQUEST_MS = 10_000
const PAUSE_MS = 1_000

/** Seconds that a new version may take until requests reach it. */
export const PATIENCE_SECONDS = 60

/**
 * @param {string} origin
 * @param {string} version the id that /health must tell
 * @param {AbortSignal} signal
 * @param {number} [patienceSeconds]
 * @returns {Promise<string | null>} what is wrong, in one sentence; null when all is well
 */
export async function smokeTest(origin, version, signal, patienceSeconds = PATIENCE_SECONDS) {
  const ask = (/** @type {string} */ path) => askOnce(origin + path, signal)
  const late = await waitForVersion(ask, version, Date.now() + patienceSeconds * 1000, signal)
  if (late) return `${late} (waited ${patienceSeconds} s)`
  const ready = await ask('/ready')
  if (ready.status !== 200) return `GET /ready answers ${told(ready)}`
  const page = await ask('/')
  if (page.status !== 200 || !page.text.includes('<html'))
    return `GET / answers ${told(page)}, not the web app`
  const me = await ask('/api/users/me')
  if (me.status !== 401) return `GET /api/users/me without a token answers ${told(me)}, not 401`
  return null
}

/**
 * @param {(path: string) => Promise<Answer>} ask
 * @param {string} version
 * @param {number} deadline
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>}
 */
async function waitForVersion(ask, version, deadline, signal) {
  for (;;) {
    const health = await ask('/health')
    const seen = versionOf(health)
    if (seen === version) return null
    if (Date.now() + PAUSE_MS >= deadline)
      return health.status === 200
        ? `GET /health tells version ${seen}, not ${version}`
        : `GET /health answers ${told(health)}`
    await wait(PAUSE_MS, undefined, { signal })
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status 0 without an answer; `text` says why
 * @property {string} text
 * @property {string | null} date the `Date` header
 */

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function askOnce(url, signal) {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    })
    const text = (await response.text()).slice(0, 10_000)
    return { status: response.status, text, date: response.headers.get('Date') }
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error ? (error.cause ?? error) : error
    const text = cause instanceof Error ? cause.message : String(cause)
    return { status: 0, text, date: null }
  }
}

/** @param {Answer} answer */
function versionOf({ status, text }) {
  try {
    return status === 200 ? JSON.parse(text).version : undefined
  } catch {
    return undefined
  }
}

/** @param {Answer} answer */
function told({ status, text }) {
  if (status === 0) return `nothing (${text})`
  const [, detail] = /"detail":\s*"((?:[^"\\]|\\.)*)"/.exec(text) ?? []
  return detail ? `${status} "${detail}"` : String(status)
}
