/** The deletion of an account in D1. */
import { and, eq, not, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Actor } from '../../actor'
import { countMail, mailCounterKey } from '../../credentials/mail-limit'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
} from '../../credentials/reauth-store'
import { isLastAdmin } from '../../db/admins'
import { build } from '../../db/build'
import { insertSelect } from '../../db/insert-select'
import { attempts, emailTokens, events, sessions, users } from '../../db/schema'
import { identities, passkeys, recoveryCodes, signInLinks, totp } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import { randomId } from '../../security/secret-token'
import { deletionSteps } from './steps'

export type Deleted =
  /** `isFinished`: nothing of the account is left. Otherwise `finishDeletion` deletes the rest. */
  | { kind: 'deleted'; avatarKey: string | null; mayMail: boolean; isFinished: boolean }
  | { kind: 'last-admin' }
  | { kind: 'wrong-password' }

/**
 * Deletes the account whose password was checked. Its row loses all personal data and is marked,
 * so that no query returns it or its posts; sessions, credentials and links are deleted. The first
 * step of `deletionSteps` is in the same batch, so of a small account nothing is left. One event
 * remains: that the account was deleted. `mayMail`: the address is proven, or its mail limit is
 * not reached.
 * @throws SessionEnded
 */
export async function deleteUser(actor: Actor, reauthenticated: Reauthenticated): Promise<Deleted> {
  const { now } = actor
  const { id, passwordHash, emailVerified } = reauthenticated.account
  const isUser = eq(users.id, id)
  const isDeleted = sql`exists (select 1 from ${users} where ${isUser} and ${users.deletedAt} is not null)`
  const deleteOwn = (table: SQLiteTable, owner: SQLiteColumn) =>
    build.delete(table).where(and(eq(owner, id), isDeleted))
  const { posts, keys, events: oldEvents, account } = deletionSteps(id)
  const { counted, before, marked, finished } = await withSession(actor, {
    counted: countMail(mailCounterKey(isUser), now),
    before: build
      .select({ avatarKey: users.avatarKey, passwordHash: users.passwordHash })
      .from(users)
      .where(isUser),
    marked: markDeleted(now, and(isHashUnchanged(reauthenticated), not(isLastAdmin))),
    attempts: clearReauthAttempts(reauthenticated),
    attemptEvent: discardEvent(reauthenticated),
    sessions: deleteOwn(sessions, sessions.userId),
    links: deleteOwn(emailTokens, emailTokens.userId),
    signInLinks: deleteOwn(signInLinks, signInLinks.userId),
    failures: deleteOwn(attempts, attempts.userId),
    passkeys: deleteOwn(passkeys, passkeys.userId),
    totp: deleteOwn(totp, totp.userId),
    recoveryCodes: deleteOwn(recoveryCodes, recoveryCodes.userId),
    identities: deleteOwn(identities, identities.userId),
    posts,
    keys,
    oldEvents,
    recorded: insertSelect(
      events,
      { userId: id, type: 'deleted', at: now },
      sql`where ${isDeleted}`,
    ),
    finished: account,
  })
  const found = before[0]
  if (marked.length > 0) {
    const mayMail = emailVerified || counted.length > 0
    const avatarKey = found?.avatarKey ?? null
    return { kind: 'deleted', avatarKey, mayMail, isFinished: finished.length > 0 }
  }
  return found?.passwordHash === passwordHash ? { kind: 'last-admin' } : { kind: 'wrong-password' }
}

/**
 * Marks the account that `condition` fits as deleted. Name and address become free: the row keeps
 * unguessable ones with a colon, which no username has, and without an at sign.
 */
function markDeleted(now: Date, condition: SQL | undefined) {
  const placeholder = `deleted:${randomId()}`
  return build
    .update(users)
    .set({
      username: placeholder,
      usernameKey: placeholder,
      email: placeholder,
      emailKey: placeholder,
      emailHmac: null,
      emailVerified: false,
      fullName: null,
      role: 'user',
      isActive: false,
      passwordHash: '',
      hasPassword: false,
      avatarKey: null,
      handle: null,
      factors: '',
      deletedAt: now,
    })
    .where(condition)
    .returning({ id: users.id })
}
