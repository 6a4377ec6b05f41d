/** Password resets in D1. */
import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { batch, ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { discardUnowned, recordEventOf, userIdOrNone } from '../../db/events'
import { attempts, emailTokens, sessions, users } from '../../db/schema'
import { recipientColumns } from '../account'
import { type Address, isUsable, type Link, storeLink } from '../email-tokens'
import { dropUnprovenIdentities } from '../identities/squatters'
import {
  addressCounterKey,
  countNotice,
  countReset,
  mailCounterKey,
  releaseResets,
} from '../mail-limit'
import { isPasswordAttempt } from '../throttle'

const ownerColumns = {
  id: users.id,
  ...recipientColumns,
}

/**
 * Stores a link for the active account of an address, unless the address had too many mails
 * (`isRefused`). Known and unknown addresses run the same statements and are counted alike; unknown
 * ones under a key of their own, and their event is not kept.
 */
export async function requestReset(
  db: Database,
  { emailKey, emailHmac }: Address,
  link: Link,
  now: Date,
  location: string | null,
) {
  const isOwner = and(eq(users.emailKey, emailKey), eq(users.isActive, true))
  const { counted, stored, found } = await batch(db, {
    counted: countReset(addressCounterKey(isOwner, emailHmac), now),
    recorded: recordEventOf(
      { userId: userIdOrNone(isOwner), type: 'password_reset_requested', at: now, location },
      sql`where ${ifPrevious()}`,
    ),
    stored: storeLink(link, isOwner),
    found: build.select(ownerColumns).from(users).where(isOwner),
    discarded: discardUnowned({}),
  })
  return { isRefused: counted.length === 0, user: found[0] ?? null, hasLink: stored.length > 0 }
}

/**
 * The user of a working link, without using it: the first round trip of a reset, since the new
 * password must not be the user's name.
 */
export const findResetLink = (db: Database, tokenHash: string, now: Date) =>
  db
    .select(ownerColumns)
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(
      and(isUsable(tokenHash, now), eq(emailTokens.purpose, 'reset'), eq(users.isActive, true)),
    )
    .get()

/**
 * Uses the link, once: every statement has its row as a condition, and the last one deletes it. The
 * link proves the mailbox, so the address is proven too, and what another person set up with it
 * ends: password, sessions, pending links, failed passwords, identities of an unproven address.
 * Second factors stay, and so do failed codes.
 */
export async function useReset(
  db: Database,
  userId: number,
  tokenHash: string,
  passwordHash: string,
  now: Date,
  location: string | null,
): Promise<{ isReset: boolean; mayNotify: boolean }> {
  const isUser = eq(users.id, userId)
  const works = sql`exists (select 1 from ${emailTokens}
    join ${users} on ${users.id} = ${emailTokens.userId}
    where ${isUsable(tokenHash, now)} and ${emailTokens.purpose} = 'reset'
      and ${emailTokens.userId} = ${userId} and ${users.isActive} = 1)`
  const { reset, noticed } = await batch(db, {
    squatters: dropUnprovenIdentities(userId, works),
    reset: build
      .update(users)
      .set({ passwordHash, hasPassword: true, emailVerified: true })
      .where(and(isUser, works))
      .returning({ id: users.id }),
    ended: build.delete(sessions).where(and(eq(sessions.userId, userId), works)),
    cleared: build.delete(attempts).where(and(isPasswordAttempt(userId), works)),
    recorded: recordEventOf(
      { userId, type: 'password_reset', at: now, location },
      sql`where ${works}`,
    ),
    noticed: countNotice('password-reset', isUser, now, works),
    released: releaseResets(mailCounterKey(isUser), works),
    voided: build.delete(emailTokens).where(and(eq(emailTokens.userId, userId), works)),
  })
  return { isReset: reset.length > 0, mayNotify: noticed.length > 0 }
}
