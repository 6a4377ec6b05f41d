// Whether a password is in a known breach, asked of Have I Been Pwned's range API (ASVS 6.2.12). Only the first five
// characters of its SHA-1 leave the house: some 800 passwords share them. Off unless BREACH_CHECK is on.
import { logLine } from './log-line'

/** Milliseconds to wait for the answer. */
const PATIENCE_MS = 1000
export const RANGE_API = 'https://api.pwnedpasswords.com/range/'

/** Where and how to ask; tests have a server of their own. */
export interface RangeSource {
  fetch: typeof fetch
  /** The prefix is appended to it. */
  url: string
}
const haveIBeenPwned = (): RangeSource => ({
  fetch: (input, init) => fetch(input, init),
  url: RANGE_API,
})

/**
 * True only for a password that is certainly in a breach. When the service does not answer in time, or not sensibly, the
 * password passes and a line in the log says so: nobody should be unable to register because somebody else is down.
 */
export async function isBreached(
  password: string,
  source: RangeSource = haveIBeenPwned(),
): Promise<boolean> {
  const hash = await sha1(password.normalize('NFC'))
  try {
    const response = await source.fetch(source.url + hash.slice(0, 5), {
      headers: { 'Add-Padding': 'true', 'User-Agent': 'gatepost' },
      redirect: 'manual', // workerd has no 'error'; a status that is not OK is a failure here
      signal: AbortSignal.timeout(PATIENCE_MS),
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

/** In upper-case hexadecimal, as the API writes it. SHA-1 is what the API is made of; nothing is protected by it here. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)]
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}
