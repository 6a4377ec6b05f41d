/** Sessions in D1, refreshed, seen and ended: one function is one round trip. */
import { and, desc, eq, gt, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Caller, Scope } from '../actor'
import type { Database } from '../db'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { events, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'
import { REPEAT_MS } from './rules'

export interface Rotation {
  moved: boolean
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

/**
 * Moves a session's counter from `counter` to the next, if it is there (one compare-and-set), and reads the row. A token
 * that is neither current nor the parent of the last few seconds ends the session, and says so in the events.
 */
export async function rotateSession(
  db: Database,
  { sessionId, counter, clientId }: { sessionId: string; counter: number; clientId: string },
  asked: readonly Scope[],
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
  location: string | null,
): Promise<Rotation> {
  const ms = now.getTime()
  const isSession = and(eq(sessions.id, sessionId), eq(sessions.clientId, clientId))
  const reused = and(
    isSession,
    ne(sessions.counter, counter),
    sql`not (${sessions.counter} = ${counter + 1} and ${sessions.rotatedAt} >= ${ms - REPEAT_MS})`,
  )
  const hasScope = asked.map(
    (scope) => sql`instr(' ' || ${sessions.scope} || ' ', ${` ${scope} `}) > 0`,
  )
  // A session of somebody who was an admin still has the scope, but not the role; something must be left to grant.
  const hasRole = asked.includes('admin')
    ? sql`${users.role} = 'admin'`
    : sql`(${users.role} = 'admin' or ${sessions.scope} <> 'admin')`
  const [moved, rows] = await db.batch([
    db
      .update(sessions)
      .set({
        counter: counter + 1,
        rotatedAt: now,
        lastUsedAt: now,
        expiresAt: sql`min(${ms + limits.refreshIdleMs}, ${sessions.createdAt} + ${limits.refreshMaxMs})`,
        location: sql`coalesce(${location}, ${sessions.location})`,
      })
      .where(
        and(
          isSession,
          eq(sessions.counter, counter),
          gt(sessions.expiresAt, now),
          sql`exists (select 1 from ${users} where ${users.id} = ${sessions.userId} and ${users.isActive} = 1 and ${hasRole})`,
          ...hasScope,
        ),
      )
      .returning({ id: sessions.id }),
    db
      .select({
        // In a batch, D1 answers with objects: no two columns may have one name.
        ...privateColumns,
        counter: sessions.counter,
        clientId: sessions.clientId,
        scope: sessions.scope,
        rotatedAt: sessions.rotatedAt,
        expiresAt: sessions.expiresAt,
      })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(and(isSession, gt(sessions.expiresAt, now), eq(users.isActive, true))),
    recordFromSession(db, 'refresh_reused', reused, now, location),
    db.delete(sessions).where(reused),
  ])
  const row = rows[0]
  return { moved: moved.length > 0, session: row && { ...row, id: sessionId, user: row } }
}

/** Ends a session that its own token asked to end. One that is gone already is fine (RFC 7009 §2.2). */
export async function endSession(
  db: Database,
  sessionId: string,
  now: Date,
  location: string | null,
): Promise<number | null> {
  const isSession = eq(sessions.id, sessionId)
  const [, ended] = await db.batch([
    recordFromSession(db, 'logout', isSession, now, location),
    db.delete(sessions).where(isSession).returning({ userId: sessions.userId }),
  ])
  return ended[0]?.userId ?? null
}

/** An event for each session that the condition fits, written before the session is deleted. */
export const recordFromSession = (
  db: Database,
  type: 'refresh_reused' | 'logout' | 'session_ended',
  condition: SQL | undefined,
  now: Date,
  location: string | null,
) =>
  recordEventOf(
    db,
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
    recordFromSession(db, 'session_ended', own, now, location),
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
      db,
      { ...caller, type: 'sessions_ended', at: now, location },
      sql`where changes() > 0`,
    ).returning({ id: events.id }),
  ])
  return recorded.length > 0
}
