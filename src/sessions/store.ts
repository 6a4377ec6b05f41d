/** Sessions in D1, refreshed, seen and ended: one function is one round trip. */
import { and, desc, eq, gt, gte, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Caller, Scope } from '../actor'
import type { Database } from '../db'
import { batch, ifPrevious } from '../db/batch'
import { build } from '../db/build'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { events, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'
import { MAX_REPEATS, REPEAT_MS, type RotationOutcome } from './rules'

export interface Rotation extends RotationOutcome {
  session:
    | {
        id: string
        counter: number
        clientId: string
        scope: string
        rotatedAt: Date
        expiresAt: Date
        user: PrivateRow
      }
    | undefined
}

interface PresentedToken {
  sessionId: string
  counter: number
  clientId: string
}

/** The user of a session is active and has what the requested scopes need. */
function mayHaveScopes(requested: readonly Scope[]) {
  // A former admin's session keeps the scope `admin`, but another scope must remain to be granted.
  const hasRole = requested.includes('admin')
    ? eq(users.role, 'admin')
    : or(eq(users.role, 'admin'), ne(sessions.scope, 'admin'))
  const hasScope = requested.map(
    (scope) => sql`instr(' ' || ${sessions.scope} || ' ', ${` ${scope} `}) > 0`,
  )
  const user = and(eq(users.id, sessions.userId), eq(users.isActive, true), hasRole)
  return and(sql`exists (select 1 from ${users} where ${user})`, ...hasScope)
}

/**
 * Moves a session's counter from `counter` to the next (one compare-and-set) and reads the row. The
 * parent may be repeated for a few seconds, up to a maximum; the first repeat of a rotation leaves an
 * event. Any other token that is not current ends the session and leaves an event.
 */
export async function rotateSession(
  db: Database,
  { sessionId, counter, clientId }: PresentedToken,
  requested: readonly Scope[],
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
  location: string | null,
): Promise<Rotation> {
  const isSession = and(eq(sessions.id, sessionId), eq(sessions.clientId, clientId))
  const isParent = and(
    eq(sessions.counter, counter + 1),
    gte(sessions.rotatedAt, new Date(now.getTime() - REPEAT_MS)),
  )
  const isReused = and(isSession, ne(sessions.counter, counter), sql`not (${isParent})`)
  const isLive = and(isSession, gt(sessions.expiresAt, now))
  const { moved, repeated, found } = await batch(db, {
    // Before the move, which would make its own token the parent.
    repeated: countRepeat(and(isLive, isParent, lt(sessions.repeats, MAX_REPEATS))),
    repeatRecorded: recordFromSession(
      'refresh_repeated',
      ifPrevious(isSession, eq(sessions.repeats, 1)),
      now,
      location,
    ),
    moved: moveCounter(
      and(isLive, eq(sessions.counter, counter), mayHaveScopes(requested)),
      { counter, now, location },
      limits,
    ),
    found: selectRotated(and(isLive, eq(users.isActive, true))),
    reuseRecorded: recordFromSession('refresh_reused', isReused, now, location),
    ended: build.delete(sessions).where(isReused),
  })
  const row = found[0]
  return {
    moved: moved.length > 0,
    repeated: repeated.length > 0,
    session: row && { ...row, id: sessionId, user: row },
  }
}

const moveCounter = (
  isCurrent: SQL | undefined,
  { counter, now, location }: { counter: number; now: Date; location: string | null },
  { refreshIdleMs, refreshMaxMs }: { refreshIdleMs: number; refreshMaxMs: number },
) =>
  build
    .update(sessions)
    .set({
      counter: counter + 1,
      repeats: 0,
      rotatedAt: now,
      lastUsedAt: now,
      expiresAt: sql`min(${now.getTime() + refreshIdleMs}, ${sessions.createdAt} + ${refreshMaxMs})`,
      location: sql`coalesce(${location}, ${sessions.location})`,
    })
    .where(isCurrent)
    .returning({ id: sessions.id })

const countRepeat = (isRepeat: SQL | undefined) =>
  build
    .update(sessions)
    .set({ repeats: sql`${sessions.repeats} + 1` })
    .where(isRepeat)
    .returning({ id: sessions.id })

const selectRotated = (isRotated: SQL | undefined) =>
  build
    .select({
      // A batch of D1 returns objects: no two columns may share a name.
      ...privateColumns,
      counter: sessions.counter,
      clientId: sessions.clientId,
      scope: sessions.scope,
      rotatedAt: sessions.rotatedAt,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(isRotated)

/** Ends a session that its own token asked to end. One that is gone already is fine (RFC 7009 §2.2). */
export async function endSession(
  db: Database,
  sessionId: string,
  now: Date,
  location: string | null,
): Promise<number | null> {
  const isSession = eq(sessions.id, sessionId)
  const [, ended] = await db.batch([
    recordFromSession('logout', isSession, now, location),
    db.delete(sessions).where(isSession).returning({ userId: sessions.userId }),
  ])
  return ended[0]?.userId ?? null
}

/** An event for each session that the condition fits, written before the session is deleted. */
export const recordFromSession = (
  type: 'refresh_reused' | 'refresh_repeated' | 'logout' | 'session_ended',
  condition: SQL | undefined,
  now: Date,
  location: string | null,
) =>
  recordEventOf(
    { userId: sessions.userId, type, at: now, sessionId: sessions.id, location },
    sql`from ${sessions} where ${condition}`,
  )

/** The caller's live sessions, newest first; `after` is the last of the page before. @throws DeadSession */
export async function listSessions(
  db: Database,
  caller: Caller,
  now: Date,
  limit: number,
  after: { createdAt: Date; id: string } | null,
) {
  const older =
    after &&
    or(
      lt(sessions.createdAt, after.createdAt),
      and(eq(sessions.createdAt, after.createdAt), lt(sessions.id, after.id)),
    )
  const [rows] = await asCaller(db, caller, now, [
    db
      .select()
      .from(sessions)
      .where(
        and(eq(sessions.userId, caller.userId), gt(sessions.expiresAt, now), older ?? undefined),
      )
      .orderBy(desc(sessions.createdAt), desc(sessions.id))
      .limit(limit),
  ])
  return rows
}

/** Ends one of the caller's sessions; false: none has this id. @throws DeadSession */
export async function endOwnSession(
  db: Database,
  caller: Caller,
  id: string,
  now: Date,
  location: string | null,
) {
  const own = and(eq(sessions.id, id), eq(sessions.userId, caller.userId))
  const [, ended] = await asCaller(db, caller, now, [
    recordFromSession('session_ended', own, now, location),
    db.delete(sessions).where(own).returning({ id: sessions.id }),
  ])
  return ended.length > 0
}

/** Ends all of the caller's sessions but the one that asks; false: there was no other. @throws DeadSession */
export async function endOtherSessions(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
) {
  const [, recorded] = await asCaller(db, caller, now, [
    db
      .delete(sessions)
      .where(and(eq(sessions.userId, caller.userId), ne(sessions.id, caller.sessionId))),
    recordEventOf(
      { ...caller, type: 'sessions_ended', at: now, location },
      sql`where ${ifPrevious()}`,
    ).returning({ id: events.id }),
  ])
  return recorded.length > 0
}
