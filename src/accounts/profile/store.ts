/** Accounts in D1: one function is one round trip. */
import { and, desc, eq, lt, ne, or, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { type Address, type Link, storeLink } from '../../credentials/email-tokens'
import { countMail } from '../../credentials/mail-limit'
import { carryFailures } from '../../credentials/throttle'
import { type Database, uniqueViolation } from '../../db'
import { batch, single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEvent, recordEventOf } from '../../db/events'
import { events, sessions, users } from '../../db/schema'
import { sessionQuery, withSession } from '../../db/session-guard'
import { caseFold } from '../../normalize'
import {
  isPresent,
  type PrivateRow,
  type PublicRow,
  privateColumns,
  publicColumns,
} from '../../user'
import type { ProfileChange } from './schemas'

export interface NewUser extends Address {
  username: string
  fullName: string | null
  passwordHash: string
}
export type Registered =
  | { kind: 'created'; user: PrivateRow; hasLink: boolean }
  | { kind: 'username-taken' }
  | { kind: 'email-taken' }

/**
 * Makes the account, unless its name or address is taken: the unique indexes decide, also between
 * parallel requests. The verification link comes with it, unless the address had too many mails
 * before.
 */
export async function createUser(
  db: Database,
  user: NewUser,
  link: Link,
  now: Date,
  location: string | null,
): Promise<Registered> {
  const usernameKey = caseFold(user.username)
  const isNew = eq(users.usernameKey, usernameKey)
  const id = sql`(select ${users.id} from ${users} where ${isNew})`
  try {
    const { created, stored } = await batch(db, {
      created: build
        .insert(users)
        .values({ ...user, usernameKey, createdAt: now })
        .returning(privateColumns),
      recorded: recordEvent({ userId: sql`${id}`, type: 'registered', at: now, location }),
      counted: countMail(user.emailHmac, now),
      stored: storeLink(link, isNew),
    })
    return { kind: 'created', user: single(created), hasLink: stored.length > 0 }
  } catch (error) {
    return { kind: taken(error) }
  }
}

/** Which of the two unique keys a write ran into; anything else is thrown on. */
function taken(error: unknown): 'username-taken' | 'email-taken' {
  switch (uniqueViolation(error)) {
    case 'users.username_key':
      return 'username-taken'
    case 'users.email_key':
      return 'email-taken'
    default:
      throw error
  }
}

export type ChangedProfile =
  | { kind: 'changed'; user: PrivateRow; isRenamed: boolean }
  | { kind: 'username-taken' }

/**
 * Changes the public profile of the caller; absent members stay. A change that changes nothing
 * makes no new revision. Failed sign-ins are carried over to `loginHmac`, the key of the new
 * username.
 * @throws SessionEnded
 */
export async function changeProfile(
  actor: Actor,
  { username, full_name: fullName }: ProfileChange,
  loginHmac: string,
): Promise<ChangedProfile> {
  const { caller, now, location } = actor
  const usernameKey = username === undefined ? undefined : caseFold(username)
  const isCaller = eq(users.id, caller.userId)
  const isRenamed = username === undefined ? sql`false` : ne(users.username, username)
  const isNewName = fullName === undefined ? undefined : sql`${users.fullName} is not ${fullName}`
  const isOtherLogin = sql`exists (select 1 from ${users}
    where ${isCaller} and ${users.usernameKey} <> ${usernameKey ?? users.usernameKey})`
  try {
    const { renamed, changed } = await withSession(actor, {
      carried: carryFailures(caller.userId, 'name', loginHmac, now, isOtherLogin),
      renamed: recordEventOf(
        { ...caller, type: 'username_changed', at: now, location },
        sql`from ${users} where ${and(isCaller, isRenamed)}`,
      ).returning({ id: events.id }),
      changed: build
        .update(users)
        .set({
          ...(username !== undefined && { username, usernameKey: caseFold(username) }),
          ...(fullName !== undefined && { fullName }),
          revision: sql`${users.revision} + (${or(isRenamed, isNewName)})`,
        })
        .where(isCaller)
        .returning(privateColumns),
    })
    return { kind: 'changed', user: single(changed), isRenamed: renamed.length > 0 }
  } catch (error) {
    if (uniqueViolation(error) === 'users.username_key') return { kind: 'username-taken' }
    throw error
  }
}

/** The caller's own account. @throws SessionEnded */
export const findCaller = (actor: Actor): Promise<PrivateRow> => selectCaller(actor)

const selectCaller = sessionQuery((isActive) =>
  build
    .select(privateColumns)
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(isActive),
)

export const findUser = (db: Database, id: number): Promise<PublicRow | undefined> =>
  db
    .select(publicColumns)
    .from(users)
    .where(and(eq(users.id, id), isPresent))
    .get()

/**
 * The events of the caller's account, latest first. `before` is the id of the last event of the
 * previous page.
 * @throws SessionEnded
 */
export async function listEvents(
  actor: Actor,
  { limit, before }: { limit: number; before: number | null },
) {
  const isEarlier = before === null ? undefined : lt(events.id, before)
  const { rows } = await withSession(actor, {
    rows: build
      .select()
      .from(events)
      .where(and(eq(events.userId, actor.caller.userId), isEarlier))
      .orderBy(desc(events.id))
      .limit(limit),
  })
  return rows
}
