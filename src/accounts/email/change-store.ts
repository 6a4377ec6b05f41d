/** Requests for links to an address, in D1. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { recipientColumns } from '../../credentials/account'
import { type Address, type Link, storeLink } from '../../credentials/email-tokens'
import { countMail, countNotice, mailCounterKey } from '../../credentials/mail-limit'
import {
  clearReauthAttempts,
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
  recordAct,
} from '../../credentials/reauth-store'
import { build } from '../../db/build'
import { emailTokens, users } from '../../db/schema'
import { withSession } from '../../db/session-guard'
import type { Recipient } from '../../mail/compose'

export type RequestedChange =
  | { kind: 'stored'; mayNotify: boolean }
  | { kind: 'taken'; owner: Recipient }
  | { kind: 'too-many-mails' }
  | { kind: 'wrong-password' }

/**
 * Stores a link to a new address, unless another account has the address: then `owner` is to be
 * notified. Stores none if the password changed since it was checked; the attempt is settled
 * anyway.
 * @throws SessionEnded
 */
export async function requestChange(
  actor: Actor,
  reauthenticated: Reauthenticated,
  link: Link,
  to: Address,
): Promise<RequestedChange> {
  const { now } = actor
  const { id } = reauthenticated.account
  const isSame = isHashUnchanged(reauthenticated)
  const isStillSame = sql`exists (select 1 from ${users} where ${isSame})`
  const isOthers = and(eq(users.emailKey, to.emailKey), ne(users.id, id))
  const isFree = sql`not exists (select 1 from ${users} as other
    where other.email_key = ${to.emailKey} and other.id <> ${id})`
  const isStored = sql`exists (select 1 from ${emailTokens}
    where ${emailTokens.tokenHash} = ${link.tokenHash})`
  const newAddressKey = sql`coalesce(
    ${mailCounterKey(eq(users.emailKey, to.emailKey))}, ${to.emailHmac})`
  const { counted, stored, same, others, noticed } = await withSession(actor, {
    cleared: clearReauthAttempts(reauthenticated),
    counted: countMail(newAddressKey, now, isStillSame),
    stored: storeLink(link, and(isSame, isFree), to),
    recorded: recordAct(actor, reauthenticated, 'email_change_requested', isStillSame),
    discarded: discardEvent(reauthenticated),
    same: build.select({ id: users.id }).from(users).where(isSame),
    others: build.select(recipientColumns).from(users).where(isOthers),
    noticed: countNotice('email-change-requested', eq(users.id, id), now, isStored),
  })
  if (same.length === 0) return { kind: 'wrong-password' }
  if (stored.length > 0) return { kind: 'stored', mayNotify: noticed.length > 0 }
  const [owner] = others
  return owner && counted.length > 0 ? { kind: 'taken', owner } : { kind: 'too-many-mails' }
}

export type RequestedVerification =
  | { kind: 'stored'; user: Recipient }
  | { kind: 'verified-before' | 'too-many-mails' }

/**
 * Stores a link to the caller's own address, unless it is proven or had enough mails.
 * @throws SessionEnded
 */
export async function requestVerification(
  actor: Actor,
  link: Link,
): Promise<RequestedVerification> {
  const { caller, now } = actor
  const isCaller = eq(users.id, caller.userId)
  const isUnproven = and(isCaller, eq(users.emailVerified, false))
  const { stored, found } = await withSession(actor, {
    counted: countMail(
      mailCounterKey(isCaller),
      now,
      sql`exists (select 1 from ${users} where ${isUnproven})`,
    ),
    stored: storeLink(link, isUnproven),
    found: build.select(recipientColumns).from(users).where(isCaller),
  })
  const [user] = found
  if (stored.length > 0 && user) return { kind: 'stored', user }
  return { kind: user?.emailVerified ? 'verified-before' : 'too-many-mails' }
}
