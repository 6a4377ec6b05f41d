/** Refreshes in D1. All statements are prepared, since refreshes are frequent. */
import {
  and,
  eq,
  gt,
  gte,
  lt,
  ne,
  not,
  or,
  type Placeholder,
  placeholder,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import { SCOPES, type Scope } from '../../actor'
import type { Database } from '../../db'
import { batch, ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import type { EventType } from '../../db/event-types'
import { recordEventOf } from '../../db/events'
import { prepared } from '../../db/prepared'
import { sessions, users } from '../../db/schema'
import { type PrivateRow, privateColumns } from '../../user'
import { MAX_REPEATS, PARENT_GRACE_MS, type RotationOutcome } from '../rules'

export interface RefreshedSession {
  id: string
  counter: number
  clientId: string
  scope: string
  rotatedAt: Date
  expiresAt: Date
  /** How and when the user signed in: see `security/auth-methods.ts`. */
  amr: string
  authTime: Date
  user: PrivateRow & { factors: string }
}
export interface Rotation extends RotationOutcome {
  session: RefreshedSession | undefined
}

interface PresentedToken {
  sessionId: string
  counter: number
  clientId: string
}

const REPEATED: EventType = 'refresh_repeated'
const REUSED: EventType = 'refresh_reused'

const isSession = and(
  eq(sessions.id, placeholder('sessionId')),
  eq(sessions.clientId, placeholder('clientId')),
) as SQL
const isLive = and(isSession, gt(sessions.expiresAt, placeholder('now')))
const isCurrent = eq(sessions.counter, placeholder('counter'))
const isParent = and(
  eq(sessions.counter, placeholder('next')),
  gte(sessions.rotatedAt, placeholder('repeatsSince')),
) as SQL
const isRepeatable = and(isParent, lt(sessions.repeats, MAX_REPEATS))
const isReused = and(isSession, ne(sessions.counter, placeholder('counter')), not(isParent))

/** Whether the space-separated `list` contains `scope`. */
const includes = (list: SQL, scope: Scope) => sql`instr(' ' || ${list} || ' ', ${` ${scope} `}) > 0`
const requested = sql`${placeholder('requested')}`

/** The user of the session is active and has what the requested scopes need. */
const mayHaveScopes = (() => {
  // A former admin's session keeps the scope `admin`, but another scope must remain to be granted.
  const hasRole = or(
    eq(users.role, 'admin'),
    and(not(includes(requested, 'admin')), ne(sessions.scope, 'admin')),
  )
  const user = and(eq(users.id, sessions.userId), eq(users.isActive, true), hasRole)
  const hasScopes = SCOPES.map((scope) =>
    or(not(includes(requested, scope)), includes(sql`${sessions.scope}`, scope)),
  )
  return and(sql`exists (select 1 from ${users} where ${user})`, ...hasScopes)
})()

/** The value of a column after this refresh: a new one for the current token, else unchanged. */
const ifCurrent = (next: SQL | Placeholder, otherwise: SQLWrapper) =>
  sql`case when ${isCurrent} then ${next} else ${otherwise} end`
const idleEnd = sql`min(${placeholder('idleEnd')}, ${sessions.createdAt} + ${placeholder('maxMs')})`
const location = sql`coalesce(${placeholder('location')}, ${sessions.location})`

/** Moves the counter for the current token; counts a repeat of its parent. */
const moveOrCount = prepared(() =>
  build
    .update(sessions)
    .set({
      counter: sql`${placeholder('next')}`,
      repeats: ifCurrent(sql`0`, sql`${sessions.repeats} + 1`),
      rotatedAt: ifCurrent(placeholder('now'), sessions.rotatedAt),
      lastUsedAt: ifCurrent(placeholder('now'), sessions.lastUsedAt),
      expiresAt: ifCurrent(idleEnd, sessions.expiresAt),
      location: ifCurrent(location, sessions.location),
    })
    .where(and(isLive, or(and(isCurrent, mayHaveScopes), isRepeatable)))
    .returning({ repeats: sessions.repeats }),
)

const selectSession = prepared(() =>
  build
    .select({
      // A batch of D1 returns objects: no two columns may share a name.
      ...privateColumns,
      factors: users.factors,
      counter: sessions.counter,
      clientId: sessions.clientId,
      scope: sessions.scope,
      rotatedAt: sessions.rotatedAt,
      expiresAt: sessions.expiresAt,
      amr: sessions.amr,
      authTime: sql<Date>`coalesce(${sessions.authTime}, ${sessions.createdAt})`
        .mapWith(sessions.createdAt)
        .as('authenticated_at'),
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(isLive, eq(users.isActive, true))),
)

const isFirstRepeat = ifPrevious(isSession, eq(sessions.repeats, 1))

/** After `moveOrCount`, which leaves 0 repeats for the current token. */
const recordRefresh = prepared(() =>
  recordEventOf(
    {
      userId: sessions.userId,
      type: sql`case when ${isReused} then ${REUSED} else ${REPEATED} end`,
      at: placeholder('now'),
      sessionId: sessions.id,
      location: placeholder('location'),
    },
    sql`from ${sessions} where ${or(isReused, isFirstRepeat)}`,
  ),
)
const endReused = prepared(() => build.delete(sessions).where(isReused))

/**
 * Moves a session's counter from `counter` to the next (one compare-and-set) and reads the row. The
 * parent may be repeated for a few seconds, up to a maximum; the first repeat of a rotation leaves
 * an event. Any other token that is not current ends the session and leaves an event.
 */
export async function rotateSession(
  db: Database,
  { sessionId, counter, clientId }: PresentedToken,
  scopes: readonly Scope[],
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
  location: string | null,
): Promise<Rotation> {
  const ms = now.getTime()
  const values = {
    sessionId,
    clientId,
    counter,
    next: counter + 1,
    requested: scopes.join(' '),
    now: ms,
    repeatsSince: ms - PARENT_GRACE_MS,
    idleEnd: ms + limits.refreshIdleMs,
    maxMs: limits.refreshMaxMs,
    location,
  }
  const { refreshed, found } = await batch(db, {
    refreshed: moveOrCount(values),
    found: selectSession(values),
    // After the move, the presented token is the parent, and `recorded` and `ended` do nothing.
    recorded: recordRefresh(values),
    ended: endReused(values),
  })
  const [row] = found
  const repeats = refreshed[0]?.repeats
  return {
    moved: repeats === 0,
    repeated: repeats !== undefined && repeats > 0,
    session: row && { ...row, id: sessionId, user: row },
  }
}
