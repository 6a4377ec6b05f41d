/**
 * Consecutive failed passwords and codes, counted in D1 (NIST SP 800-63B-4 §3.2.2, ASVS 6.3.1). An
 * attempt is counted before its result is known to the client, so parallel guesses cannot overrun
 * the count. A success takes the count back.
 */
import { and, eq, max, not, type Placeholder, placeholder, type SQL, sql } from 'drizzle-orm'
import { ifPrevious } from '../db/batch'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { prepared } from '../db/prepared'
import { attempts } from '../db/schema'
import type { Method } from '../security/auth-methods'

/**
 * Consecutive attempts that need no wait before them. If the last of them fails, too, the next
 * attempt must wait `FIRST_WAIT_MS`, and every further failure doubles the wait.
 */
export const FREE_FAILURES = 5
/**
 * The maximum failures before a success or a reset clears the count. With two logins (address and
 * name) and re-authentication, 40 + 40 + 20 = 100 passwords per account. Codes have no maximum:
 * after 12 failures there is one guess an hour, and a reset does not clear the count.
 */
export const MAX_FAILURES = { signIn: 40, reauth: 20, factor: Number.MAX_SAFE_INTEGER } as const
export const FIRST_WAIT_MS = 30_000
export const LONGEST_WAIT_MS = 60 * 60 * 1000

/** The key that an attempt is counted under. */
export interface AttemptKey {
  key: string | Placeholder
  /** The user; a subquery if the same batch looks the user up. */
  userId: number | SQL<number | null>
  kind: keyof typeof MAX_FAILURES
}

export type LoginKind = 'address' | 'name'
/** The key of a login's failures. `hmac` is the HMAC of its canonical form, known or unknown. */
export const loginCounterKey = (kind: LoginKind, hmac: string) => `${kind}:${hmac}`

/**
 * Re-authentication counts apart, so that strangers cannot lock an active session out of it. Stored
 * keys keep their prefix `confirm:`.
 */
export const reauthKey = (userId: number) =>
  ({ key: `confirm:${userId}`, userId, kind: 'reauth' }) as const

/**
 * Codes of a second factor count under one key, whatever the endpoint. A right code clears it, and
 * so does an admin who removes the factors. A right password must not, since it precedes each
 * guess, and a reset proves another factor.
 */
export const factorKey = (userId: number) =>
  ({ key: `factor:${userId}`, userId, kind: 'factor' }) as const
const isFactor = sql`${attempts.key} like 'factor:%'`

/**
 * Counts an attempt at `now` (milliseconds) as a failure. During a wait, and at the maximum, it
 * writes nothing and its `RETURNING` is empty.
 */
export function reserveAttempt({ key, userId, kind }: AttemptKey, now: number | Placeholder) {
  const lastAt = sql`${now}`
  // A login that no account had when its failures were counted may belong to an account now. Those
  // failures do not count against this account: the count starts again.
  const isSameOwner = sql`${attempts.userId} is excluded.user_id`
  const mayAttempt = sql`${attempts.waitUntil} <= ${now} and ${attempts.failures} < ${MAX_FAILURES[kind]}`
  /** The number of failures with this one. */
  const failures = sql`(case when ${isSameOwner} then ${attempts.failures} + 1 else 1 end)`
  const doublings = sql`min(${failures} - ${FREE_FAILURES}, 10)`
  const wait = sql`min(${FIRST_WAIT_MS} * (1 << ${doublings}), ${LONGEST_WAIT_MS})`
  return build
    .insert(attempts)
    .values({ key, userId, failures: 1, waitUntil: new Date(0), lastAt })
    .onConflictDoUpdate({
      target: attempts.key,
      set: {
        userId: sql`excluded.user_id`,
        failures,
        waitUntil: sql`case when ${failures} < ${FREE_FAILURES} then 0 else ${now} + ${wait} end`,
        lastAt,
      },
      setWhere: sql`(${mayAttempt}) or not (${isSameOwner})`,
    })
    .returning({ failures: attempts.failures })
}

/**
 * Carries the failures of an account's address, or of its names, over to its new one under `key`,
 * if `condition` holds: a new login brings no new attempts. The kinds stay apart, so that the waits
 * of a name do not reveal whose address it is.
 */
export const carryFailures = (
  userId: number | SQL<number>,
  login: LoginKind,
  key: string | SQL<string>,
  now: Date,
  condition: SQL,
) =>
  insertSelect(
    attempts,
    {
      key,
      userId,
      failures: max(attempts.failures),
      waitUntil: max(attempts.waitUntil),
      lastAt: now,
    },
    sql`from ${attempts} where ${attempts.userId} = ${userId}
      and ${attempts.key} like ${loginCounterKey(login, '%')} and ${condition}
      group by ${attempts.userId}`,
  ).onConflictDoUpdate({
    target: attempts.key,
    set: {
      userId: sql`excluded.user_id`,
      failures: sql`excluded.failures`,
      waitUntil: sql`excluded.wait_until`,
      lastAt: sql`excluded.last_at`,
    },
  })

export interface Wait {
  failures: number
  waitUntil: Date
}

/** Explains a refused reservation. */
export const readWait = prepared(() =>
  build
    .select({ failures: attempts.failures, waitUntil: attempts.waitUntil })
    .from(attempts)
    .where(eq(attempts.key, placeholder('key'))),
)

/** Seconds until the next attempt may be made. */
export function waitSeconds(wait: Wait | undefined, kind: AttemptKey['kind'], now: Date): number {
  if (!wait) return 1
  if (wait.failures >= MAX_FAILURES[kind]) return LONGEST_WAIT_MS / 1000
  return Math.max(1, Math.ceil((wait.waitUntil.getTime() - now.getTime()) / 1000))
}

/** Deletes the failed passwords of an account, after a right password. */
export const clearPasswordAttempts = (userId: number) => deletePasswordAttempts({ userId })

const isOwn = sql`${attempts.userId} = ${placeholder('userId')}`
const deletePasswordAttempts = prepared(() =>
  build.delete(attempts).where(and(isOwn, not(isFactor))),
)
const deleteByMethod = {
  pwd: prepared(() => build.delete(attempts).where(ifPrevious(isOwn, not(isFactor)))),
  code: prepared(() => build.delete(attempts).where(ifPrevious(isOwn, isFactor))),
  both: prepared(() => build.delete(attempts).where(ifPrevious(isOwn))),
}

/**
 * Deletes the failures that a completed authentication settles, if the previous statement wrote:
 * passwords after a password, codes after a code.
 */
export function clearAttemptsOf(methods: readonly Method[], userId: number) {
  const hasCode = methods.includes('otp') || methods.includes('recovery')
  if (methods.includes('pwd')) return deleteByMethod[hasCode ? 'both' : 'pwd']({ userId })
  return hasCode ? deleteByMethod.code({ userId }) : undefined
}

/** All failed passwords of a user, as a condition. */
export const isPasswordAttempt = (userId: number) => and(eq(attempts.userId, userId), not(isFactor))
