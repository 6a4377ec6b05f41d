/** The one room behind the three doors: a login and a password become a session, or the reason why not. */
import type { AnyContext, AppEnv, Scope } from '../context'
import { loginKey, waitSeconds } from '../db/attempts'
import { timeHash } from '../http/hashing'
import { logSecurity } from '../http/log'
import { problem } from '../http/problem'
import { issueAccessToken } from '../security/access-token'
import { enterGate } from '../security/hash-gate'
import { hmacIdentifier } from '../security/keyring'
import { dummyHash, hashPassword, needsRehash, verifyPassword } from '../security/password'
import { issueRefreshToken } from '../security/refresh-token'
import { randomId } from '../security/secret-token'
import { canonical, composed } from '../spelling'
import type { PrivateRow } from '../user'
import { grantScope, sessionEnd } from './rules'
import { beginSignIn, forgetFailures, startSession } from './sign-in-store'

export interface SignIn {
  /** E-mail address or username. */
  login: string
  password: string
  scope: readonly Scope[] | 'all'
  clientId: string
  /** The session that this one takes the place of (the browser's former one). */
  replaces?: string | undefined
}

/** Tokens of a session, and whom they belong to. */
export interface Grant {
  user: PrivateRow
  accessToken: string
  /** Seconds. */
  expiresIn: number
  refreshToken: string
  scope: string
  /** The end of the session unless it is refreshed. */
  sessionExpiresAt: Date
}

export type SignInResult =
  | { kind: 'signed-in'; grant: Grant }
  /** As many sign-ins as the isolate takes are under way, or another one was quicker: tried again, it is told more. */
  | { kind: 'busy' }
  | { kind: 'wait'; seconds: number }
  /** Unknown login, wrong password, disabled account: one answer (ASVS 6.3.8). */
  | { kind: 'wrong' }
  | { kind: 'unverified' }
  | { kind: 'beyond-role' }

/** Two trips to D1 after a right password, else one; exactly one Argon2id hash either way (two, once, for a weaker stored hash). */
export async function signIn(
  c: AnyContext,
  { login, password, scope, clientId, replaces }: SignIn,
): Promise<SignInResult> {
  const { db, keys, now, location, settings } = c.var as AppEnv['Variables']
  const leave = enterGate('sign-in', Date.now())
  if (!leave) return { kind: 'busy' }
  try {
    const name = canonical(composed(login))
    const kind = name.includes('@') ? 'address' : 'name'
    const begun = await beginSignIn(
      db,
      {
        kind,
        key: name,
        countKey: loginKey(kind, await hmacIdentifier(keys, name)),
      },
      now,
      location(),
    )
    if (begun.kind === 'wait') {
      logSecurity(c, 'attempt_refused', begun.userId)
      return { kind: 'wait', seconds: waitSeconds(begun.wait, 'signIn', now) }
    }
    const { account } = begun.attempt
    const isRight = await timeHash(c, () =>
      verifyPassword(password, account?.passwordHash ?? dummyHash),
    )
    if (!account || !isRight || !account.isActive) {
      logSecurity(c, 'login_failed', account?.id ?? null)
      return { kind: 'wrong' }
    }
    const granted = grantScope(scope, account.role)
    const unverified = settings.requireVerifiedEmail && !account.emailVerified
    if (unverified || !granted) {
      await forgetFailures(db, account.id)
      logSecurity(c, 'login_failed', account.id)
      return { kind: unverified ? 'unverified' : 'beyond-role' }
    }
    const rehashed = needsRehash(account.passwordHash)
      ? await timeHash(c, () => hashPassword(password))
      : undefined
    leave()
    const session = {
      id: randomId(),
      clientId,
      scope: granted,
      expiresAt: sessionEnd(now, now, settings),
      userAgent: c.req.header('User-Agent')?.slice(0, 255) ?? null,
      location: location(),
    }
    const attempt = { ...begun.attempt, account }
    const also = { replaces, rehashed }
    const { hasStarted, replacedOf } = await startSession(db, attempt, session, now, also)
    if (!hasStarted) {
      // Most likely another sign-in stored a stronger hash of the same password meanwhile: no failure.
      if (rehashed) {
        logSecurity(c, 'attempt_refused', account.id)
        return { kind: 'busy' }
      }
      logSecurity(c, 'login_failed', account.id)
      return { kind: 'wrong' }
    }
    logSecurity(c, 'login', account.id, session.id)
    if (replacedOf !== null) logSecurity(c, 'logout', replacedOf, replaces)
    return { kind: 'signed-in', grant: await issueGrant(c, account, { ...session, counter: 0 }) }
  } finally {
    leave()
  }
}

/**
 * What every door answers while no password is looked at: the isolate is full, or the login must wait. The same for known and unknown logins.
 * And, after a right password, when another sign-in was quicker.
 */
export const tryLater = (
  c: AnyContext,
  result: { kind: 'busy' } | { kind: 'wait'; seconds: number },
) =>
  result.kind === 'busy'
    ? problem(c, 'busy', { retryAfter: 1 })
    : problem(c, 'too-many-attempts', { retryAfter: result.seconds })

/** The tokens of a session as it stands in D1. */
export async function issueGrant(
  c: AnyContext,
  user: PrivateRow,
  session: {
    id: string
    counter: number
    clientId: string
    scope: readonly Scope[]
    expiresAt: Date
  },
): Promise<Grant> {
  const { keys, now, settings } = c.var as AppEnv['Variables']
  const { id: sessionId, counter, clientId, scope } = session
  const [accessToken, refreshToken] = await Promise.all([
    issueAccessToken(keys, {
      issuer: settings.appOrigin,
      userId: user.id,
      sessionId,
      clientId,
      scope,
      now,
      lifetimeSeconds: settings.accessTokenSeconds,
    }),
    issueRefreshToken(keys, { sessionId, counter }),
  ])
  return {
    user,
    accessToken,
    expiresIn: settings.accessTokenSeconds,
    refreshToken,
    scope: scope.join(' '),
    sessionExpiresAt: session.expiresAt,
  }
}
