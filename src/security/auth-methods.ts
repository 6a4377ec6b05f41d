// Authentication methods and levels: the claims `amr` (RFC 8176) and `acr` (OpenID Connect Core
// §2). A session stores its methods; its level follows from them.

const FIRST_FACTORS = ['pwd', 'fed', 'email'] as const
const SECOND_FACTORS = ['otp', 'recovery'] as const
const PASSKEYS = ['swk', 'hwk'] as const

/**
 * A method that a person used. RFC 8176 §2 registers `pwd` (password), `otp` (TOTP), `swk` (synced
 * passkey) and `hwk` (device-bound passkey). `fed` (identity provider), `email` (link in a mail)
 * and `recovery` (recovery code) are private values.
 */
export type Method =
  | (typeof FIRST_FACTORS)[number]
  | (typeof SECOND_FACTORS)[number]
  | (typeof PASSKEYS)[number]

/** A value of `amr`: a method, or a consequence of the methods (`user`: presence, `mfa`). */
export type Amr = Method | 'user' | 'mfa'

/** When and how a person last proved their identity in a session. */
export interface Authentication {
  time: Date
  amr: readonly Amr[]
}

const AMR_VALUES: readonly string[] = [
  ...FIRST_FACTORS,
  ...SECOND_FACTORS,
  ...PASSKEYS,
  'user',
  'mfa',
] satisfies Amr[]

/** The authentication levels, weakest first. OpenID Connect EAP ACR Values 1.0 defines `phr`. */
export const ACR_VALUES = ['1fa', 'mfa', 'phr'] as const
export type Acr = (typeof ACR_VALUES)[number]

/**
 * The `amr` values that prove a level; one of them is enough. Every session has the level `1fa`.
 */
export const ACR_EVIDENCE: Record<Exclude<Acr, '1fa'>, readonly Amr[]> = {
  mfa: ['mfa'],
  phr: PASSKEYS,
}

/**
 * The `amr` of a person who used these methods, in the order of use. A passkey with user
 * verification is two factors: possession, and knowledge or inherence (NIST SP 800-63B-4 §3.1.7).
 */
export function amrOf(methods: readonly Method[]): Amr[] {
  const amr = new Set<Amr>(methods)
  const usedPasskey = hasAny(methods, PASSKEYS)
  const usedTwoFactors = hasAny(methods, FIRST_FACTORS) && hasAny(methods, SECOND_FACTORS)
  if (usedPasskey) amr.add('user')
  if (usedPasskey || usedTwoFactors) amr.add('mfa')
  return [...amr]
}

/** The methods of an `amr`, without their consequences. */
export const methodsOf = (amr: readonly Amr[]): Method[] =>
  amr.filter((value): value is Method => value !== 'user' && value !== 'mfa')

/**
 * The methods of a session after a confirmation. A code adds to the first factor that the session
 * began with: one factor and the session re-authenticate (NIST SP 800-63B-4 §2.2.3). A password or
 * a passkey stands alone: an earlier code proves nothing about the user who is there now.
 */
export function confirmedMethods(amr: readonly Amr[], method: Method): Method[] {
  const former = isCode(method) ? methodsOf(amr).filter((used) => !isCode(used)) : []
  return [...former, method]
}

const isCode = (method: Method) => hasAny([method], SECOND_FACTORS)

/** The level that an `amr` proves. */
export function acrOf(amr: readonly Amr[]): Acr {
  if (hasAny(amr, ACR_EVIDENCE.phr)) return 'phr'
  return hasAny(amr, ACR_EVIDENCE.mfa) ? 'mfa' : '1fa'
}

/** Whether a level is the required one or a stronger one. */
export const satisfies = (acr: Acr, required: Acr): boolean =>
  ACR_VALUES.indexOf(acr) >= ACR_VALUES.indexOf(required)

/** The text of `sessions.amr`: the values, separated by one space. */
export const formatAmr = (amr: readonly Amr[]): string => amr.join(' ')

/**
 * The values in the text of `sessions.amr`. Unknown values are left out, because a newer release
 * may have written the row; the level of the result is never above the level of the known values.
 */
export const parseAmr = (text: string): Amr[] => text.split(' ').filter(isAmr)

/** Whether a value is one of `amr`. */
export const isAmr = (value: unknown): value is Amr => AMR_VALUES.some((known) => known === value)

/** Whether a value is one of `acr`. */
export const isAcr = (value: unknown): value is Acr => ACR_VALUES.some((known) => known === value)

const hasAny = (values: readonly string[], wanted: readonly string[]) =>
  values.some((value) => wanted.includes(value))
