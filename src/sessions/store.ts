/** Sessions in D1: one function is one round trip. */
import { and, desc, eq, gt, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Caller, Scope } from '../context'
import type { Database } from '../db'
import { clearAttempts, readWait, reserveAttempt, type Wait } from '../db/attempts'
import { recordEvent } from '../db/events'
import { asCaller } from '../db/live'
import { events, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'
import { REPEAT_MS } from './rules'

export type Account = PrivateRow & { passwordHash: string }
export interface Attempt {
  /** Null: no account has this login. */
  account: Account | null
  /** The row of the event, to be turned into `login` when the password is right. */
  eventId: number
}

/**
 * Counts an attempt to sign in and reads the account, before any hash is computed. Known and unknown logins run the same
 * statements and write the same rows, under `countKey`, so that neither time nor waits tell them apart.
 */
export async function beginSignIn(
  db: Database,
  login: { column: 'emailKey' | 'usernameKey'; key: string; countKey: string },
  now: Date,
  location: string | null,
): Promise<{ kind: 'counted'; attempt: Attempt } | { kind: 'wait'; wait: Wait | undefined }> {
  const isLogin = eq(users[login.column], login.key)
  const userId = sql<number | null>`(select ${users.id} from ${users} where ${isLogin})`
  const count = { key: login.countKey, userId, kind: 'signIn' } as const
  const [reserved, recorded, [wait], [account]] = await db.batch([
    reserveAttempt(db, count, now),
    db
      .insert(events)
      .select(
        sql`select null, coalesce(${userId}, 0), 'login_failed', ${now.getTime()}, null, ${location} where changes() > 0`,
      )
      .returning({ id: events.id }),
    readWait(db, count),
    db
      .select({ ...privateColumns, passwordHash: users.passwordHash })
      .from(users)
      .where(isLogin),
  ])
  if (reserved.length === 0 || !recorded[0]) return { kind: 'wait', wait }
  return { kind: 'counted', attempt: { account: account ?? null, eventId: recorded[0].id } }
}

export interface NewSession {
  id: string
  clientId: string
  scope: readonly Scope[]
  expiresAt: Date
  userAgent: string | null
  location: string | null
}

/**
 * After a right password: forgets the failures and starts the session, unless the password changed or the account was
 * disabled meanwhile (false). `replaces` ends the browser's former session; `rehashed` stores a stronger hash.
 */
export async function startSession(
  db: Database,
  attempt: Attempt & { account: Account },
  session: NewSession,
  now: Date,
  { replaces, rehashed }: { replaces?: string | undefined; rehashed?: string | undefined },
): Promise<boolean> {
  const { account } = attempt
  const unchanged = and(eq(users.id, account.id), eq(users.passwordHash, account.passwordHash))
  const [started] = await db.batch([
    db
      .insert(sessions)
      .select(
        db
          .select({
            id: sql<string>`${session.id}`.as('id'),
            userId: users.id,
            clientId: sql<string>`${session.clientId}`.as('client_id'),
            scope: sql<string>`${session.scope.join(' ')}`.as('scope'),
            counter: sql<number>`0`.as('counter'),
            rotatedAt: sql<Date>`${now.getTime()}`.as('rotated_at'),
            createdAt: sql<Date>`${now.getTime()}`.as('created_at'),
            lastUsedAt: sql<Date>`${now.getTime()}`.as('last_used_at'),
            expiresAt: sql<Date>`${session.expiresAt.getTime()}`.as('expires_at'),
            userAgent: sql<string | null>`${session.userAgent}`.as('user_agent'),
            location: sql<string | null>`${session.location}`.as('location'),
          })
          .from(users)
          .where(and(unchanged, eq(users.isActive, true))),
      )
      .returning({ id: sessions.id }),
    db
      .update(events)
      .set({ type: 'login', sessionId: session.id })
      .where(and(eq(events.id, attempt.eventId), sql`changes() > 0`)),
    clearAttempts(db, account.id),
    db.delete(sessions).where(replaces ? eq(sessions.id, replaces) : sql`false`),
    db
      .update(users)
      .set({ passwordHash: rehashed ?? account.passwordHash })
      .where(rehashed ? unchanged : sql`false`),
  ])
  return started.length > 0
}

/** A right password that may not sign in (an unconfirmed address): the failures are forgotten all the same. */
export const forgetFailures = (db: Database, userId: number) => clearAttempts(db, userId)

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
  { sessionId, counter }: { sessionId: string; counter: number },
  asked: readonly Scope[],
  now: Date,
  limits: { refreshIdleMs: number; refreshMaxMs: number },
  location: string | null,
): Promise<Rotation> {
  const ms = now.getTime()
  const isSession = eq(sessions.id, sessionId)
  const reused = and(
    isSession,
    ne(sessions.counter, counter),
    sql`not (${sessions.counter} = ${counter + 1} and ${sessions.rotatedAt} >= ${ms - REPEAT_MS})`,
  )
  const hasScope = asked.map(
    (scope) => sql`instr(' ' || ${sessions.scope} || ' ', ${` ${scope} `}) > 0`,
  )
  // A session of somebody who was an admin still has the scope, but not the role.
  const hasRole = asked.includes('admin') ? sql`${users.role} = 'admin'` : sql`true`
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
const recordFromSession = (
  db: Database,
  type: 'refresh_reused' | 'logout' | 'session_ended',
  condition: SQL | undefined,
  now: Date,
  location: string | null,
) =>
  db
    .insert(events)
    .select(
      sql`select null, ${sessions.userId}, ${type}, ${now.getTime()}, ${sessions.id}, ${location} from ${sessions} where ${condition}`,
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

/** Ends all of the caller's sessions but the one that asks. @throws DeadSession */
export async function endOtherSessions(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
) {
  await asCaller(db, caller, now, [
    db
      .delete(sessions)
      .where(and(eq(sessions.userId, caller.userId), ne(sessions.id, caller.sessionId))),
    recordEvent(db, {
      userId: caller.userId,
      type: 'sessions_ended',
      at: now,
      sessionId: caller.sessionId,
      location,
    }),
  ])
}
