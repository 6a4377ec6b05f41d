/**
 * Failed passwords in a row, counted in D1 (NIST 800-63B-4 §3.2.2, ASVS 6.3.1). An attempt is counted before its hash is
 * computed, so that parallel guesses cannot overrun the count; a success takes the count back.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Database } from './index'
import { attempts } from './schema'

/** So many failures are free; the next waits. */
export const FREE_FAILURES = 5
/** The last failure that is ever looked at; only a success or a reset clears the count. */
export const MAX_FAILURES = 100
export const FIRST_WAIT_MS = 30_000
export const LONGEST_WAIT_MS = 60 * 60 * 1000

/** The key of an account's sign-ins. */
export const signInKey = (userId: number) => `user:${userId}`
/** The key of the password asked again inside an account, so that guesses from outside cannot lock its owner's session out. */
export const confirmKey = (userId: number) => `confirm:${userId}`

/** Counts an attempt unless one must wait: its `RETURNING` is empty then. `key` may be a subquery. */
export function reserveAttempt(db: Database, key: string | SQL<string>, now: Date) {
  const ms = now.getTime()
  const failures = sql`${attempts.failures} + 1`
  return db
    .insert(attempts)
    .values({ key, failures: 1, waitUntil: new Date(0), lastAt: now })
    .onConflictDoUpdate({
      target: attempts.key,
      set: {
        failures,
        waitUntil: sql`case when ${failures} < ${FREE_FAILURES} then 0
          else ${ms} + min(${FIRST_WAIT_MS} * (1 << min(${failures} - ${FREE_FAILURES}, 10)), ${LONGEST_WAIT_MS}) end`,
        lastAt: now,
      },
      setWhere: sql`${attempts.waitUntil} <= ${ms} and ${attempts.failures} < ${MAX_FAILURES}`,
    })
    .returning({ failures: attempts.failures })
}

/** What explains a refused reservation. */
export const readWait = (db: Database, key: string | SQL<string>) =>
  db
    .select({ failures: attempts.failures, waitUntil: attempts.waitUntil })
    .from(attempts)
    .where(eq(attempts.key, key))

/** Seconds until the next attempt may be made. */
export function waitSeconds(
  row: { failures: number; waitUntil: Date } | undefined,
  now: Date,
): number {
  if (!row) return 1
  if (row.failures >= MAX_FAILURES) return LONGEST_WAIT_MS / 1000
  return Math.max(1, Math.ceil((row.waitUntil.getTime() - now.getTime()) / 1000))
}

/** Forgets the failures: after a success or a reset. */
export const clearAttempts = (db: Database, key: string) =>
  db.delete(attempts).where(eq(attempts.key, key))
