/** A changed password in D1. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { asCaller } from '../db/live'
import { emailTokens, events, sessions, users } from '../db/schema'
import { type Confirmed, forgetAttempts } from './confirm-store'

/**
 * Stores the new hash in place of the one that was checked, ends the other sessions, and makes mailed links and counted
 * failures void. False, and nothing but the attempt settled, when the password is not the checked one any more.
 * @throws DeadSession
 */
export async function storePassword(
  db: Database,
  caller: Caller,
  confirmed: Confirmed,
  passwordHash: string,
  now: Date,
): Promise<boolean> {
  const { account, eventId } = confirmed
  const isStored = sql`exists (select 1 from ${users} where ${users.id} = ${account.id} and ${users.passwordHash} = ${passwordHash})`
  const [stored] = await asCaller(db, caller, now, [
    db
      .update(users)
      .set({ passwordHash })
      .where(and(eq(users.id, account.id), eq(users.passwordHash, account.passwordHash)))
      .returning({ id: users.id }),
    db
      .update(events)
      .set({ type: 'password_changed' })
      .where(and(eq(events.id, eventId), isStored)),
    db
      .delete(sessions)
      .where(and(eq(sessions.userId, account.id), ne(sessions.id, caller.sessionId), isStored)),
    db.delete(emailTokens).where(and(eq(emailTokens.userId, account.id), isStored)),
    forgetAttempts(db, confirmed),
  ])
  return stored.length > 0
}
