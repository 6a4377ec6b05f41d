/** Accounts in D1: one function is one round trip. */
import { and, desc, eq, lt, ne, or, sql } from 'drizzle-orm'
import type { Caller } from '../../actor'
import { countMail } from '../../credentials/mail-limit'
import { type Address, type Link, storeLink } from '../../credentials/mail-links'
import { carryFailures } from '../../credentials/throttle'
import { type Database, uniqueViolation } from '../../db'
import { build } from '../../db/build'
import { recordEvent, recordEventOf } from '../../db/events'
import { asCaller } from '../../db/live'
import { events, sessions, users } from '../../db/schema'
import { GuardedDatabase, sessionQuery } from '../../db/session-guard'
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
    const [created, , , stored] = await db.batch([
      db
        .insert(users)
        .values({ ...user, usernameKey, createdAt: now })
        .returning(privateColumns),
      recordEvent({ userId: sql`${id}`, type: 'registered', at: now, location }),
      countMail(user.emailHmac, now),
      storeLink(link, isNew),
    ])
    return { kind: 'created', user: created[0] as PrivateRow, hasLink: stored.length > 0 }
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

/**
 * Changes what everybody sees of the caller; members that are not there stay, and what changes
 * nothing is no new version. The failed sign-ins are counted on under `loginHmac`, the new name's.
 * @throws DeadSession
 */
export async function changeProfile(
  db: Database,
  caller: Caller,
  { username, full_name: fullName }: ProfileChange,
  loginHmac: string,
  now: Date,
  location: string | null,
): Promise<{ kind: 'changed'; user: PrivateRow; isRenamed: boolean } | { kind: 'username-taken' }> {
  const isCaller = eq(users.id, caller.userId)
  const isRenamed = username === undefined ? sql`false` : ne(users.username, username)
  const isChanged = or(
    isRenamed,
    fullName === undefined ? undefined : sql`${users.fullName} is not ${fullName}`,
  )
  const isOtherLogin = sql`exists (select 1 from ${users} where ${isCaller} and ${users.usernameKey} <> ${username === undefined ? users.usernameKey : caseFold(username)})`
  try {
    const [, renamed, changed] = await asCaller(db, caller, now, [
      carryFailures(caller.userId, 'name', loginHmac, now, isOtherLogin),
      recordEventOf(
        { ...caller, type: 'username_changed', at: now, location },
        sql`from ${users} where ${and(isCaller, isRenamed)}`,
      ).returning({ id: events.id }),
      db
        .update(users)
        .set({
          ...(username !== undefined && { username, usernameKey: caseFold(username) }),
          ...(fullName !== undefined && { fullName }),
          revision: sql`${users.revision} + (${isChanged})`,
        })
        .where(isCaller)
        .returning(privateColumns),
    ])
    return { kind: 'changed', user: changed[0] as PrivateRow, isRenamed: renamed.length > 0 }
  } catch (error) {
    if (uniqueViolation(error) === 'users.username_key') return { kind: 'username-taken' }
    throw error
  }
}

/** The caller's own account. @throws SessionEnded */
export const findCaller = (db: Database, caller: Caller, now: Date): Promise<PrivateRow> =>
  selectCaller({ db: new GuardedDatabase(db), caller, now })

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
  db: Database,
  caller: Caller,
  now: Date,
  limit: number,
  before: number | null,
) {
  const isEarlier = before === null ? undefined : lt(events.id, before)
  const [rows] = await asCaller(db, caller, now, [
    db
      .select()
      .from(events)
      .where(and(eq(events.userId, caller.userId), isEarlier))
      .orderBy(desc(events.id))
      .limit(limit),
  ])
  return rows
}
