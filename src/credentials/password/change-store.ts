/** A changed password in D1. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Caller } from '../../actor'
import type { Database } from '../../db'
import { asCaller } from '../../db/live'
import { emailTokens, sessions, users } from '../../db/schema'
import { countMail, mailCounterKey, releaseResets } from '../mail-limit'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
  relabelEvent,
} from '../reauth-store'

/**
 * Stores the new hash in place of the one that was checked, ends the other sessions, and makes mailed links and counted
 * failures void; a proven address gets links for resets anew. Nothing but the attempt is settled when the password is not the
 * checked one any more. `mayMail`: the address is proven, or had few enough mails.
 * @throws DeadSession
 */
export async function storePassword(
  db: Database,
  caller: Caller,
  reauthenticated: Reauthenticated,
  passwordHash: string,
  now: Date,
): Promise<{ isStored: boolean; mayMail: boolean }> {
  const { account } = reauthenticated
  const mailKey = mailCounterKey(eq(users.id, account.id))
  const isStored = sql`exists (select 1 from ${users} where ${users.id} = ${account.id} and ${users.passwordHash} = ${passwordHash})`
  const [stored, , , , , , counted] = await asCaller(db, caller, now, [
    db
      .update(users)
      .set({ passwordHash })
      .where(isHashUnchanged(reauthenticated))
      .returning({ id: users.id }),
    relabelEvent(reauthenticated, 'password_changed', isStored),
    discardEvent(reauthenticated),
    db
      .delete(sessions)
      .where(and(eq(sessions.userId, account.id), ne(sessions.id, caller.sessionId), isStored)),
    db.delete(emailTokens).where(and(eq(emailTokens.userId, account.id), isStored)),
    clearReauthAttempts(reauthenticated),
    countMail(mailKey, now),
    releaseResets(mailKey, account.emailVerified ? isStored : sql`false`),
  ])
  return { isStored: stored.length > 0, mayMail: account.emailVerified || counted.length > 0 }
}
