/** The scopes that a sign-in and a refresh may grant, and the outcome of a refresh. Pure. */
import { SCOPES, type Scope } from '../actor'
import { type Amr, acrOf } from '../security/auth-methods'
import type { SecondFactorPolicy } from '../settings'

/** The client of tokens whose client did not give its name. */
export const FIRST_PARTY = 'first-party'
/** Printable ASCII (RFC 6749 A.1), at most 100 characters. */
export const CLIENT_ID = /^[\x20-\x7e]{1,100}$/
/** The rule that a client id breaks. Continues a sentence that begins with its name. */
export const CLIENT_ID_RULE = 'must have at most 100 characters, all of them printable ASCII'
/**
 * The grace period after a rotation, in which the parent of the current refresh token may be
 * repeated: a response may be lost, or two tabs may refresh at once (RFC 9700 §4.14.2).
 */
export const PARENT_GRACE_MS = 10_000
/**
 * How often it may be repeated in that time. Tabs without a shared lock may all present it at once.
 */
export const MAX_REPEATS = 16
/** Maximum active sessions of an account. A further sign-in ends the oldest. */
export const MAX_SESSIONS = 100

/** The grant that completes a pending sign-in at `/oauth/token` (RFC 6749 §4.5). */
export const SECOND_FACTOR_GRANT = 'urn:gatepost:params:oauth:grant-type:second-factor'

/** How a user can complete a pending sign-in. */
export const FACTOR_METHODS = ['totp', 'passkey', 'recovery'] as const
export type FactorMethod = (typeof FACTOR_METHODS)[number]

/**
 * Whether an account with these `users.factors` needs a second factor beyond the proven methods.
 */
export const isSecondFactorDue = (factors: string, amr: readonly Amr[]): boolean =>
  factors !== '' && acrOf(amr) === '1fa'

/**
 * Whether a user must set up a second factor first. Until then the tokens have the scope account.
 */
export const isSetupDue = (
  policy: SecondFactorPolicy,
  { role, factors }: { role: 'user' | 'admin'; factors: string },
): boolean =>
  factors === '' && (policy === 'everybody' || (policy === 'admins' && role === 'admin'))

/** The methods that complete a sign-in of an account with these `users.factors`. */
export const secondFactorsOf = (factors: string): FactorMethod[] =>
  FACTOR_METHODS.filter((method) => method === 'recovery' || factors.split(' ').includes(method))

/** The rule that a scope breaks. Continues a sentence that begins with its name. */
export const UNKNOWN_SCOPE =
  'names a scope that does not exist, or is beyond the role of the account'

/** The rule that a scope breaks before a required second factor is set up. */
export const SETUP_SCOPE =
  'must contain account: sign in with it and set up a second factor, which this account needs'

const OF_ROLE: Record<'user' | 'admin', readonly Scope[]> = {
  user: ['posts:write', 'account'],
  admin: SCOPES,
}

/** The requested scopes, or null if one does not exist (RFC 6749 §3.3). None: all of the role. */
export function parseScope(text: string | undefined): readonly Scope[] | 'all' | null {
  const names = text?.split(' ').filter(Boolean) ?? []
  if (names.length === 0) return 'all'
  const known = SCOPES.filter((scope) => names.includes(scope))
  return names.every((name) => known.includes(name as Scope)) ? known : null
}

/** All scopes that a role may have. */
export const allScopesOf = (role: 'user' | 'admin'): readonly Scope[] => OF_ROLE[role]

/** The requested scopes that a role may have, or null if one is beyond the role. */
export function grantScope(
  asked: readonly Scope[] | 'all',
  role: 'user' | 'admin',
): readonly Scope[] | null {
  const allowed = OF_ROLE[role]
  if (asked === 'all') return allowed
  return asked.every((scope) => allowed.includes(scope)) ? asked : null
}

/**
 * The scope of the access token of a refresh: the scope of the session without what the role has
 * lost since, narrowed as requested. Null if more is requested (RFC 6749 §6) or nothing is left
 * (§3.3).
 */
export function narrowScope(
  sessionScope: string,
  role: 'user' | 'admin',
  asked: readonly Scope[] | 'all',
): readonly Scope[] | null {
  const has = sessionScope.split(' ')
  const allowed = OF_ROLE[role].filter((scope) => has.includes(scope))
  if (asked === 'all') return allowed.length > 0 ? allowed : null
  return asked.every((scope) => allowed.includes(scope)) ? asked : null
}

/** The result of a refresh in D1: which statement applied, and the session's row afterwards. */
export interface RotationOutcome {
  /** This request moved the counter. */
  moved: boolean
  /** This request was counted as a repeat of the parent. */
  repeated: boolean
  session: { counter: number; rotatedAt: Date } | undefined
}
export type RotationVerdict =
  | 'rotated'
  | 'repeated'
  | 'repeated-too-often'
  | 'too-much-scope'
  | 'reused'
  | 'ended'

/**
 * Judges a refresh with the token numbered `counter`. The statement that ends a session on reuse
 * has the same condition.
 */
export function judgeRotation(
  counter: number,
  { moved, repeated, session }: RotationOutcome,
  now: Date,
): RotationVerdict {
  if (!session) return 'ended'
  if (moved) return 'rotated'
  if (repeated) return 'repeated'
  // The token is current but the counter did not move: only the requested scope can be the reason.
  if (session.counter === counter) return 'too-much-scope'
  const isParent = session.counter === counter + 1
  return isParent && now.getTime() - session.rotatedAt.getTime() <= PARENT_GRACE_MS
    ? 'repeated-too-often'
    : 'reused'
}

/** When a session expires: the earlier of the idle and the absolute limit (ASVS 7.3). */
export const sessionEnd = (
  createdAt: Date,
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
) =>
  new Date(
    Math.min(now.getTime() + limits.refreshIdleMs, createdAt.getTime() + limits.refreshMaxMs),
  )
