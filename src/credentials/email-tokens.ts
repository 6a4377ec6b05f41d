/**
 * Mailed links in D1, as statements for a batch: at most one link of each purpose per user.
 */
import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import { ifPrevious } from '../db/batch'
import { insertSelect } from '../db/insert-select'
import { emailTokens, users } from '../db/schema'
import { LINK_LIFETIME_MS } from '../limits'
import { caseFold } from '../normalize'
import { hmacIdentifier, type Keyring } from '../security/keyring'
import { newSecretToken } from '../security/secret-token'

export type Purpose = typeof emailTokens.$inferSelect.purpose

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
  const expiresAt = new Date(now.getTime() + LINK_LIFETIME_MS[purpose])
  return { purpose, ...(await newSecretToken()), createdAt: now, expiresAt }
}

/** An address; `emailHmac` is what `users.address_key` says of it. */
export interface Address {
  email: string
  emailKey: string
  emailHmac: string
}

export async function emailAddress(keys: Keyring, email: string): Promise<Address> {
  const emailKey = caseFold(email)
  return { email, emailKey, emailHmac: await hmacIdentifier(keys, emailKey) }
}

/**
 * Stores a link for the user that `owner` selects (at most one), in place of an older one of the
 * same purpose, if the previous statement of the batch wrote. That statement is `countMail` or
 * `countReset`, or one that writes only if the mail was counted: a request whose mail is refused
 * must not replace the link of the last mail. `to` is the new address of a change; without it, the
 * link is for the user's own address.
 */
export function storeLink(link: Link, owner: SQL | undefined, to?: Address) {
  const { purpose, tokenHash, createdAt, expiresAt } = link
  const { email, emailKey, emailHmac } = to ?? users
  return insertSelect(
    emailTokens,
    { userId: users.id, purpose, tokenHash, email, emailKey, emailHmac, createdAt, expiresAt },
    sql`from ${users} where ${ifPrevious(owner)}`,
  )
    .onConflictDoUpdate({
      target: [emailTokens.userId, emailTokens.purpose],
      set: {
        tokenHash: sql`excluded.token_hash`,
        email: sql`excluded.email`,
        emailKey: sql`excluded.email_key`,
        createdAt: sql`excluded.created_at`,
        expiresAt: sql`excluded.expires_at`,
        emailHmac: sql`excluded.address_key`,
      },
    })
    .returning({ userId: emailTokens.userId, email: emailTokens.email })
}

/** The condition of a link that still works. */
export const isUsable = (tokenHash: string, now: Date) =>
  and(eq(emailTokens.tokenHash, tokenHash), gt(emailTokens.expiresAt, now))
