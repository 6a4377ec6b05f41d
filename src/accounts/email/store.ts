/** Addresses in D1: links asked for, and links used. */
import { and, eq, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Caller } from '../../actor'
import { countMail, mailCounterKey, releaseResets } from '../../credentials/mail-limit'
import { type Address, isUsable, type Link, storeLink } from '../../credentials/mail-links'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
  relabelEvent,
} from '../../credentials/reauth-store'
import { carryFailures, loginCounterKey } from '../../credentials/throttle'
import { type Database, uniqueViolation } from '../../db'
import { ifPrevious } from '../../db/batch'
import { recordEventOf } from '../../db/events'
import { asCaller } from '../../db/live'
import { emailTokens, users } from '../../db/schema'

export interface Owner {
  username: string
  email: string
}
export type RequestedChange =
  /** `mayMail`: the present address is proven, or had few enough mails. */
  | { kind: 'stored'; mayMail: boolean }
  | { kind: 'taken'; owner: Owner }
  | { kind: 'too-many-mails' }
  | { kind: 'wrong-password' }

/**
 * Stores a link to a new address, unless somebody else has it: then `owner` is to be told. No link when the password is not
 * the checked one any more: a change of it makes links void, also those that were on their way; the attempt is settled all the same. @throws DeadSession
 */
export async function requestChange(
  db: Database,
  caller: Caller,
  reauthenticated: Reauthenticated,
  link: Link,
  to: Address,
  now: Date,
): Promise<RequestedChange> {
  const { id, emailVerified } = reauthenticated.account
  const isSame = isHashUnchanged(reauthenticated)
  const isStillSame = sql`exists (select 1 from ${users} where ${isSame})`
  const isOthers = and(eq(users.emailKey, to.emailKey), ne(users.id, id))
  const isFree = sql`not exists (select 1 from ${users} as other where other.email_key = ${to.emailKey} and other.id <> ${id})`
  const [, counted, stored, , , [same], [owner], told] = await asCaller(db, caller, now, [
    clearReauthAttempts(reauthenticated),
    countMail(
      sql`coalesce(${mailCounterKey(eq(users.emailKey, to.emailKey))}, ${to.emailHmac})`,
      now,
      isStillSame,
    ),
    storeLink(link, and(isSame, isFree), to),
    relabelEvent(reauthenticated, 'email_change_requested', isStillSame),
    discardEvent(reauthenticated),
    db.select({ id: users.id }).from(users).where(isSame),
    db.select({ username: users.username, email: users.email }).from(users).where(isOthers),
    countMail(
      mailCounterKey(eq(users.id, id)),
      now,
      sql`exists (select 1 from ${emailTokens} where ${emailTokens.tokenHash} = ${link.tokenHash})`,
    ),
  ])
  if (!same) return { kind: 'wrong-password' }
  if (stored.length > 0) return { kind: 'stored', mayMail: emailVerified || told.length > 0 }
  return owner && counted.length > 0 ? { kind: 'taken', owner } : { kind: 'too-many-mails' }
}

export type RequestedVerification =
  | { kind: 'stored'; user: Owner }
  | { kind: 'verified-before' | 'too-many-mails' }

/** Stores a link to the caller's own address, unless it is proven or had enough mails. @throws DeadSession */
export async function requestVerification(
  db: Database,
  caller: Caller,
  link: Link,
  now: Date,
): Promise<RequestedVerification> {
  const isUnproven = and(eq(users.id, caller.userId), eq(users.emailVerified, false))
  const [, stored, [user]] = await asCaller(db, caller, now, [
    countMail(
      mailCounterKey(eq(users.id, caller.userId)),
      now,
      sql`exists (select 1 from ${users} where ${isUnproven})`,
    ),
    storeLink(link, isUnproven),
    db
      .select({
        username: users.username,
        email: users.email,
        emailVerified: users.emailVerified,
      })
      .from(users)
      .where(eq(users.id, caller.userId)),
  ])
  if (stored.length > 0 && user) return { kind: 'stored', user }
  return { kind: user?.emailVerified ? 'verified-before' : 'too-many-mails' }
}

