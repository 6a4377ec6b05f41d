// Looks up passwords in known breaches through the range API of Have I Been Pwned (ASVS 6.2.12).
// The request carries only the first five characters of the SHA-1, which some 800 passwords share.
// BREACH_CHECK switches it on.
import { sha1Hex } from './digest'
import { logLine } from './log-line'

/** Maximum wait for the response, in milliseconds. */
const TIMEOUT_MS = 1000
export const RANGE_API = 'https://api.pwnedpasswords.com/range/'

/** The range API. Tests pass a local server. */
export interface RangeSource {
  fetch: typeof fetch
  /** The first five characters of the hash are appended to it. */
  url: string
}
const haveIBeenPwned = (): RangeSource => ({
  fetch: (input, init) => fetch(input, init),
  url: RANGE_API,
})

/**
 * Whether the password is in a known breach. Returns false and logs `breach_check_failed` when the
 * API fails or times out, so that an outage of the API does not block registration.
 */
export async function isBreached(
  password: string,
  source: RangeSource = haveIBeenPwned(),
): Promise<boolean> {
  const hash = await sha1Hex(password.normalize('NFC'))
  try {
    const response = await source.fetch(source.url + hash.slice(0, 5), {
      headers: { 'Add-Padding': 'true', 'User-Agent': 'gatepost' },
      redirect: 'manual', // workerd lacks 'error'; the status check below rejects redirects
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return lists(await response.text(), hash.slice(5))
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
    console.warn(logLine({ event: 'breach_check_failed', error: reason.slice(0, 200) }))
    return false
  }
}

/** Lines are `<35 hex digits>:<count>`; padding has the count 0. */
function lists(range: string, suffix: string): boolean {
  return range.split('\n').some((line) => {
    const [hash, count] = line.trim().split(':')
    return hash?.toUpperCase() === suffix && Number(count) > 0
  })
}
