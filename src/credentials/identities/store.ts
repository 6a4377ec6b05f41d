/** Identities in D1: found at a sign-in, linked, listed and unlinked. */
import { and, asc, eq, lt, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import type { Database } from '../../db'
import { batch, ifPrevious, single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { events, users } from '../../db/schema'
import { identities } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import type { Recipient } from '../../mail/compose'
import { caseFold } from '../../normalize'
import { randomId } from '../../security/secret-token'
import { type Account, accountColumns, recipientColumns } from '../account'
import { endOtherLogins } from '../factors'
import type { ProvenIdentity } from '../identity-providers/identity'
import { countNotice } from '../mail-limit'
import type { Proof, UsedToken } from '../proof'
import { hasOtherWayIn } from '../ways-in'
import { type KnownIdentity, MAX_IDENTITIES } from './rules'

export type IdentityRow = Omit<typeof identities.$inferSelect, 'userId'>

const shownColumns = {
  id: identities.id,
  issuer: identities.issuer,
  subject: identities.subject,
  provider: identities.provider,
  email: identities.email,
  createdAt: identities.createdAt,
  lastUsedAt: identities.lastUsedAt,
}
const isIdentity = ({ issuer, subject }: Pick<ProvenIdentity, 'issuer' | 'subject'>) =>
  and(eq(identities.issuer, issuer), eq(identities.subject, subject))

/** The number of a user's identities. */
const countOf = (userId: number) =>
  sql<number>`(select count(*) from ${identities} where ${eq(identities.userId, userId)})`

const selectByAddress = (email: string) =>
  build
    .select({ emailVerified: users.emailVerified })
    .from(users)
    .where(eq(users.emailKey, caseFold(email)))

/** The account of an identity, and the account of its proven address. One round trip. */
export async function findIdentity(
  db: Database,
  identity: ProvenIdentity,
): Promise<KnownIdentity<Account>> {
  const provenEmail = identity.isEmailProven ? identity.email : null
  const { linked, sameAddress } = await batch(db, {
    linked: build
      .select(accountColumns)
      .from(identities)
      .innerJoin(users, eq(users.id, identities.userId))
      .where(isIdentity(identity)),
    sameAddress: provenEmail === null ? undefined : selectByAddress(provenEmail),
  })
  return { account: linked[0] ?? null, sameAddress: sameAddress?.[0] ?? null }
}

/** The proof of a sign-in: it counts only if the identity is still linked to the account. */
export const identityProof = (
  identity: ProvenIdentity,
  { id }: Account,
  now: Date,
  token: UsedToken,
): Proof => ({
  method: 'fed',
  token,
  use: (condition) =>
    build
      .update(identities)
      .set({ lastUsedAt: now, email: identity.email })
      .where(and(isIdentity(identity), eq(identities.userId, id), condition))
      .returning({ id: identities.id }),
})

/** Inserts an identity for the users that `from` selects. */
export const insertIdentity = (
  { issuer, subject, email }: ProvenIdentity,
  provider: string,
  now: Date,
  from: SQL,
) =>
  insertSelect(
    identities,
    { id: randomId(), issuer, subject, provider, userId: users.id, email, createdAt: now },
    from,
  )

export type Linked =
  | { kind: 'linked'; owner: Recipient; mayNotify: boolean }
  /** It was linked to this account before. */
  | { kind: 'linked-before' }
  | { kind: 'taken' }
  | { kind: 'unproven' }
  | { kind: 'too-many' }

/**
 * Links an identity to the account of the actor, unless its address is unproven, it has the
 * maximum already, or the identity is linked.
 * @throws SessionEnded
 */
export async function linkIdentity(
  actor: Actor,
  identity: ProvenIdentity,
  provider: string,
): Promise<Linked> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const isOwner = eq(users.id, userId)
  const isBelowMaximum = lt(countOf(userId), MAX_IDENTITIES)
  const mayHaveMore = and(isOwner, eq(users.emailVerified, true), isBelowMaximum)
  const { owner, present, recorded, noticed } = await withSession(actor, {
    present: build
      .select({ userId: identities.userId })
      .from(identities)
      .where(isIdentity(identity)),
    linked: insertIdentity(
      identity,
      provider,
      now,
      sql`from ${users} where ${mayHaveMore}`,
    ).onConflictDoNothing(),
    recorded: recordEventOf(
      { userId, type: 'identity_linked', at: now, sessionId, location },
      sql`where ${ifPrevious()}`,
    ).returning({ id: events.id }),
    noticed: countNotice('identity-linked', isOwner, now, ifPrevious()),
    owner: build.select(recipientColumns).from(users).where(isOwner),
  })
  const [before] = present
  if (before) return { kind: before.userId === userId ? 'linked-before' : 'taken' }
  const account = single(owner)
  if (recorded.length > 0) return { kind: 'linked', owner: account, mayNotify: noticed.length > 0 }
  return { kind: account.emailVerified ? 'too-many' : 'unproven' }
}

/** Whether the account may link identities. @throws SessionEnded, StepUpRequired */
export async function mayLink(actor: Actor): Promise<'yes' | 'unproven' | 'too-many'> {
  const { userId } = actor.caller
  const { found } = await withSession(actor, {
    found: build
      .select({ isProven: users.emailVerified, count: countOf(userId) })
      .from(users)
      .where(eq(users.id, userId)),
  })
  const { isProven, count } = single(found)
  if (!isProven) return 'unproven'
  return count < MAX_IDENTITIES ? 'yes' : 'too-many'
}

/** Selects the identities of a user, oldest first. */
export const selectIdentitiesOf = (userId: number) =>
  build
    .select(shownColumns)
    .from(identities)
    .where(eq(identities.userId, userId))
    .orderBy(asc(identities.createdAt), asc(identities.id))

/** All identities of the caller, oldest first. @throws SessionEnded */
export async function listIdentities(actor: Actor): Promise<IdentityRow[]> {
  const { rows } = await withSession(actor, { rows: selectIdentitiesOf(actor.caller.userId) })
  return rows
}

export type Unlinked =
  | { kind: 'unlinked'; provider: string; owner: Recipient; mayNotify: boolean }
  | { kind: 'last-way-in' }
  | { kind: 'not-found' }

/**
 * Unlinks an identity, unless it is the last way to sign in. The other sign-ins of the user end:
 * one of them may have used the identity.
 * @throws SessionEnded, StepUpRequired
 */
export async function unlinkIdentity(actor: Actor, id: string): Promise<Unlinked> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const isOwner = eq(users.id, userId)
  const isTarget = and(eq(identities.id, id), eq(identities.userId, userId))
  // The statements before the removal leave the condition as it is.
  const mayUnlink = sql`exists (select 1 from ${identities} join ${users} on ${isOwner}
    where ${and(isTarget, hasOtherWayIn(actor, { identity: id }))})`
  const { found, owner, noticed, removed } = await withSession(actor, {
    found: build.select({ id: identities.id }).from(identities).where(isTarget),
    owner: build.select(recipientColumns).from(users).where(isOwner),
    recorded: recordEventOf(
      { userId, type: 'identity_unlinked', at: now, sessionId, location },
      sql`where ${mayUnlink}`,
    ),
    noticed: countNotice('identity-unlinked', isOwner, now, mayUnlink),
    othersEnded: endOtherLogins(caller, mayUnlink),
    removed: build
      .delete(identities)
      .where(and(isTarget, mayUnlink))
      .returning({ provider: identities.provider }),
  })
  const [gone] = removed
  if (gone)
    return { kind: 'unlinked', ...gone, owner: single(owner), mayNotify: noticed.length > 0 }
  return { kind: found.length > 0 ? 'last-way-in' : 'not-found' }
}
