/** A changed password in D1. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { asCaller } from '../db/live'
import { emailTokens, sessions, users } from '../db/schema'
import { type Confirmed, forgetAttempts, forgetEvent, isChecked, nameEvent } from './confirm-store'
import { allowResets, countMail, mailKeyOf } from './links'

/**
 * Stores the new hash in place of the one that was checked, ends the other sessions, and makes mailed links and counted
 * failures void; a proven address gets links for resets anew. Nothing but the attempt is settled when the password is not the
 * checked one any more. `mayMail`: the address is proven, or had few enough mails.
 * @throws DeadSession
 */
export async function storePassword(
  db: Database,
  caller: Caller,
  confirmed: Confirmed,
  passwordHash: string,
  now: Date,
): Promise<{ isStored: boolean; mayMail: boolean }> {
  const { account } = confirmed
  const mailKey = mailKeyOf(eq(users.id, account.id))
  const isStored = sql`exists (select 1 from ${users} where ${users.id} = ${account.id} and ${users.passwordHash} = ${passwordHash})`
  const [stored, , , , , , counted] = await asCaller(db, caller, now, [
    db.update(users).set({ passwordHash }).where(isChecked(confirmed)).returning({ id: users.id }),
    nameEvent(db, confirmed, 'password_changed', isStored),
    forgetEvent(db, confirmed),
    db
      .delete(sessions)
      .where(and(eq(sessions.userId, account.id), ne(sessions.id, caller.sessionId), isStored)),
    db.delete(emailTokens).where(and(eq(emailTokens.userId, account.id), isStored)),
    forgetAttempts(db, confirmed),
    countMail(db, mailKey, now),
    allowResets(db, mailKey, account.emailVerified ? isStored : sql`false`),
  ])
  return { isStored: stored.length > 0, mayMail: account.emailVerified || counted.length > 0 }
}
