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

/** An address; `addressKey` is what `users.address_key` says of it. */
export interface Address {
  email: string
  emailKey: string
  addressKey: string
}

export async function addressOf(keys: Keyring, email: string): Promise<Address> {
  const emailKey = canonical(email)
  return { email, emailKey, addressKey: await hmacIdentifier(keys, emailKey) }
}

/**
 * Under which key mails to the one person that `who` fits are counted: that of the address, so that neither a new account nor a move brings a
 * new allowance. Null: nobody.
 */
export const mailKeyOf = (who: SQL | undefined) =>
  sql<string>`(select coalesce(${users.addressKey}, 'user:' || ${users.id}) from ${users} where ${who})`

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

/** Two resets more, if `condition` holds: for who has proven to own the address, where links have just become void or been used. */
export const allowResets = (db: Database, key: string | SQL<string>, condition: SQL) =>
  db
    .update(mailCounts)
    .set({ count: sql`min(${mailCounts.count}, ${OTHERS_PER_HOUR})` })
    .where(and(sql`${mailCounts.key} = ${key}`, condition))

/**
 * Stores a link for the users that `owner` fits (one at most), in place of an older one of the same purpose. It goes behind
 * `countMail` or `countReset` (and what writes only if that did) in the batch: without a counted mail no link, so that a refused request cannot void the link of the last mail.
 * `to` is the new address of a change; else the link is for the user's own.
 */
export function storeLink(db: Database, link: Link, owner: SQL | undefined, to?: Address) {
  return db
    .insert(emailTokens)
    .select(
      sql`select ${users.id}, ${link.purpose}, ${link.tokenHash}, ${to?.email ?? users.email}, ${to?.emailKey ?? users.emailKey},
        ${link.createdAt.getTime()}, ${link.expiresAt.getTime()}, ${to?.addressKey ?? users.addressKey} from ${users} where ${and(owner, sql`changes() > 0`)}`,
    )
    .onConflictDoUpdate({
      target: [emailTokens.userId, emailTokens.purpose],
      set: {
        tokenHash: sql`excluded.token_hash`,
        email: sql`excluded.email`,
        emailKey: sql`excluded.email_key`,
        createdAt: sql`excluded.created_at`,
        expiresAt: sql`excluded.expires_at`,
        addressKey: sql`excluded.address_key`,
      },
    })
    .returning({ userId: emailTokens.userId, email: emailTokens.email })
}

/** The condition of a link that still works. */
export const isGood = (tokenHash: string, now: Date) =>
  and(eq(emailTokens.tokenHash, tokenHash), gt(emailTokens.expiresAt, now))
