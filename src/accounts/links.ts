/** Mailed links in D1, as statements for a batch: one link of each purpose per person, and a bound on the mails to an address. */
import { and, eq, gt, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../db'
import { emailTokens, mailCounts, users } from '../db/schema'
import { hmacIdentifier, type Keyring } from '../security/keyring'
import { newSecretToken } from '../security/secret-token'
import { canonical } from '../spelling'

const HOUR_MS = 60 * 60 * 1000
/** How long a link works (ASVS 6.5.5). */
const LIFETIME_MS = { verify: 24 * HOUR_MS, change: 24 * HOUR_MS, reset: HOUR_MS }
/** So many mails go to an address before it has an hour's rest, resets among them. */
const MAILS_PER_HOUR = 5
/** And so many of other kinds: whoever causes them, a stranger too, leaves two resets to its owner. */
const OTHERS_PER_HOUR = 3

export type Purpose = keyof typeof LIFETIME_MS

/** A link that is about to be stored and mailed. */
export interface Link {
  purpose: Purpose
  /** Goes into the mail, and nowhere else. */
  token: string
  tokenHash: string
  createdAt: Date
  expiresAt: Date
}

export async function newLink(purpose: Purpose, now: Date): Promise<Link> {
  const expiresAt = new Date(now.getTime() + LIFETIME_MS[purpose])
  return { purpose, ...(await newSecretToken()), createdAt: now, expiresAt }
}

/** Where a change goes to. */
export interface NewAddress {
  email: string
  emailKey: string
  /** Under which failed sign-ins with it are counted. */
  attemptsKey: string
}

/** Under which name mails to a person's own address are counted. */
export const ownMailKey = (userId: number) => `user:${userId}`
const ownKey = sql`'user:' || ${users.id}`
/** The same for any address: its owner's name there, or the HMAC of an address that nobody has, since that must not be stored. */
export const mailKey = (emailKey: string, unknownKey: string) =>
  sql<string>`coalesce((select ${ownKey} from ${users} where ${users.emailKey} = ${emailKey}), ${unknownKey})`

/**
 * Under which name mails are counted to an address that nobody has proven to be theirs. It outlives the account: else
 * whoever registers and deletes accounts with somebody's address could fill their mailbox.
 */
export const unprovenKey = async (keys: Keyring, email: string) =>
  `hmac:${await hmacIdentifier(keys, `unproven ${canonical(email)}`)}`

/** Counts a mail that is no reset, if `condition` holds, unless the address had three and no hour's rest since: `RETURNING` is empty then, and `changes()` 0. */
export const countMail = (db: Database, key: string | SQL, now: Date, condition = sql`true`) =>
  countUpTo(OTHERS_PER_HOUR, db, key, now, condition)
/** The same for a reset: unless it had five. */
export const countReset = (db: Database, key: string | SQL, now: Date) =>
  countUpTo(MAILS_PER_HOUR, db, key, now, sql`true`)

function countUpTo(most: number, db: Database, key: string | SQL, now: Date, condition: SQL) {
  const anHourAgo = new Date(now.getTime() - HOUR_MS)
  const isRested = lte(mailCounts.since, anHourAgo)
  return (
    db
      .insert(mailCounts)
      // All columns of the table in their order.
      .select(sql`select ${key}, 1, ${now.getTime()} where ${condition}`)
      .onConflictDoUpdate({
        target: mailCounts.key,
        set: {
          count: sql`case when ${isRested} then 1 else ${mailCounts.count} + 1 end`,
          since: now,
        },
        setWhere: sql`${or(isRested, lt(mailCounts.count, most))}`,
      })
      .returning({ count: mailCounts.count })
  )
}

/** A new account begins with the mails that its address, not proven yet, had before: registering anew brings no new allowance. */
export const inheritMailCount = (db: Database, unprovenKey: string, isNew: SQL) =>
  db
    .insert(mailCounts)
    .select(
      sql`select ${ownKey}, ${mailCounts.count}, ${mailCounts.since} from ${mailCounts} join ${users} on ${isNew} where ${mailCounts.key} = ${unprovenKey}`,
    )

/** And leaves them to its address when it goes. */
export const bequeathMailCount = (db: Database, userId: number, unprovenKey: string) =>
  db
    .update(mailCounts)
    .set({
      count: sql`max(${mailCounts.count}, coalesce((select own.count from ${mailCounts} as own where own.key = ${ownMailKey(userId)}), 0))`,
    })
    .where(eq(mailCounts.key, unprovenKey))

/**
 * Stores a link for the users that `owner` fits (one at most), in place of an older one of the same purpose. It goes behind
 * `countMail` or `countReset` (and what writes only if that did) in the batch: without a counted mail no link, so that a refused request cannot void the link of the last mail.
 * `to` is the new address of a change; else the link is for the user's own.
 */
export function storeLink(db: Database, link: Link, owner: SQL | undefined, to?: NewAddress) {
  return db
    .insert(emailTokens)
    .select(
      sql`select ${users.id}, ${link.purpose}, ${link.tokenHash}, ${to?.email ?? users.email}, ${to?.emailKey ?? users.emailKey},
        ${link.createdAt.getTime()}, ${link.expiresAt.getTime()}, ${to?.attemptsKey ?? null} from ${users} where ${and(owner, sql`changes() > 0`)}`,
    )
    .onConflictDoUpdate({
      target: [emailTokens.userId, emailTokens.purpose],
      set: {
        tokenHash: sql`excluded.token_hash`,
        email: sql`excluded.email`,
        emailKey: sql`excluded.email_key`,
        createdAt: sql`excluded.created_at`,
        expiresAt: sql`excluded.expires_at`,
        attemptsKey: sql`excluded.attempts_key`,
      },
    })
    .returning({ userId: emailTokens.userId, email: emailTokens.email })
}

/** The condition of a link that still works. */
export const isGood = (tokenHash: string, now: Date) =>
  and(eq(emailTokens.tokenHash, tokenHash), gt(emailTokens.expiresAt, now))
