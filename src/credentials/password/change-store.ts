/** A changed password in D1. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { build } from '../../db/build'
import { emailTokens, sessions, users } from '../../db/schema'
import { withSession } from '../../db/session-guard'
import { countNotice, mailCounterKey, releaseResets } from '../mail-limit'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
  recordAct,
} from '../reauth-store'

/**
 * Stores the new hash in place of the one that was read, ends the other sessions, and voids mailed
 * links and counted failures; a proven address gets its resets back. If the password changed since
 * it was read, only the attempt is settled.
 * @throws SessionEnded
 */
export async function storePassword(
  actor: Actor,
  reauthenticated: Reauthenticated,
  passwordHash: string,
): Promise<{ isStored: boolean; mayNotify: boolean }> {
  const { caller, now } = actor
  const { account } = reauthenticated
  const isAccount = eq(users.id, account.id)
  const isStored = sql`exists (select 1 from ${users}
    where ${isAccount} and ${users.passwordHash} = ${passwordHash})`
  const isOther = and(eq(sessions.userId, account.id), ne(sessions.id, caller.sessionId))
  const { stored, noticed } = await withSession(actor, {
    stored: build
      .update(users)
      .set({ passwordHash, hasPassword: true })
      .where(isHashUnchanged(reauthenticated))
      .returning({ id: users.id }),
    recorded: recordAct(actor, reauthenticated, 'password_changed', isStored),
    discarded: discardEvent(reauthenticated),
    ended: build.delete(sessions).where(and(isOther, isStored)),
    voided: build.delete(emailTokens).where(and(eq(emailTokens.userId, account.id), isStored)),
    cleared: clearReauthAttempts(reauthenticated),
    noticed: countNotice('password-changed', isAccount, now, isStored),
    released: releaseResets(
      mailCounterKey(isAccount),
      account.emailVerified ? isStored : sql`false`,
    ),
  })
  return { isStored: stored.length > 0, mayNotify: noticed.length > 0 }
}
