/** The password rules. Pure: settings and the user's names are parameters. */

import { caseFold } from '../../normalize'
import { isCommonPassword } from '../../security/common-passwords'

/** In code points. NIST SP 800-63B-4 and ASVS 6.2.9 require that at least 64 are permitted. */
const MAX_LENGTH = 128
/** The rule that a breached password violates; `security/breach` detects it. */
export const BREACHED = 'has appeared in a data breach: choose another one'

export interface OwnNames {
  username: string
  email: string
}

/**
 * The first rule that the password violates for every user, or null (ASVS 6.2.1, 6.2.4; NIST SP
 * 800-63B-4 §3.1.1.2). The text continues a sentence that begins with "The password".
 */
export function violatedPasswordRule(password: string, minLength: number): string | null {
  const text = password.normalize('NFC')
  const length = [...text].length
  if (length < minLength) return `must have at least ${minLength} characters`
  if (length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`
  if (isCommonPassword(text)) return 'is one of the most common passwords: choose another one'
  return null
}

/**
 * The rule that a password violates if it is a name of its owner or of this service, or null (ASVS
 * 6.2.11). The text continues a sentence that begins with "The password".
 */
export function ownNameRule(password: string, own: OwnNames): string | null {
  const lower = caseFold(password.normalize('NFC'))
  const localPart = caseFold(own.email).split('@')[0] ?? ''
  if (lower === caseFold(own.username)) return 'must not be your username'
  if (lower === caseFold(own.email) || lower === localPart) return 'must not be your e-mail address'
  if (lower.replace(/[^a-z]/g, '') === 'gatepost') return 'must not be the name of this service'
  return null
}
