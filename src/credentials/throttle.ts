/**
 * Failed passwords in a row, counted in D1 (NIST 800-63B-4 §3.2.2, ASVS 6.3.1). An attempt is counted before its hash is
 * computed, so that parallel guesses cannot overrun the count; a success takes the count back.
 */
import { eq, max, type Placeholder, placeholder, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { prepared } from '../db/prepared'
import { attempts } from '../db/schema'

/** So many failures are free; the next waits. */
export const FREE_FAILURES = 5
/**
 * The last failure that is looked at before a success or a reset clears the count: with two logins (address and name)
 * and the password asked again inside, at most 40 + 40 + 20 = 100 per account.
 */
export const MAX_FAILURES = { signIn: 40, confirm: 20 } as const
export const FIRST_WAIT_MS = 30_000
export const LONGEST_WAIT_MS = 60 * 60 * 1000

/** What an attempt is counted under. */
export interface AttemptKey {
  key: string | Placeholder
  /** The account that is meant; a subquery where it is looked up in the same batch. */
  userId: number | SQL<number | null>
  kind: keyof typeof MAX_FAILURES
}

export type LoginKind = 'address' | 'name'
/** What failures of a login are counted under; `hmac` is that of its canonical form, whether an account has it or not. */
export const loginCounterKey = (kind: LoginKind, hmac: string) => `${kind}:${hmac}`

/** The password asked again inside an account: guesses from outside cannot lock its owner's live session out of it. */
export const reauthKey = (userId: number): AttemptKey => ({
  key: `confirm:${userId}`,
  userId,
  kind: 'confirm',
})

/** Counts an attempt at `now` (milliseconds) unless one must wait: its `RETURNING` is empty then. */
export function reserveAttempt({ key, userId, kind }: AttemptKey, now: number | Placeholder) {
  const lastAt = sql`${now}`
  // A login that nobody had may be somebody's by now: what was counted before is not their doing, nor held against them.
  const isSameOwner = sql`${attempts.userId} is excluded.user_id`
  const failures = sql`case when ${isSameOwner} then ${attempts.failures} + 1 else 1 end`
  return build
    .insert(attempts)
    .values({ key, userId, failures: 1, waitUntil: new Date(0), lastAt })
    .onConflictDoUpdate({
      target: attempts.key,
      set: {
        userId: sql`excluded.user_id`,
        failures,
        waitUntil: sql`case when (${failures}) < ${FREE_FAILURES} then 0
          else ${now} + min(${FIRST_WAIT_MS} * (1 << min((${failures}) - ${FREE_FAILURES}, 10)), ${LONGEST_WAIT_MS}) end`,
        lastAt,
      },
      setWhere: sql`(${attempts.waitUntil} <= ${now} and ${attempts.failures} < ${MAX_FAILURES[kind]}) or not (${isSameOwner})`,
    })
    .returning({ failures: attempts.failures })
}

/**
 * Hands the failures of an account's address, or of its names, on to the one under `key`, which is its own from now on, if `condition` holds: another
 * one is no new allowance. Each kind for itself: else the waits of a name would tell whose address it is, and a lock of one be a lock of both.
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

/** What explains a refused reservation. */
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

/** Forgets all failures of an account: after a success or a reset. */
export const clearAttempts = (userId: number) => deleteAttempts({ userId })

const deleteAttempts = prepared(() =>
  build.delete(attempts).where(eq(attempts.userId, placeholder('userId'))),
)
