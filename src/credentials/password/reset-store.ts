/** Password resets in D1. */
import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { ifPrevious } from '../../db/batch'
import { discardUnowned, NO_ACCOUNT, recordEventOf } from '../../db/events'
import { attempts, emailTokens, sessions, users } from '../../db/schema'
import { countReset, mailCounterKey, releaseResets } from '../mail-limit'
import { type Address, isUsable, type Link, storeLink } from '../mail-links'

/**
 * Stores a link for the active account of an address, unless the address had enough mails
 * (`isRefused`). Known and unknown addresses run the same statements and are counted alike, the
 * unknown apart from the mails that do go to such an address. Their event is not kept.
 */
export async function requestReset(
  db: Database,
  { emailKey, emailHmac }: Address,
  link: Link,
  now: Date,
  location: string | null,
) {
  const isAsked = and(eq(users.emailKey, emailKey), eq(users.isActive, true))
  const id = sql`(select ${users.id} from ${users} where ${isAsked})`
  const [counted, , stored, [user]] = await db.batch([
    countReset(sql`coalesce(${mailCounterKey(isAsked)}, ${`nobody:${emailHmac}`})`, now),
    recordEventOf(
      {
        userId: sql`coalesce(${id}, ${NO_ACCOUNT})`,
        type: 'password_reset_requested',
        at: now,
        location,
      },
      sql`where ${ifPrevious()}`,
    ),
    storeLink(link, isAsked),
    db
      .select({ id: users.id, username: users.username, email: users.email })
      .from(users)
      .where(isAsked),
    discardUnowned(db, {}),
  ])
  return { isRefused: counted.length === 0, user: user ?? null, hasLink: stored.length > 0 }
}

/** Whose link this is, if it works: the first trip of a reset, since the new password must not be the owner's name. Changes nothing. */
export const findResetLink = (db: Database, tokenHash: string, now: Date) =>
  db
    .select({ id: users.id, username: users.username, email: users.email })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(
      and(isUsable(tokenHash, now), eq(emailTokens.purpose, 'reset'), eq(users.isActive, true)),
    )
    .get()

/**
 * Uses the link, once: every statement has its row as a condition, and the last one deletes it. The mailbox is proven, so the
 * address is too, and whatever somebody set up who did not own it is dead: password, sessions, pending links, failures.
 */
export async function useReset(
  db: Database,
  userId: number,
  tokenHash: string,
  passwordHash: string,
  now: Date,
  location: string | null,
): Promise<boolean> {
  const works = sql`exists (select 1 from ${emailTokens} join ${users} on ${users.id} = ${emailTokens.userId}
    where ${isUsable(tokenHash, now)} and ${emailTokens.purpose} = 'reset' and ${emailTokens.userId} = ${userId} and ${users.isActive} = 1)`
  const [reset] = await db.batch([
    db
      .update(users)
      .set({ passwordHash, emailVerified: true })
      .where(and(eq(users.id, userId), works))
      .returning({ id: users.id }),
    db.delete(sessions).where(and(eq(sessions.userId, userId), works)),
    db.delete(attempts).where(and(eq(attempts.userId, userId), works)),
    recordEventOf({ userId, type: 'password_reset', at: now, location }, sql`where ${works}`),
    releaseResets(mailCounterKey(eq(users.id, userId)), works),
    db.delete(emailTokens).where(and(eq(emailTokens.userId, userId), works)),
  ])
  return reset.length > 0
}
