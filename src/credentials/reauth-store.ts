/** Re-authentication in D1: counted before the hash is computed, and settled with the act. */
import { and, eq, not, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../actor'
import { ifPrevious, single } from '../db/batch'
import { build } from '../db/build'
import type { EventType } from '../db/event-types'
import { recordEventOf } from '../db/events'
import { events, users } from '../db/schema'
import { withSession } from '../db/session-guard'
import { needsRehash } from '../security/password'
import { type Account, selectAccount } from './account'
import { FRESH } from './step-up'
import { clearPasswordAttempts, readWait, reauthKey, reserveAttempt, type Wait } from './throttle'

/** A caller who may act: the password was right, or the session is fresh. */
export interface Reauthenticated {
  account: Account
  /** The event of the counted password. Null for a fresh session. */
  eventId: number | null
}
export type Counted =
  | ({ kind: 'counted' } & Reauthenticated)
  | { kind: 'wait'; wait: Wait | undefined }

/** Counts an attempt, unless the caller must wait, and reads the account. @throws SessionEnded */
export async function countAttempt(actor: Actor): Promise<Counted> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const count = reauthKey(userId)
  const { reserved, recorded, wait, account } = await withSession(actor, {
    reserved: reserveAttempt(count, now.getTime()),
    recorded: recordEventOf(
      { userId, type: 'password_rejected', at: now, sessionId, location },
      sql`where ${ifPrevious()}`,
    ).returning({ id: events.id }),
    wait: readWait({ key: count.key }),
    account: selectAccount(userId),
  })
  const [event] = recorded
  if (reserved.length === 0 || !event) return { kind: 'wait', wait: wait[0] }
  return { kind: 'counted', account: single(account), eventId: event.id }
}

/** The account of a caller whose session is fresh. @throws SessionEnded, StepUpRequired */
export async function findFresh(actor: Actor): Promise<Reauthenticated> {
  const { account } = await withSession(
    actor,
    { account: selectAccount(actor.caller.userId) },
    FRESH,
  )
  return { account: single(account), eventId: null }
}

/** Deletes the caller's failed passwords, if the password was right. */
export const clearReauthAttempts = ({ account, eventId }: Reauthenticated) =>
  eventId === null ? undefined : clearPasswordAttempts(account.id)

/** Makes the event of the attempt the event of the act, or records one, if `condition` holds. */
export function recordAct(
  { caller, now, location }: Actor,
  { eventId }: Reauthenticated,
  type: EventType,
  condition: SQL,
) {
  const { userId, sessionId } = caller
  return eventId === null
    ? recordEventOf({ userId, type, at: now, sessionId, location }, sql`where ${condition}`)
    : build
        .update(events)
        .set({ type })
        .where(and(eq(events.id, eventId), condition))
}

/** The row of the caller, while its hash is the one that was read. */
export const isHashUnchanged = ({ account }: Reauthenticated) =>
  and(eq(users.id, account.id), eq(users.passwordHash, account.passwordHash))

/**
 * Deletes the event of an attempt that led to nothing, unless the password has changed since: then
 * it was rejected. A weaker hash was most likely renewed by a sign-in, and nothing was rejected.
 */
export function discardEvent({ account, eventId }: Reauthenticated) {
  if (eventId === null) return undefined
  const { id, passwordHash } = account
  const isOther = sql`exists (select 1 from ${users}
    where ${users.id} = ${id} and ${users.passwordHash} <> ${passwordHash})`
  const isRenewable = needsRehash(passwordHash)
  return build
    .delete(events)
    .where(
      and(
        eq(events.id, eventId),
        eq(events.type, 'password_rejected'),
        isRenewable ? undefined : not(isOther),
      ),
    )
}

/** Settles a re-authentication without an act: the attempt leaves no trace. @throws SessionEnded */
export async function discardAttempt(
  actor: Actor,
  reauthenticated: Reauthenticated,
): Promise<void> {
  const { eventId } = reauthenticated
  if (eventId === null) return
  await withSession(actor, {
    cleared: clearReauthAttempts(reauthenticated),
    discarded: build.delete(events).where(eq(events.id, eventId)),
  })
}