export type Verification =
  | { kind: 'verified'; userId: number }
  /** `mayMail`: the former address was proven, or had few enough mails. */
  | { kind: 'changed'; userId: number; email: string; former: Owner; mayMail: boolean }
  | { kind: 'taken' }

/**
 * Uses a link of either kind, once: every statement has the link's row as its condition, and the last one deletes it.
 * A change makes the person's other links void too, failed sign-ins are counted on under the new address, and it gets links for resets anew; a verification alone
 * changes nothing but `email_verified`.
 * Null: no such link. A link whose address was taken meanwhile stays, in case it becomes free.
 */
export async function useVerification(
  db: Database,
  tokenHash: string,
  now: Date,
  location: string | null,
): Promise<Verification | null> {
  const works = and(
    isUsable(tokenHash, now),
    inArray(emailTokens.purpose, ['verify', 'change']),
    eq(users.isActive, true),
    or(eq(emailTokens.purpose, 'change'), eq(emailTokens.emailKey, users.emailKey)),
  )
  const exists = (what: SQL | undefined) =>
    sql`exists (select 1 from ${emailTokens} join ${users} on ${users.id} = ${emailTokens.userId} where ${what})`
  const changes = and(works, eq(emailTokens.purpose, 'change'))
  // Not only to another spelling.
  const moves = exists(and(changes, ne(emailTokens.emailKey, users.emailKey)))
  const ofLink = <T>(column: SQLiteColumn) =>
    sql<T>`(select ${column} from ${emailTokens} where ${emailTokens.tokenHash} = ${tokenHash})`
  const owner = ofLink<number>(emailTokens.userId)
  try {
    const [[link], told, , , , changed] = await db.batch([
      db
        .select({
          userId: users.id,
          purpose: emailTokens.purpose,
          // A batch of D1 gives objects: two columns of one name would be one.
          to: sql<string>`${emailTokens.email}`.as('to'),
          username: users.username,
          email: users.email,
          emailVerified: users.emailVerified,
        })
        .from(emailTokens)
        .innerJoin(users, eq(users.id, emailTokens.userId))
        .where(works),
      countMail(mailCounterKey(sql`${users.id} = ${owner}`), now, moves),
      carryFailures(
        owner,
        'address',
        sql`${loginCounterKey('address', '')} || ${ofLink(emailTokens.emailHmac)}`,
        now,
        sql`${moves} and ${ofLink(emailTokens.emailHmac)} is not null`,
      ),
      releaseResets(ofLink(emailTokens.emailHmac), exists(changes)),
      recordEventOf(
        {
          userId: users.id,
          type: sql`case ${emailTokens.purpose} when 'change' then 'email_changed' else 'email_verified' end`,
          at: now,
          location,
        },
        sql`from ${emailTokens} join ${users} on ${users.id} = ${emailTokens.userId} where ${works}`,
      ),
      db
        .update(users)
        .set({
          email: sql`${emailTokens.email}`,
          emailKey: sql`${emailTokens.emailKey}`,
          emailHmac: sql`${emailTokens.emailHmac}`,
          emailVerified: true,
        })
        .from(emailTokens)
        .where(and(eq(users.id, emailTokens.userId), works))
        .returning({ id: users.id }),
      db
        .delete(emailTokens)
        .where(
          ifPrevious(
            eq(emailTokens.userId, owner),
            or(
              eq(emailTokens.tokenHash, tokenHash),
              sql`exists (select 1 from ${emailTokens} as used where used.token_hash = ${tokenHash} and used.purpose = 'change')`,
            ),
          ),
        ),
    ])
    if (!link || changed.length === 0) return null
    const { userId, purpose, to, username, email, emailVerified } = link
    if (purpose === 'verify') return { kind: 'verified', userId }
    const mayMail = emailVerified || told.length > 0
    return { kind: 'changed', userId, email: to, former: { username, email }, mayMail }
  } catch (error) {
    if (uniqueViolation(error) === 'users.email_key') return { kind: 'taken' }
    throw error
  }
}
