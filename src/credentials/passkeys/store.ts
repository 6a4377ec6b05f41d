/** Passkeys in D1: registered, listed, renamed and removed by their owner. */
import { and, asc, eq, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { uniqueViolation } from '../../db'
import { single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { users } from '../../db/schema'
import { passkeys } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import type { Recipient } from '../../mail/compose'
import type { VerifiedRegistration } from '../../security/webauthn/webauthn'
import { recipientColumns } from '../account'
import { dropUselessCodes, endOtherLogins, updateFactors } from '../factors'
import { countNotice } from '../mail-limit'
import { isTokenUsed, type UsedToken, useToken } from '../proof'
import { replaceCodes } from '../recovery-codes/store'
import { hasOtherWayIn } from '../ways-in'
import { MAX_PASSKEYS } from './rules'

export type PasskeyRow = Omit<typeof passkeys.$inferSelect, 'userId' | 'key' | 'counter' | 'aaguid'>
export type KnownPasskey = Pick<PasskeyRow, 'id' | 'transports' | 'rpId'>

const shownColumns = {
  id: passkeys.id,
  name: passkeys.name,
  backupEligible: passkeys.backupEligible,
  backedUp: passkeys.backedUp,
  transports: passkeys.transports,
  rpId: passkeys.rpId,
  createdAt: passkeys.createdAt,
  lastUsedAt: passkeys.lastUsedAt,
}

/** The owner of the passkeys, for options and mails. */
const ownerColumns = {
  ...recipientColumns,
  fullName: users.fullName,
  handle: users.handle,
}
export interface PasskeyOwner extends Recipient {
  fullName: string | null
  handle: string
}

const isOwner = ({ caller }: Actor) => eq(users.id, caller.userId)
const isOwn = ({ caller }: Actor) => eq(passkeys.userId, caller.userId)

const selectOwner = (actor: Actor) => build.select(ownerColumns).from(users).where(isOwner(actor))
/** Only deleted users have no handle, and the guard has found the session of this one. */
const ownerOf = (rows: (Omit<PasskeyOwner, 'handle'> & { handle: string | null })[]) => {
  const { handle, ...owner } = single(rows)
  return { ...owner, handle: handle ?? '' }
}

/** The owner alone. @throws SessionEnded, StepUpRequired */
export async function findOwner(actor: Actor): Promise<PasskeyOwner> {
  const { owner } = await withSession(actor, { owner: selectOwner(actor) })
  return ownerOf(owner)
}

/** Selects the passkeys of a user, oldest first. */
export const selectPasskeysOf = (userId: number) =>
  build
    .select(shownColumns)
    .from(passkeys)
    .where(eq(passkeys.userId, userId))
    .orderBy(asc(passkeys.createdAt), asc(passkeys.id))

/** All passkeys of the caller, oldest first, and their owner. @throws SessionEnded */
export async function listPasskeys(
  actor: Actor,
): Promise<{ owner: PasskeyOwner; rows: PasskeyRow[] }> {
  const { owner, rows } = await withSession(actor, {
    owner: selectOwner(actor),
    rows: selectPasskeysOf(actor.caller.userId),
  })
  return { owner: ownerOf(owner), rows }
}

export interface NewPasskey {
  verified: VerifiedRegistration
  name: string
  /** The challenge of the registration. */
  challenge: UsedToken
}

export type Added =
  | {
      kind: 'added'
      row: PasskeyRow
      owner: PasskeyOwner
      mayNotify: boolean
      /** Whether the account got the recovery codes, because it had no second factor. */
      hasNewCodes: boolean
    }
  | { kind: 'taken' }
  | { kind: 'challenge-used' }
  | { kind: 'unproven' }
  | { kind: 'too-many' }

/**
 * Stores a registered passkey, unless the address of the account is unproven or it has the maximum
 * already. The other sessions of the user end.
 * @throws SessionEnded, StepUpRequired
 */
export async function addPasskey(
  actor: Actor,
  passkey: NewPasskey,
  codeHashes: readonly string[],
): Promise<Added> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const { id } = passkey.verified
  const isAdded = sql`exists (select 1 from ${passkeys}
    where ${and(eq(passkeys.id, id), isOwn(actor), eq(passkeys.createdAt, now))})`
  try {
    const { added, owner, noticed, codesMade } = await withSession(actor, {
      // First, so that a repeated request learns that the passkey is registered.
      added: insertPasskey(actor, passkey),
      challengeUsed: useToken(passkey.challenge),
      // The first factor brings recovery codes, so this precedes the update of `users.factors`.
      ...replaceCodes(actor, codeHashes, sql`${isAdded} and ${hasNoFactor(actor)}`),
      factors: updateFactors(userId),
      othersEnded: endOtherLogins(caller, isAdded),
      recorded: recordEventOf(
        { userId, type: 'passkey_added', at: now, sessionId, location },
        sql`where ${isAdded}`,
      ),
      noticed: countNotice('passkey-added', isOwner(actor), now, isAdded),
      owner: selectOwner(actor),
    })
    const [row] = added
    if (row) {
      return {
        kind: 'added',
        row,
        owner: ownerOf(owner),
        mayNotify: noticed.length > 0,
        hasNewCodes: codesMade.meta.changes > 0,
      }
    }
    return { kind: single(owner).emailVerified ? 'too-many' : 'unproven' }
  } catch (error) {
    if (isTokenUsed(error)) return { kind: 'challenge-used' }
    if (uniqueViolation(error) === 'passkeys.id') return { kind: 'taken' }
    throw error
  }
}

const hasNoFactor = (actor: Actor) =>
  sql`exists (select 1 from ${users} where ${and(isOwner(actor), eq(users.factors, ''))})`

function insertPasskey(actor: Actor, { verified, name }: NewPasskey) {
  const { now, settings } = actor
  const { id, publicKey: key, counter, backupEligible, backedUp, transports, aaguid } = verified
  const count = sql`(select count(*) from ${passkeys} where ${isOwn(actor)})`
  const mayHaveMore = and(isOwner(actor), eq(users.emailVerified, true), lt(count, MAX_PASSKEYS))
  return insertSelect(
    passkeys,
    {
      id,
      userId: users.id,
      key,
      counter,
      backupEligible,
      backedUp,
      transports: transports.join(' '),
      aaguid,
      rpId: settings.passkeyRpId,
      name,
      createdAt: now,
    },
    sql`from ${users} where ${mayHaveMore}`,
  ).returning(shownColumns)
}

/** Renames a passkey; null if the caller has none with this id. @throws SessionEnded */
export async function renamePasskey(
  actor: Actor,
  id: string,
  name: string,
): Promise<PasskeyRow | null> {
  const { renamed } = await withSession(actor, {
    renamed: build
      .update(passkeys)
      .set({ name })
      .where(and(eq(passkeys.id, id), isOwn(actor)))
      .returning(shownColumns),
  })
  return renamed[0] ?? null
}

export type Removed =
  | { kind: 'removed'; owner: PasskeyOwner; mayNotify: boolean }
  | { kind: 'last-way-in' }
  | { kind: 'not-found' }

/**
 * Removes a passkey, unless it is the last way to sign in. The other sessions of the user end.
 * @throws SessionEnded, StepUpRequired
 */
export async function removePasskey(actor: Actor, id: string): Promise<Removed> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const isTarget = and(eq(passkeys.id, id), isOwn(actor))
  // The statements before the removal leave the condition as it is.
  const mayRemove = sql`exists (select 1 from ${passkeys} join ${users} on ${isOwner(actor)}
    where ${and(isTarget, isDispensable(actor, id))})`
  const { found, owner, noticed, removed } = await withSession(actor, {
    found: build.select({ id: passkeys.id }).from(passkeys).where(isTarget),
    owner: selectOwner(actor),
    recorded: recordEventOf(
      { userId, type: 'passkey_removed', at: now, sessionId, location },
      sql`where ${mayRemove}`,
    ),
    noticed: countNotice('passkey-removed', isOwner(actor), now, mayRemove),
    othersEnded: endOtherLogins(caller, mayRemove),
    removed: build.delete(passkeys).where(and(isTarget, mayRemove)).returning({ id: passkeys.id }),
    factors: updateFactors(userId),
    codesDropped: dropUselessCodes(userId),
  })
  if (removed.length > 0)
    return { kind: 'removed', owner: ownerOf(owner), mayNotify: noticed.length > 0 }
  return { kind: found.length > 0 ? 'last-way-in' : 'not-found' }
}

/** The passkey is of no use, or the account has another way to sign in. */
const isDispensable = (actor: Actor, id: string): SQL | undefined =>
  or(ne(passkeys.rpId, actor.settings.passkeyRpId), hasOtherWayIn(actor, { passkey: id }))
