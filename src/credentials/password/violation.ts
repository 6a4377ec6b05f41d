/** The check of a new password, for registration, change and reset. */
import { isBreached } from '../../security/breach'
import type { Settings } from '../../settings'
import { BREACHED, type OwnNames, ownNameRule, violatedPasswordRule } from './policy'

/**
 * The rule that a new password violates, or null. The order is: length, common, own name, breach.
 */
export async function findPasswordViolation(
  { passwordMinLength, breachCheck }: Pick<Settings, 'passwordMinLength' | 'breachCheck'>,
  password: string,
  own: OwnNames,
): Promise<string | null> {
  const violated = violatedPasswordRule(password, passwordMinLength) ?? ownNameRule(password, own)
  if (violated) return violated
  return breachCheck && (await isBreached(password)) ? BREACHED : null
}
