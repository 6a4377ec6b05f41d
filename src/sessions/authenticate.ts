/** The one room behind the three doors: a login and a password become a session, or the reason why not. */
import type { Scope } from '../actor'
import type { AnyContext, AppEnv } from '../context'
import { loginCounterKey, waitSeconds } from '../credentials/throttle'
import { runHash } from '../http/hash-admission'
import { logSecurity } from '../http/log'
import { problem } from '../http/problem'
import { caseFold, normalizeInput } from '../normalize'
import { admit } from '../security/hash-queue'
import { hmacIdentifier } from '../security/keyring'
import { dummyHash, hashPassword, needsRehash, verifyPassword } from '../security/password'
import { randomId } from '../security/secret-token'
import { refuseLogin, reserveSignIn, startSession } from './authenticate-store'
import { type Grant, issueGrant } from './grant'
import { grantScope, sessionEnd } from './rules'

export interface SignInRequest {
  /** E-mail address or username. */
  login: string
  password: string
  scope: readonly Scope[] | 'all'
  clientId: string
  /** The session that this one takes the place of (the browser's former one). */
  replaces?: string | undefined
}

export type AuthenticateResult =
  | { kind: 'signed-in'; grant: Grant }
  /** As many sign-ins as the isolate takes are under way, or another one was quicker: tried again, it is told more. */
  | { kind: 'busy' }
  | { kind: 'wait'; seconds: number }
  /** Unknown login, wrong password, disabled account: one answer (ASVS 6.3.8). */
  | { kind: 'wrong' }
  | { kind: 'unverified' }
  | { kind: 'beyond-role' }

/** Two trips to D1 after a right password, else one; exactly one Argon2id hash either way (two, once, for a weaker stored hash). */
export async function authenticate(
  c: AnyContext,
  { login, password, scope, clientId, replaces }: SignInRequest,
): Promise<AuthenticateResult> {
  const { db, keys, now, location, settings } = c.var as AppEnv['Variables']
  const leave = admit('sign-in', Date.now())
  if (!leave) return { kind: 'busy' }
  try {
    const name = caseFold(normalizeInput(login))
    const kind = name.includes('@') ? 'address' : 'name'
    const begun = await reserveSignIn(
      db,
      {
        kind,
        key: name,
        loginHmac: loginCounterKey(kind, await hmacIdentifier(keys, name)),
      },
      now,
      location(),
    )
    if (begun.kind === 'wait') {
      logSecurity(c, 'attempt_refused', begun.userId)
      return { kind: 'wait', seconds: waitSeconds(begun.wait, 'signIn', now) }
    }
    const { account } = begun.attempt
    const isRight = await runHash(c, () =>
      verifyPassword(password, account?.passwordHash ?? dummyHash),
    )
    if (!account || !isRight || !account.isActive) {
      logSecurity(c, 'login_failed', account?.id ?? null)
      return { kind: 'wrong' }
    }
    const granted = grantScope(scope, account.role)
    const unverified = settings.requireVerifiedEmail && !account.emailVerified
    if (unverified || !granted) {
      await refuseLogin(db, account.id, begun.attempt.eventId)
      logSecurity(c, 'login_refused', account.id)
      return { kind: unverified ? 'unverified' : 'beyond-role' }
    }
    const rehashed = needsRehash(account.passwordHash)
      ? await runHash(c, () => hashPassword(password))
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
    const { hasStarted, replacedUserId, endedIds } = await startSession(
      db,
      attempt,
      session,
      now,
      also,
    )
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
    for (const id of endedIds) logSecurity(c, 'logout', account.id, id)
    if (replacedUserId !== null) logSecurity(c, 'logout', replacedUserId, replaces)
    return { kind: 'signed-in', grant: await issueGrant(c, account, { ...session, counter: 0 }) }
  } finally {
    leave()
  }
}

/**
 * What every door answers while no password is looked at: the isolate is full, or the login must wait. The same for known and unknown logins.
 * And, after a right password, when another sign-in was quicker.
 */
export const retryLater = (
  c: AnyContext,
  result: { kind: 'busy' } | { kind: 'wait'; seconds: number },
) =>
  result.kind === 'busy'
    ? problem(c, 'busy', { retryAfter: 1 })
    : problem(c, 'too-many-attempts', { retryAfter: result.seconds })
