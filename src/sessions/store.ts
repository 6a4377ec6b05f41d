/** Sessions in D1: listed and ended. One function is one round trip. */
import { and, desc, eq, gt, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../actor'
import type { Database } from '../db'
import { ifPrevious } from '../db/batch'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { events, sessions } from '../db/schema'

/**
 * Ends a session that its own token asked to end. One that is gone already is fine (RFC 7009 §2.2).
 */
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
  type: 'logout' | 'session_ended',
  condition: SQL | undefined,
  now: Date,
  location: string | null,
) =>
  recordEventOf(
    { userId: sessions.userId, type, at: now, sessionId: sessions.id, location },
    sql`from ${sessions} where ${condition}`,
  )

/**
 * The caller's live sessions, newest first; `after` is the last of the page before. @throws
 * DeadSession
 */
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

/**
 * Ends all of the caller's sessions but the one that asks; false: there was no other. @throws
 * DeadSession
 */
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
