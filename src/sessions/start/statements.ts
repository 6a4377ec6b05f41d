/** The statements of a batch that starts a session. */
import { and, eq, not, placeholder, type SQL, sql } from 'drizzle-orm'
import type { Scope } from '../../actor'
import type { Account } from '../../credentials/account'
import { isLatestEvent, type Proof, type UsedToken } from '../../credentials/proof'
import { ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { prepared } from '../../db/prepared'
import { events, sessions, users } from '../../db/schema'
import { type Amr, formatAmr, type Method } from '../../security/auth-methods'
import { MAX_SESSIONS } from '../rules'
import { recordFromSession } from '../store'

export interface NewSession {
  id: string
  clientId: string
  scope: readonly Scope[]
  /** The factors that the user has proven, in the order of use. */
  methods: readonly Method[]
  amr: readonly Amr[]
  now: Date
  expiresAt: Date
  userAgent: string | null
  location: string | null
}

/** The parts of the batch that completes a sign-in. */
export interface Completion {
  account: Account
  /** The event of the counted password. It becomes the event of the sign-in. */
  eventId: number | null
  /** The proof of the last factor, if that is no password. */
  proof: Proof | null
  /** The pending sign-in that ends with it. */
  pending: UsedToken | null
  /** The session of the same browser that ends with it, even if it belongs to another user. */
  replaces: string | null
  /** A stronger hash of the same password. */
  rehashed: string | null
}

/** The account is as it was read: active, with the same password and the same factors. */
const isUnchanged = sql`${and(
  eq(users.id, placeholder('userId')),
  eq(users.passwordHash, placeholder('passwordHash')),
  eq(users.factors, placeholder('factors')),
  eq(users.isActive, true),
)}`
const accountValues = ({ id, passwordHash, factors }: Account) => ({
  userId: id,
  passwordHash,
  factors,
})

const insertFrom = (from: SQL) =>
  insertSelect(
    sessions,
    {
      id: placeholder('id'),
      userId: users.id,
      clientId: placeholder('clientId'),
      scope: placeholder('scope'),
      rotatedAt: placeholder('now'),
      createdAt: placeholder('now'),
      lastUsedAt: placeholder('now'),
      expiresAt: placeholder('expiresAt'),
      userAgent: placeholder('userAgent'),
      location: placeholder('location'),
      amr: placeholder('amr'),
      authTime: placeholder('now'),
    },
    from,
  ).returning({ id: sessions.id })
const insertUnproven = prepared(() => insertFrom(sql`from ${users} where ${isUnchanged}`))
const insertProven = prepared(() => insertFrom(sql`from ${users} where ${ifPrevious(isUnchanged)}`))

/**
 * Inserts the session unless the account changed. With a proof, the previous statement must have
 * used it up.
 */
export function insertSession({ account, proof }: Completion, session: NewSession) {
  const insert = proof ? insertProven : insertUnproven
  return insert({
    ...accountValues(account),
    ...session,
    scope: session.scope.join(' '),
    amr: formatAmr(session.amr),
    now: session.now.getTime(),
    expiresAt: session.expiresAt.getTime(),
  })
}

const relabelLogin = prepared(() =>
  build
    .update(events)
    .set({ type: 'login', sessionId: sql`${placeholder('id')}` })
    .where(ifPrevious(eq(events.id, placeholder('eventId')))),
)

/** The event of the session, if the previous statement started it. */
export function recordLogin({ account, eventId, proof }: Completion, session: NewSession) {
  const { id: sessionId, now, location } = session
  // A counted proof has just recorded its own event.
  if (proof?.counter) {
    return build
      .update(events)
      .set({ type: 'login', sessionId })
      .where(ifPrevious(isLatestEvent(account.id)))
  }
  if (eventId !== null) return relabelLogin({ id: sessionId, eventId })
  return recordEventOf(
    { userId: account.id, type: 'login', at: now, sessionId, location },
    sql`where ${ifPrevious()}`,
  )
}

const relabelRequired = prepared(() =>
  build
    .update(events)
    .set({ type: 'second_factor_required' })
    .where(
      and(
        eq(events.id, placeholder('eventId')),
        sql`exists (select 1 from ${users} where ${isUnchanged})`,
      ),
    )
    .returning({ id: events.id }),
)
const recordRequiredEvent = prepared(() =>
  recordEventOf(
    {
      userId: users.id,
      type: 'second_factor_required',
      at: placeholder('now'),
      location: placeholder('location'),
    },
    sql`from ${users} where ${isUnchanged}`,
  ).returning({ id: events.id }),
)

/** The first factor was right and does not suffice. Records nothing if the account changed. */
export function recordRequired(
  { account, eventId }: Completion,
  { now, location }: { now: Date; location: string | null },
) {
  const values = accountValues(account)
  return eventId === null
    ? recordRequiredEvent({ ...values, now: now.getTime(), location })
    : relabelRequired({ ...values, eventId })
}

/** The sessions of a user beyond the newest ones that an account may have. */
const isBeyondLimit = sql`${sessions.id} in (select id from ${sessions} as newest
  where newest.user_id = ${placeholder('userId')} and newest.kind = 'login'
  order by newest.created_at desc, newest.id desc limit -1 offset ${sql.raw(`${MAX_SESSIONS}`)})`

export const recordBeyondLimit = prepared(() =>
  recordEventOf(
    {
      userId: sessions.userId,
      type: 'logout',
      at: placeholder('now'),
      sessionId: sessions.id,
      location: placeholder('location'),
    },
    sql`from ${sessions} where ${isBeyondLimit}`,
  ),
)
export const endBeyondLimit = prepared(() =>
  build.delete(sessions).where(ifPrevious(isBeyondLimit)).returning({ id: sessions.id }),
)

/** Ends the session that the new one replaces, if `condition` holds. */
export function endReplaced(
  { replaces }: Completion,
  condition: SQL,
  { now, location }: NewSession,
) {
  const isReplaced = replaces === null ? undefined : and(eq(sessions.id, replaces), condition)
  return {
    replaceRecorded: isReplaced && recordFromSession('logout', isReplaced, now, location),
    replaced:
      isReplaced && build.delete(sessions).where(isReplaced).returning({ userId: sessions.userId }),
  }
}

const replaceHash = prepared(() =>
  build
    .update(users)
    .set({ passwordHash: sql`${placeholder('rehashed')}` })
    .where(isUnchanged),
)

/**
 * Stores a stronger hash of the password. If `condition` does not hold, the attempt leaves no
 * event: a concurrent sign-in may have stored one first.
 */
export function storeRehashed({ account, eventId, rehashed }: Completion, condition: SQL) {
  if (rehashed === null || eventId === null) return { rehashed: undefined, discarded: undefined }
  return {
    rehashed: replaceHash({ ...accountValues(account), rehashed }),
    discarded: build.delete(events).where(and(eq(events.id, eventId), not(condition))),
  }
}

/** Whether `recordRequired` has recorded the event of a counted password. */
export const isRequiredRecorded = ({ eventId }: Completion) =>
  sql`exists (select 1 from ${events}
    where ${and(eq(events.id, eventId ?? 0), eq(events.type, 'second_factor_required'))})`
