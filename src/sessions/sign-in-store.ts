/** Sign-ins in D1: the trip before the hash, and the one after it when the password was right. */
import { and, eq, sql } from 'drizzle-orm'
import type { Scope } from '../context'
import type { Database } from '../db'
import { clearAttempts, readWait, reserveAttempt, type Wait } from '../db/attempts'
import { events, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'
import { recordFromSession } from './store'

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
 * disabled meanwhile (false). `replaces` then ends the browser's former session, whosever it is; `rehashed` stores a stronger hash.
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
  const hasStarted = sql`exists (select 1 from ${sessions} where ${sessions.id} = ${session.id})`
  const former = replaces === undefined ? undefined : and(eq(sessions.id, replaces), hasStarted)
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
    ...(former
      ? [
          recordFromSession(db, 'logout', former, now, session.location),
          db.delete(sessions).where(former),
        ]
      : []),
    ...(rehashed ? [db.update(users).set({ passwordHash: rehashed }).where(unchanged)] : []),
  ])
  return started.length > 0
}

/** A right password that may not sign in (an unconfirmed address): the failures are forgotten all the same. */
export const forgetFailures = (db: Database, userId: number) => clearAttempts(db, userId)
