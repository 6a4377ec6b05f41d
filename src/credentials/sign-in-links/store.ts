/** Sign-in links in D1. */
import { and, eq, gt, lt, or, sql } from 'drizzle-orm'
import type { AnonymousActor } from '../../actor'
import { batch, ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { discardUnowned, recordEventOf, userIdOrNone } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { users } from '../../db/schema'
import { signInLinks } from '../../db/schema-credentials'
import { LINK_LIFETIME_MS } from '../../limits'
import { type Account, accountColumns, recipientColumns } from '../account'
import type { Address } from '../email-tokens'
import { addressCounterKey, countMail } from '../mail-limit'
import type { Browser } from './browser'
import { judgeUse, MAX_WRONG_CODES, type UseVerdict } from './rules'

/** A link that is about to be stored and mailed. */
export interface NewLink extends Browser {
  tokenHash: string
}

/**
 * Stores a link for the active account that has proven an address, unless the address had too many
 * mails (`isRefused`). An unproven address counts as unknown: a stranger may have registered it.
 * Known and unknown addresses run the same statements and are counted alike.
 */
export async function requestLink(
  { db, now, location }: AnonymousActor,
  { emailKey, emailHmac }: Address,
  link: NewLink,
) {
  const isOwner = and(
    eq(users.emailKey, emailKey),
    eq(users.emailVerified, true),
    eq(users.isActive, true),
  )
  const { counted, stored, found } = await batch(db, {
    counted: countMail(addressCounterKey(isOwner, emailHmac), now),
    recorded: recordEventOf(
      { userId: userIdOrNone(isOwner), type: 'sign_in_link_requested', at: now, location },
      sql`where ${ifPrevious()}`,
    ),
    stored: insertSelect(
      signInLinks,
      {
        userId: users.id,
        ...link,
        wrongCodes: 0,
        createdAt: now,
        expiresAt: new Date(now.getTime() + LINK_LIFETIME_MS.signIn),
      },
      sql`from ${users} where ${ifPrevious(isOwner)}`,
    )
      .onConflictDoUpdate({
        target: signInLinks.userId,
        set: {
          tokenHash: sql`excluded.token_hash`,
          browserHash: sql`excluded.browser_hash`,
          code: sql`excluded.code`,
          wrongCodes: 0,
          createdAt: sql`excluded.created_at`,
          expiresAt: sql`excluded.expires_at`,
        },
      })
      .returning({ userId: signInLinks.userId }),
    found: build
      .select({ id: users.id, ...recipientColumns })
      .from(users)
      .where(isOwner),
    discarded: discardUnowned({}),
  })
  return { isRefused: counted.length === 0, user: found[0] ?? null, hasLink: stored.length > 0 }
}

/** A link as a browser presents it. */
export interface PresentedLink {
  tokenHash: string
  /** Null: the browser has no cookie. */
  browserHash: string | null
  code: string | undefined
}

/**
 * Uses a link up if its browser or its code is right. A wrong code is counted in the same batch, so
 * that parallel guesses cannot overrun the count, and leaves the event `login_failed`.
 */
export async function useLink(
  { db, now, location }: AnonymousActor,
  { tokenHash, browserHash, code }: PresentedLink,
): Promise<{ verdict: UseVerdict; account: Account | null }> {
  const isUsable = and(
    eq(signInLinks.tokenHash, tokenHash),
    gt(signInLinks.expiresAt, now),
    lt(signInLinks.wrongCodes, MAX_WRONG_CODES),
  )
  const isOfBrowser = browserHash === null ? sql`false` : eq(signInLinks.browserHash, browserHash)
  const hasCode = code === undefined ? sql`false` : sql`true`
  const isRightCode = code === undefined ? sql`false` : eq(signInLinks.code, code)
  const { found, used, counted } = await batch(db, {
    found: build
      .select(accountColumns)
      .from(signInLinks)
      .innerJoin(users, eq(users.id, signInLinks.userId))
      .where(isUsable),
    used: build
      .delete(signInLinks)
      .where(and(isUsable, or(isOfBrowser, isRightCode)))
      .returning({ userId: signInLinks.userId }),
    // A right code has deleted the row in the statement before, so only a wrong one is counted.
    counted: build
      .update(signInLinks)
      .set({ wrongCodes: sql`${signInLinks.wrongCodes} + 1` })
      .where(and(isUsable, hasCode))
      .returning({ wrongCodes: signInLinks.wrongCodes }),
    recorded: recordEventOf(
      { userId: signInLinks.userId, type: 'login_failed', at: now, location },
      sql`from ${signInLinks} where ${ifPrevious(eq(signInLinks.tokenHash, tokenHash))}`,
    ),
  })
  const verdict = judgeUse({
    isFound: found.length > 0,
    isUsed: used.length > 0,
    wrongCodes: counted[0]?.wrongCodes ?? null,
  })
  return { verdict, account: found[0] ?? null }
}
