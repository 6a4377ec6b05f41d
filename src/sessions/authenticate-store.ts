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
import { batch, ifPrevious } from '../db/batch'
import { build } from '../db/build'
import { discardUnowned, NO_ACCOUNT, recordEventOf } from '../db/events'
import { insertSelect } from '../db/insert-select'
import { prepared } from '../db/prepared'
import { events, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'
import { MAX_SESSIONS } from './rules'
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
    reserve: prepared(() => reserveAttempt(count, placeholder('now'))),
    record: prepared(() =>
      recordEventOf(
        {
          userId: sql`coalesce(${userId}, ${sql.raw(String(NO_ACCOUNT))})`,
          type: 'login_failed',
          at: placeholder('now'),
          location: placeholder('location'),
        },
        sql`where ${ifPrevious()}`,
      ).returning({ id: events.id }),
    ),
    readAccount: prepared(() =>
      build
        .select({ ...privateColumns, passwordHash: users.passwordHash })
        .from(users)
        .where(isLogin),
    ),
  }
}
const attempts = { address: attemptBy('emailKey'), name: attemptBy('usernameKey') }

/**
 * Counts an attempt to sign in and reads the account, before any hash is computed. Known and unknown
 * logins run the same statements and write to the same tables, counted under `loginHmac`, so that
 * neither time nor waits tell them apart. The event of an unknown login is not kept.
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
  const { reserved, recorded, wait, account } = await batch(db, {
    reserved: reserve(values),
    recorded: record(values),
    wait: readWait(values),
    account: readAccount(values),
    discarded: discardUnowned({}),
  })
  const [event] = recorded
  if (reserved.length === 0 || !event)
    return { kind: 'wait', wait: wait[0], userId: account[0]?.id ?? null }
  return { kind: 'counted', attempt: { account: account[0] ?? null, eventId: event.id } }
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

/** Turns the attempt's event into the event of the session that the previous statement started. */
const relabelLogin = prepared(() =>
  build
    .update(events)
    .set({ type: 'login', sessionId: sql`${placeholder('id')}` })
    .where(ifPrevious(eq(events.id, placeholder('eventId')))),
)

/** The sessions of a user beyond the newest ones that an account may have. */
const isBeyondLimit = sql`${sessions.id} in (select id from ${sessions} as newest
  where newest.user_id = ${placeholder('userId')} and newest.kind = 'login'
  order by newest.created_at desc, newest.id desc limit -1 offset ${sql.raw(`${MAX_SESSIONS}`)})`

const recordBeyondLimit = prepared(() =>
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
const endBeyondLimit = prepared(() =>
  build.delete(sessions).where(ifPrevious(isBeyondLimit)).returning({ id: sessions.id }),
)

export interface StartedSession {
  hasStarted: boolean
  /** The user whose session was replaced, or null. */
  replacedUserId: number | null
  /** The ids of the oldest sessions that ended because the account had too many. */
  endedIds: string[]
}

/**
 * After a correct password: clears the failures and starts the session, unless the password changed
 * or the account was disabled meanwhile. The oldest sessions beyond `MAX_SESSIONS` end.
 * `replaces` also ends the browser's previous session, even if it belongs to another user.
 * `rehashed` stores a stronger hash; if no session starts then, the attempt leaves no event, because
 * a concurrent sign-in may have stored one first.
 */
export async function startSession(
  db: Database,
  { account, eventId }: Attempt & { account: Account },
  session: NewSession,
  now: Date,
  { replaces, rehashed }: { replaces?: string | undefined; rehashed?: string | undefined },
): Promise<StartedSession> {
  const { id: userId, passwordHash } = account
  const { location } = session
  const isAccount = { userId, passwordHash }
  const hasStarted = sql`exists (select 1 from ${sessions} where ${sessions.id} = ${session.id})`
  const isReplaced = replaces === undefined ? undefined : and(eq(sessions.id, replaces), hasStarted)
  const { started, ended, replaced } = await batch(db, {
    started: insertSession({
      ...session,
      ...isAccount,
      scope: session.scope.join(' '),
      now: now.getTime(),
      expiresAt: session.expiresAt.getTime(),
    }),
    relabelled: relabelLogin({ id: session.id, eventId }),
    cleared: clearAttempts(userId),
    endRecorded: recordBeyondLimit({ userId, now: now.getTime(), location }),
    ended: endBeyondLimit({ userId }),
    rehashed: rehashed ? replaceHash({ ...isAccount, rehashed }) : undefined,
    discarded: rehashed
      ? build.delete(events).where(and(eq(events.id, eventId), not(hasStarted)))
      : undefined,
    replaceRecorded: isReplaced && recordFromSession('logout', isReplaced, now, location),
    replaced:
      isReplaced && build.delete(sessions).where(isReplaced).returning({ userId: sessions.userId }),
  })
  return {
    hasStarted: started.length > 0,
    replacedUserId: replaced?.[0]?.userId ?? null,
    endedIds: ended.map(({ id }) => id),
  }
}

const replaceHash = prepared(() =>
  build
    .update(users)
    .set({ passwordHash: sql`${placeholder('rehashed')}` })
    .where(isUnchanged),
)

/**
 * A correct password that may not sign in, because the address is unconfirmed or the scope exceeds
 * the role: clears the failures and names the event.
 */
export async function refuseLogin(db: Database, userId: number, eventId: number): Promise<void> {
  await batch(db, {
    cleared: clearAttempts(userId),
    relabelled: build.update(events).set({ type: 'login_refused' }).where(eq(events.id, eventId)),
  })
}
