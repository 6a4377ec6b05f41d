/** Addresses in D1: links asked for, and links used. */
import { and, eq, inArray, ne, or, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import { type Database, uniqueViolation } from '../db'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { emailTokens, users } from '../db/schema'
import { type Confirmed, forgetAttempts, nameEvent } from './confirm-store'
import { countMail, isGood, type Link, mailKey, ownMailKey, storeLink } from './links'

export interface Owner {
  username: string
  email: string
}
export type RequestedChange =
  /** `mayMail`: the present address is proven, or had fewer than five mails. */
  | { kind: 'stored'; mayMail: boolean }
  | { kind: 'taken'; owner: Owner }
  | { kind: 'too-many-mails' }

/** Stores a link to a new address, unless somebody else has it: then `owner` is to be told. @throws DeadSession */
export async function requestChange(
  db: Database,
  caller: Caller,
  confirmed: Confirmed,
  link: Link,
  to: { email: string; emailKey: string },
  { unknownKey, presentKey }: { unknownKey: string; presentKey: string },
  now: Date,
): Promise<RequestedChange> {
  const isOthers = and(eq(users.emailKey, to.emailKey), ne(users.id, caller.userId))
  const isFree = sql`not exists (select 1 from ${users} as other where other.email_key = ${to.emailKey} and other.id <> ${caller.userId})`
  const [, counted, stored, , [owner], told] = await asCaller(db, caller, now, [
    forgetAttempts(db, confirmed),
    countMail(db, mailKey(to.emailKey, unknownKey), now),
    storeLink(db, link, and(eq(users.id, caller.userId), isFree), to),
    nameEvent(db, confirmed, 'email_change_requested'),
    db.select({ username: users.username, email: users.email }).from(users).where(isOthers),
    countMail(db, presentKey, now),
  ])
  if (stored.length > 0)
    return { kind: 'stored', mayMail: confirmed.account.emailVerified || told.length > 0 }
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
    countMail(db, ownMailKey(caller.userId), now),
    storeLink(db, link, isUnproven),
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
  | { kind: 'changed'; userId: number; email: string; former: Owner }
  | { kind: 'taken' }

/**
 * Uses a link of either kind, once: every statement has the link's row as its condition, and the last one deletes it.
 * A change makes the person's other links void too; a verification alone changes nothing but `email_verified`.
 * Null: no such link. A link whose address was taken meanwhile stays, in case it becomes free.
 */
export async function useVerification(
  db: Database,
  tokenHash: string,
  now: Date,
  location: string | null,
): Promise<Verification | null> {
  const works = and(
    isGood(tokenHash, now),
    inArray(emailTokens.purpose, ['verify', 'change']),
    eq(users.isActive, true),
    or(eq(emailTokens.purpose, 'change'), eq(emailTokens.emailKey, users.emailKey)),
  )
  const owner = sql`(select ${emailTokens.userId} from ${emailTokens} where ${emailTokens.tokenHash} = ${tokenHash})`
  try {
    const [[link], , changed] = await db.batch([
      db
        .select({
          userId: users.id,
          purpose: emailTokens.purpose,
          // A batch of D1 gives objects: two columns of one name would be one.
          to: sql<string>`${emailTokens.email}`.as('to'),
          username: users.username,
          email: users.email,
        })
        .from(emailTokens)
        .innerJoin(users, eq(users.id, emailTokens.userId))
        .where(works),
      recordEventOf(
        db,
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
          emailVerified: true,
        })
        .from(emailTokens)
        .where(and(eq(users.id, emailTokens.userId), works))
        .returning({ id: users.id }),
      // `changes()`: only when the link worked.
      db
        .delete(emailTokens)
        .where(
          and(
            eq(emailTokens.userId, owner),
            or(
              eq(emailTokens.tokenHash, tokenHash),
              sql`exists (select 1 from ${emailTokens} as used where used.token_hash = ${tokenHash} and used.purpose = 'change')`,
            ),
            sql`changes() > 0`,
          ),
        ),
    ])
    if (!link || changed.length === 0) return null
    const { userId, purpose, to, username, email } = link
    return purpose === 'change'
      ? { kind: 'changed', userId, email: to, former: { username, email } }
      : { kind: 'verified', userId }
  } catch (error) {
    if (uniqueViolation(error) === 'users.email_key') return { kind: 'taken' }
    throw error
  }
}
