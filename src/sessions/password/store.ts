/** The password of a sign-in, in D1: the round trip before the hash, and a refusal after it. */
import { eq, placeholder, sql } from 'drizzle-orm'
import { type Account, accountColumns } from '../../credentials/account'
import { selectSecret } from '../../credentials/factor-code'
import {
  clearPasswordAttempts,
  type LoginKind,
  readWait,
  reserveAttempt,
  type Wait,
} from '../../credentials/throttle'
import type { Database } from '../../db'
import { batch, ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { discardUnowned, NO_ACCOUNT, recordEventOf } from '../../db/events'
import { prepared } from '../../db/prepared'
import { events, users } from '../../db/schema'
import { totp } from '../../db/schema-credentials'

export interface Attempt {
  /** Null: no account has this login. */
  account: Account | null
  /** The encrypted secret of the account's authenticator app, if it was asked for. */
  secret: string | undefined
  /** The event of the attempt, which becomes `login` if the sign-in completes. */
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
    readAccount: prepared(() => build.select(accountColumns).from(users).where(isLogin)),
    readSecret: prepared(() => selectSecret(sql`${totp.userId} = ${userId}`)),
  }
}
const attempts = { address: attemptBy('emailKey'), name: attemptBy('usernameKey') }

/**
 * Counts an attempt to sign in and reads the account, before any hash is computed. Known and
 * unknown logins run the same statements and write to the same tables, counted under `loginHmac`,
 * so that neither time nor waits tell them apart. The event of an unknown login is not kept.
 */
export async function reserveSignIn(
  db: Database,
  login: { kind: LoginKind; key: string; loginHmac: string; withSecret: boolean },
  now: Date,
  location: string | null,
): Promise<
  | { kind: 'counted'; attempt: Attempt }
  | { kind: 'wait'; wait: Wait | undefined; userId: number | null }
> {
  const { reserve, record, readAccount, readSecret } = attempts[login.kind]
  const values = { login: login.key, key: login.loginHmac, now: now.getTime(), location }
  const { reserved, recorded, wait, account, secret } = await batch(db, {
    reserved: reserve(values),
    recorded: record(values),
    wait: readWait(values),
    account: readAccount(values),
    secret: login.withSecret ? readSecret(values) : undefined,
    discarded: discardUnowned({}),
  })
  const [event] = recorded
  if (reserved.length === 0 || !event)
    return { kind: 'wait', wait: wait[0], userId: account[0]?.id ?? null }
  const attempt = { account: account[0] ?? null, eventId: event.id, secret: secret?.[0]?.secret }
  return { kind: 'counted', attempt }
}

/**
 * A correct password that may not sign in, because the address is unconfirmed or the scope exceeds
 * the role. Names the event, and clears the failures unless a second factor is still unproven.
 */
export async function refuseLogin(
  db: Database,
  { id, factors }: Account,
  eventId: number,
): Promise<void> {
  await batch(db, {
    cleared: factors === '' ? clearPasswordAttempts(id) : undefined,
    relabelled: build.update(events).set({ type: 'login_refused' }).where(eq(events.id, eventId)),
  })
}
