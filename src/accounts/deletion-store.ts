/** The end of an account in D1. */
import { and, eq, not, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { isLastAdmin } from '../db/admins'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { events, users } from '../db/schema'
import { type Confirmed, forgetAttempts, forgetEvent, isChecked } from './confirm-store'
import { countMail, mailKeyOf } from './links'

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
  confirmed: Confirmed,
  now: Date,
): Promise<Deleted> {
  const { id, passwordHash, emailVerified } = confirmed.account
  const isGone = sql`not exists (select 1 from ${users} where ${users.id} = ${id})`
  const [counted, gone, [left]] = await asCaller(db, caller, now, [
    countMail(db, mailKeyOf(eq(users.id, id)), now),
    db
      .delete(users)
      .where(and(isChecked(confirmed), not(isLastAdmin)))
      .returning({ avatarKey: users.avatarKey }),
    db.select({ passwordHash: users.passwordHash }).from(users).where(eq(users.id, id)),
    forgetAttempts(db, confirmed),
    forgetEvent(db, confirmed),
    db.delete(events).where(and(eq(events.userId, id), isGone)),
    recordEventOf(db, { userId: id, type: 'deleted', at: now }, sql`where ${isGone}`),
  ])
  const mayMail = emailVerified || counted.length > 0
  if (gone[0]) return { kind: 'deleted', avatarKey: gone[0].avatarKey, mayMail }
  // Still there: the guard held it, or the password was changed since it was checked.
  return left?.passwordHash === passwordHash ? { kind: 'last-admin' } : { kind: 'wrong-password' }
}
