/**
 * The password asked again, in D1: counted before its hash is computed, and what becomes of the
 * attempt.
 */
import { and, eq, not, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../actor'
import type { Database } from '../db'
import { ifPrevious } from '../db/batch'
import { build } from '../db/build'
import type { EventType } from '../db/event-types'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { events, users } from '../db/schema'
import { needsRehash } from '../security/password'
import { type PrivateRow, privateColumns } from '../user'
import { clearPasswordAttempts, readWait, reauthKey, reserveAttempt } from './throttle'

/** An attempt of a caller whose password proved right. */
export interface Reauthenticated {
  account: PrivateRow & { passwordHash: string }
  /** The event of the attempt; `relabelEvent` makes it the event of the act. */
  eventId: number
}
export type Counted =
  | ({ kind: 'counted' } & Reauthenticated)
  | { kind: 'wait'; row: { failures: number; waitUntil: Date } | undefined }

/** Counts the attempt, unless the caller must wait, and reads the account. @throws DeadSession */
export async function countAttempt(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
): Promise<Counted> {
  const count = reauthKey(caller.userId)
  const [reserved, recorded, [row], [account]] = await asCaller(db, caller, now, [
    reserveAttempt(count, now.getTime()),
    recordEventOf(
      { ...caller, type: 'password_rejected', at: now, location },
      sql`where ${ifPrevious()}`,
    ).returning({ id: events.id }),
    readWait({ key: count.key }),
    db
      .select({ ...privateColumns, passwordHash: users.passwordHash })
      .from(users)
      .where(eq(users.id, caller.userId)),
  ])
  if (reserved.length === 0 || !recorded[0] || !account) return { kind: 'wait', row }
  return { kind: 'counted', account, eventId: recorded[0].id }
}

/** Forgets the caller's wrong attempts. */
export const clearReauthAttempts = ({ account }: Reauthenticated) =>
  clearPasswordAttempts(account.id)

/** Makes the event of the attempt the event of what was done, if `condition` holds. */
export const relabelEvent = ({ eventId }: Reauthenticated, type: EventType, condition: SQL) =>
  build
    .update(events)
    .set({ type })
    .where(and(eq(events.id, eventId), condition))

/** The row of the caller, while its hash is the one that was checked. */
export const isHashUnchanged = ({ account }: Reauthenticated) =>
  and(eq(users.id, account.id), eq(users.passwordHash, account.passwordHash))

/**
 * Takes the event of the attempt back, unless it has been named or the password is another one by
 * now. Of a weaker hash that is not known: most likely a sign-in renewed it, and nothing was
 * rejected.
 */
export const discardEvent = ({ account, eventId }: Reauthenticated) => {
  const isOther = sql`exists (select 1 from ${users} where ${users.id} = ${account.id} and ${users.passwordHash} <> ${account.passwordHash})`
  return build
    .delete(events)
    .where(
      and(
        eq(events.id, eventId),
        eq(events.type, 'password_rejected'),
        needsRehash(account.passwordHash) ? undefined : not(isOther),
      ),
    )
}

/** A right password, but nothing done with it: the attempt leaves no trace. */
export async function discardAttempt(
  db: Database,
  reauthenticated: Reauthenticated,
): Promise<void> {
  await db.batch([
    clearReauthAttempts(reauthenticated),
    db.delete(events).where(eq(events.id, reauthenticated.eventId)),
  ])
}
