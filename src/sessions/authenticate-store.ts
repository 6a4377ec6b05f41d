/** Sign-ins in D1: the trip before the hash, and the one after it when the password was right. */
import { and, eq, not, placeholder, sql } from 'drizzle-orm'
import type { Scope } from '../actor'
import {
  clearAttempts,
  type LoginKind,
  readWait,
  reserveAttempt,
  type Wait,
} from '../credentials/throttle'
import type { Database } from '../db'
import { recordEventOf } from '../db/events'
import { insertSelect } from '../db/insert-select'
import { prepared } from '../db/prepared'
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

/** The statements before the hash, for one kind of login. */
function attemptBy(column: 'emailKey' | 'usernameKey') {
  const isLogin = eq(users[column], placeholder('login'))
  const userId = sql<number | null>`(select ${users.id} from ${users} where ${isLogin})`
  const count = { key: placeholder('key'), userId, kind: 'signIn' } as const
  return {
    reserve: prepared((db) => reserveAttempt(db, count, placeholder('now'))),
    record: prepared((db) =>
      recordEventOf(
        db,
        {
          userId: sql`coalesce(${userId}, 0)`,
          type: 'login_failed',
          at: placeholder('now'),
          location: placeholder('location'),
        },
        sql`where changes() > 0`,
      ).returning({ id: events.id }),
    ),
    readAccount: prepared((db) =>
      db
        .select({ ...privateColumns, passwordHash: users.passwordHash })
        .from(users)
        .where(isLogin),
    ),
  }
}
const attempts = { address: attemptBy('emailKey'), name: attemptBy('usernameKey') }

/**
 * Counts an attempt to sign in and reads the account, before any hash is computed. Known and unknown logins run the same
 * statements and write the same rows, under `loginHmac`, so that neither time nor waits tell them apart.
 */
export async function reserveSignIn(
  db: Database,
  login: { kind: LoginKind; key: string; loginHmac: string },
  now: Date,
  location: string | null,
): Promise<
  | { kind: 'counted'; attempt: Attempt }
  | { kind: 'wait'; wait: Wait | undefined; userId: number | null }
> {
  const { reserve, record, readAccount } = attempts[login.kind]
  const values = { login: login.key, key: login.loginHmac, now: now.getTime(), location }
  const [reserved, recorded, [wait], [account]] = await db.batch([
    reserve(db, values),
    record(db, values),
    readWait(db, values),
    readAccount(db, values),
  ])
  if (reserved.length === 0 || !recorded[0])
    return { kind: 'wait', wait, userId: account?.id ?? null }
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

const isUnchanged = and(
  eq(users.id, placeholder('userId')),
  eq(users.passwordHash, placeholder('passwordHash')),
)

const insertSession = prepared(() =>
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
    },
    sql`from ${users} where ${and(isUnchanged, eq(users.isActive, true))}`,
  ).returning({ id: sessions.id }),
)

/** Makes the attempt's event the event of the session that the statement before has started. */
const relabelLogin = prepared((db) =>
  db
    .update(events)
    .set({ type: 'login', sessionId: sql`${placeholder('id')}` })
    .where(and(eq(events.id, placeholder('eventId')), sql`changes() > 0`)),
)

/**
 * After a right password: forgets the failures and starts the session, unless the password changed or the account was
 * disabled meanwhile. `replaces` then ends the browser's former session, whosever it is (`replacedUserId`); `rehashed` stores a stronger hash,
 * and without a session the attempt leaves no event then: whether the password is still right is not known.
 */
export async function startSession(
  db: Database,
  { account, eventId }: Attempt & { account: Account },
  session: NewSession,
  now: Date,
  { replaces, rehashed }: { replaces?: string | undefined; rehashed?: string | undefined },
): Promise<{ hasStarted: boolean; replacedUserId: number | null }> {
  const { id: userId, passwordHash } = account
  const isAccount = { userId, passwordHash }
  const isThere = sql`exists (select 1 from ${sessions} where ${sessions.id} = ${session.id})`
  const former = replaces === undefined ? undefined : and(eq(sessions.id, replaces), isThere)
  const [started, ...rest] = await db.batch([
    insertSession(db, {
      ...session,
      ...isAccount,
      scope: session.scope.join(' '),
      now: now.getTime(),
      expiresAt: session.expiresAt.getTime(),
    }),
    relabelLogin(db, { id: session.id, eventId }),
    clearAttempts(db, userId),
    ...(rehashed
      ? [
          replaceHash(db, { ...isAccount, rehashed }),
          db.delete(events).where(and(eq(events.id, eventId), not(isThere))),
        ]
      : []),
    ...(former
      ? [
          recordFromSession(db, 'logout', former, now, session.location),
          db.delete(sessions).where(former).returning({ userId: sessions.userId }),
        ]
      : []),
  ])
  const replaced = (former ? rest.at(-1) : []) as { userId: number }[]
  return { hasStarted: started.length > 0, replacedUserId: replaced[0]?.userId ?? null }
}

const replaceHash = prepared((db) =>
  db
    .update(users)
    .set({ passwordHash: sql`${placeholder('rehashed')}` })
    .where(isUnchanged),
)

/** A right password that may not sign in (an unconfirmed address): the failures are forgotten all the same. */
export const clearFailures = (db: Database, userId: number) => clearAttempts(db, userId).run()
