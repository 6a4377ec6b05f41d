/** What a sign-in and a refresh may grant, and what became of a refresh. Pure. */
import { SCOPES, type Scope } from '../actor'

/** The client of tokens whose client did not say its name. */
export const FIRST_PARTY = 'first-party'
/** RFC 6749 A.1, and a bound of ours. */
export const CLIENT_ID = /^[\x20-\x7e]{1,100}$/
/** What is wrong with any other, read on from its name. */
export const CLIENT_ID_RULE = 'must have at most 100 characters, all of them printable ASCII'
/** How long the immediate parent of a refresh token may be repeated: a lost reply, a second tab (RFC 9700 §4.14.2). */
export const REPEAT_MS = 10_000
/** How often it may be repeated in that time. Tabs without a common lock may all present it at once. */
export const MAX_REPEATS = 16
/** Maximum live sessions of an account; a further sign-in ends the oldest. */
export const MAX_SESSIONS = 100

/** What is wrong with a scope that cannot be granted, read on from its name. */
export const UNKNOWN_SCOPE =
  'names a scope that does not exist, or is beyond the role of the account'

const OF_ROLE: Record<'user' | 'admin', readonly Scope[]> = {
  user: ['posts:write', 'account'],
  admin: SCOPES,
}

/** The scopes that are asked for, or null when one of them does not exist (RFC 6749 §3.3). Nothing asked: all of `role`'s later. */
export function parseScope(text: string | undefined): readonly Scope[] | 'all' | null {
  const names = text?.split(' ').filter(Boolean) ?? []
  if (names.length === 0) return 'all'
  const known = SCOPES.filter((scope) => names.includes(scope))
  return names.every((name) => known.includes(name as Scope)) ? known : null
}

/** What a role may be granted of it, or null when something is beyond it. */
export function grantScope(
  asked: readonly Scope[] | 'all',
  role: 'user' | 'admin',
): readonly Scope[] | null {
  const allowed = OF_ROLE[role]
  if (asked === 'all') return allowed
  return asked.every((scope) => allowed.includes(scope)) ? asked : null
}

/**
 * The scope of the access token that a refresh makes: what the session has, less what the role lost since, narrowed as
 * asked; null when more is asked (RFC 6749 §6), or nothing is left to grant (§3.3).
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
 * Judges a refresh with the token numbered `counter`. The statement that ends a session on reuse has
 * the same condition.
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
  return isParent && now.getTime() - session.rotatedAt.getTime() <= REPEAT_MS
    ? 'repeated-too-often'
    : 'reused'
}

/** When a session ends by itself: idle, or at its absolute limit, whichever is nearer (ASVS 7.3). */
export const sessionEnd = (
  createdAt: Date,
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
) =>
  new Date(
    Math.min(now.getTime() + limits.refreshIdleMs, createdAt.getTime() + limits.refreshMaxMs),
  )
