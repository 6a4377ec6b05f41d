/** The use of links that prove an address, in D1. */
import { and, eq, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { recipientColumns } from '../../credentials/account'
import { isUsable } from '../../credentials/email-tokens'
import { dropUnprovenIdentities } from '../../credentials/identities/squatters'
import { countNotice, releaseResets } from '../../credentials/mail-limit'
import { carryFailures, loginCounterKey } from '../../credentials/throttle'
import { type Database, uniqueViolation } from '../../db'
import { batch, ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { emailTokens, sessions, users } from '../../db/schema'
import type { Recipient } from '../../mail/compose'

/** The conditions and columns of one link, for the statements of a batch. */
function linkOf(tokenHash: string, now: Date) {
  const works = and(
    isUsable(tokenHash, now),
    inArray(emailTokens.purpose, ['verify', 'change']),
    eq(users.isActive, true),
    or(eq(emailTokens.purpose, 'change'), eq(emailTokens.emailKey, users.emailKey)),
  )
  const isChange = and(works, eq(emailTokens.purpose, 'change'))
  const rows = (condition: SQL | undefined) =>
    sql`from ${emailTokens} join ${users} on ${users.id} = ${emailTokens.userId} where ${condition}`
  const exists = (condition: SQL | undefined) => sql`exists (select 1 ${rows(condition)})`
  const column = <T>(of: SQLiteColumn) =>
    sql<T>`(select ${of} from ${emailTokens} where ${emailTokens.tokenHash} = ${tokenHash})`
  return {
    works,
    rows,
    exists,
    /** The link changes the address, not only its spelling. */
    moves: exists(and(isChange, ne(emailTokens.emailKey, users.emailKey))),
    changes: exists(isChange),
    userId: column<number>(emailTokens.userId),
    emailHmac: column<string>(emailTokens.emailHmac),
  }
}
type LinkParts = ReturnType<typeof linkOf>

export type Verification =
  | { kind: 'verified'; userId: number }
  | { kind: 'changed'; userId: number; email: string; former: Recipient; mayNotify: boolean }
  | { kind: 'taken' }

/**
 * Uses a link of either purpose, once: every statement has the link's row as its condition, and the
 * last one deletes it. A change of address also voids the user's other links, carries failed
 * sign-ins over to the new address and frees resets there; a verification changes only
 * `email_verified`. Returns null if there is no such link. A link whose address was taken meanwhile
 * stays.
 */
export async function useVerification(
  db: Database,
  tokenHash: string,
  now: Date,
  location: string | null,
): Promise<Verification | null> {
  const link = linkOf(tokenHash, now)
  try {
    const { found, noticed, changed } = await batch(db, {
      found: selectLink(link),
      noticed: countNotice('email-changed', sql`${users.id} = ${link.userId}`, now, link.moves),
      carried: carryFailures(
        link.userId,
        'address',
        sql`${loginCounterKey('address', '')} || ${link.emailHmac}`,
        now,
        sql`${link.moves} and ${link.emailHmac} is not null`,
      ),
      released: releaseResets(link.emailHmac, link.changes),
      recorded: recordVerification(link, now, location),
      changed: storeAddress(link),
      deleted: deleteUsedLinks(tokenHash, link),
    })
    const [row] = found
    if (!row || changed.length === 0) return null
    const { userId, purpose, to, ...former } = row
    if (purpose === 'verify') return { kind: 'verified', userId }
    return { kind: 'changed', userId, email: to, former, mayNotify: noticed.length > 0 }
  } catch (error) {
    if (uniqueViolation(error) === 'users.email_key') return { kind: 'taken' }
    throw error
  }
}

const selectLink = ({ works }: LinkParts) =>
  build
    .select({
      ...recipientColumns,
      userId: users.id,
      purpose: emailTokens.purpose,
      // A batch of D1 returns objects: two columns of one name would be one.
      to: sql<string>`${emailTokens.email}`.as('to'),
    })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(works)

const recordVerification = ({ works, rows }: LinkParts, now: Date, location: string | null) => {
  const type = sql`case ${emailTokens.purpose} when 'change' then 'email_changed' else 'email_verified' end`
  return recordEventOf({ userId: users.id, type, at: now, location }, rows(works))
}

const storeAddress = ({ works }: LinkParts) =>
  build
    .update(users)
    .set({
      email: sql`${emailTokens.email}`,
      emailKey: sql`${emailTokens.emailKey}`,
      emailHmac: sql`${emailTokens.emailHmac}`,
      emailVerified: true,
    })
    .from(emailTokens)
    .where(and(eq(users.id, emailTokens.userId), works))
    .returning({ id: users.id })

/** Deletes the used link, and after a change of address all links of the user. */
function deleteUsedLinks(tokenHash: string, { userId }: LinkParts) {
  const wasChange = sql`exists (select 1 from ${emailTokens} as used
    where used.token_hash = ${tokenHash} and used.purpose = 'change')`
  const isVoid = or(eq(emailTokens.tokenHash, tokenHash), wasChange)
  return build.delete(emailTokens).where(ifPrevious(eq(emailTokens.userId, userId), isVoid))
}

export interface LinkPreview {
  username: string
  purpose: 'verify' | 'change'
}

/** The account that a link is about, without using the link. */
export async function findLink(
  db: Database,
  tokenHash: string,
  now: Date,
): Promise<LinkPreview | null> {
  const { works } = linkOf(tokenHash, now)
  const found = await db
    .select({ username: users.username, purpose: emailTokens.purpose })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(works)
    .get()
  // `works` selects no link of a reset.
  return found && found.purpose !== 'reset' ? { ...found, purpose: found.purpose } : null
}

/**
 * Voids a link whose recipient does not know the account. While the address of the account is
 * unproven, the account's sessions end, and its password, identities and links are removed. Returns
 * the user, or null if there is no such link.
 */
export async function disownLink(
  db: Database,
  tokenHash: string,
  unusableHash: string,
  now: Date,
  location: string | null,
): Promise<{ userId: number; isReset: boolean } | null> {
  const link = linkOf(tokenHash, now)
  const isUnproven = and(
    link.works,
    eq(emailTokens.purpose, 'verify'),
    eq(users.emailVerified, false),
  )
  const isSquatted = link.exists(isUnproven)
  const { found, reset } = await batch(db, {
    found: selectLink(link),
    recorded: recordEventOf(
      { userId: users.id, type: 'sessions_ended', at: now, location },
      link.rows(isUnproven),
    ),
    ended: build.delete(sessions).where(and(sql`${sessions.userId} = ${link.userId}`, isSquatted)),
    identities: dropUnprovenIdentities(link.userId, isSquatted),
    reset: build
      .update(users)
      .set({ passwordHash: unusableHash, hasPassword: false })
      .where(and(sql`${users.id} = ${link.userId}`, isSquatted))
      .returning({ id: users.id }),
    deleted: build
      .delete(emailTokens)
      .where(
        or(
          and(eq(emailTokens.tokenHash, tokenHash), link.exists(link.works)),
          and(sql`${emailTokens.userId} = ${link.userId}`, isSquatted),
        ),
      ),
  })
  const [row] = found
  return row ? { userId: row.userId, isReset: reset.length > 0 } : null
}
