/** Sessions in D1: listed and ended. One function is one round trip. */
import { and, desc, eq, gt, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../actor'
import type { Database } from '../db'
import { batch, ifPrevious } from '../db/batch'
import { build } from '../db/build'
import { recordEventOf } from '../db/events'
import { events, sessions } from '../db/schema'
import { withSession } from '../db/session-guard'

/**
 * Ends the session of a token and returns its user. A session that has already ended is no error
 * (RFC 7009 §2.2).
 */
export async function endSession(
  db: Database,
  sessionId: string,
  now: Date,
  location: string | null,
): Promise<number | null> {
  const isSession = eq(sessions.id, sessionId)
  const { ended } = await batch(db, {
    recorded: recordFromSession('logout', isSession, now, location),
    ended: build.delete(sessions).where(isSession).returning({ userId: sessions.userId }),
  })
  return ended[0]?.userId ?? null
}

/** An event for each session that the condition selects, recorded before the session is deleted. */
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

/** The position of a session in the list. */
export interface SessionPosition {
  createdAt: Date
  id: string
}

/**
 * The caller's active sessions, newest first. `after` is the last session of the previous page.
 * @throws SessionEnded
 */
export async function listSessions(
  actor: Actor,
  { limit, after }: { limit: number; after: SessionPosition | null },
) {
  const isOwn = and(eq(sessions.userId, actor.caller.userId), gt(sessions.expiresAt, actor.now))
  const isOlder =
    after &&
    or(
      lt(sessions.createdAt, after.createdAt),
      and(eq(sessions.createdAt, after.createdAt), lt(sessions.id, after.id)),
    )
  const { rows } = await withSession(actor, {
    rows: build
      .select()
      .from(sessions)
      .where(and(isOwn, isOlder ?? undefined))
      .orderBy(desc(sessions.createdAt), desc(sessions.id))
      .limit(limit),
  })
  return rows
}

/** Ends one of the caller's sessions. Returns false if none has this id. @throws SessionEnded */
export async function endOwnSession(actor: Actor, id: string): Promise<boolean> {
  const isOwn = and(eq(sessions.id, id), eq(sessions.userId, actor.caller.userId))
  const { ended } = await withSession(actor, {
    recorded: recordFromSession('session_ended', isOwn, actor.now, actor.location),
    ended: build.delete(sessions).where(isOwn).returning({ id: sessions.id }),
  })
  return ended.length > 0
}

/** Ends all other sessions of the caller. Returns false if there was none. @throws SessionEnded */
export async function endOtherSessions(actor: Actor): Promise<boolean> {
  const { caller, now, location } = actor
  const isOther = and(eq(sessions.userId, caller.userId), ne(sessions.id, caller.sessionId))
  const { recorded } = await withSession(actor, {
    ended: build.delete(sessions).where(isOther),
    recorded: recordEventOf(
      { ...caller, type: 'sessions_ended', at: now, location },
      sql`where ${ifPrevious()}`,
    ).returning({ id: events.id }),
  })
  return recorded.length > 0
}
