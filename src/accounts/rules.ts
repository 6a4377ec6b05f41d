/** What a good password is. Pure: the settings and the person's own names are passed in. */
import { canonical } from './schemas'

/** NIST 800-63B-4 and ASVS 6.2.9 ask for at least 64; the contract says 128 code points. */
const MAX_LENGTH = 128

export interface OwnNames {
  username: string
  email: string
}

/** The rule that a new password breaks, as a sentence without its subject, or null (ASVS 6.2.1, 6.2.4, 6.2.11; NIST 800-63B-4 §3.1.1.2). */
export function brokenPasswordRule(
  password: string,
  minLength: number,
  own: OwnNames,
): string | null {
  const text = password.normalize('NFC')
  const length = [...text].length
  if (length < minLength) return `must have at least ${minLength} characters`
  if (length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`
  const lower = canonical(text)
  const localPart = canonical(own.email).split('@')[0] ?? ''
  if (lower === canonical(own.username)) return 'must not be your username'
  if (lower === canonical(own.email) || lower === localPart)
    return 'must not be your e-mail address'
  if (lower.replace(/[^a-z]/g, '') === 'gatepost') return 'must not be the name of this service'
  return null
}
