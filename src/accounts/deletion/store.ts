/** The end of an account in D1. */
import { and, eq, not, sql } from 'drizzle-orm'
import type { Caller } from '../../actor'
import { countMail, mailCounterKey } from '../../credentials/mail-limit'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
} from '../../credentials/reauth-store'
import type { Database } from '../../db'
import { isLastAdmin } from '../../db/admins'
import { recordEventOf } from '../../db/events'
import { asCaller } from '../../db/live'
import { events, users } from '../../db/schema'

export type Deleted =
  | { kind: 'deleted'; avatarKey: string | null; mayMail: boolean }
  | { kind: 'last-admin' }
  | { kind: 'wrong-password' }

/**
 * Deletes the account whose password was checked; sessions, posts, links and idempotency keys go by their foreign keys. Of its
 * events nothing stays but one, that an account with this id (which is never given again) was deleted. `mayMail`: the
 * address is proven, or had few enough mails. @throws DeadSession
 */
export async function deleteUser(
  db: Database,
  caller: Caller,
  reauthenticated: Reauthenticated,
  now: Date,
): Promise<Deleted> {
  const { id, passwordHash, emailVerified } = reauthenticated.account
  const isGone = sql`not exists (select 1 from ${users} where ${users.id} = ${id})`
  const [counted, gone, [left]] = await asCaller(db, caller, now, [
    countMail(db, mailCounterKey(eq(users.id, id)), now),
    db
      .delete(users)
      .where(and(isHashUnchanged(reauthenticated), not(isLastAdmin)))
      .returning({ avatarKey: users.avatarKey }),
    db.select({ passwordHash: users.passwordHash }).from(users).where(eq(users.id, id)),
    clearReauthAttempts(db, reauthenticated),
    discardEvent(db, reauthenticated),
    db.delete(events).where(and(eq(events.userId, id), isGone)),
    recordEventOf(db, { userId: id, type: 'deleted', at: now }, sql`where ${isGone}`),
  ])
  const mayMail = emailVerified || counted.length > 0
  if (gone[0]) return { kind: 'deleted', avatarKey: gone[0].avatarKey, mayMail }
  // Still there: the guard held it, or the password was changed since it was checked.
  return left?.passwordHash === passwordHash ? { kind: 'last-admin' } : { kind: 'wrong-password' }
}
