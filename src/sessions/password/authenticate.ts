/** Password sign-in, shared by the three sign-in endpoints. */
import type { Scope } from '../../actor'
import type { AppContext } from '../../context'
import type { Account } from '../../credentials/account'
import { codeProof } from '../../credentials/factor-code'
import { loginCounterKey, waitSeconds } from '../../credentials/throttle'
import { endAdmission, runHash } from '../../http/hash-admission'
import { logSecurity } from '../../http/log'
import { caseFold, normalizeInput } from '../../normalize'
import { hmacIdentifier } from '../../security/keyring'
import { dummyHash, hashPassword, needsRehash, verifyPassword } from '../../security/password'
import type { FactorCode } from '../../security/totp'
import { grantScope, isSetupDue } from '../rules'
import { type Started, startSession } from '../start/start'
import { refuseLogin, reserveSignIn } from './store'

export interface SignInRequest {
  /** Email address or username. */
  login: string
  password: string
  scope: readonly Scope[] | 'all'
  clientId: string
  /** A code that completes the sign-in if the account needs a second factor. */
  code?: FactorCode | null
  /** The session of the browser's cookie, which the new one replaces. */
  replaces?: string | null
}

export type AuthenticateResult =
  | Exclude<Started, { kind: 'changed' | 'token-used' }>
  /** Too many passwords were wrong: none is checked. */
  | { kind: 'wait'; seconds: number }
  /** A concurrent sign-in stored another hash: retry. */
  | { kind: 'busy' }
  /** Unknown login, wrong password and disabled account are indistinguishable (ASVS 6.3.8). */
  | { kind: 'wrong' }
  | Refusal

/** A right password may not sign in. */
type Refusal =
  | { kind: 'unverified' }
  | { kind: 'beyond-role' }
  /** A second factor must be set up first, which needs the scope account. */
  | { kind: 'setup-due' }

/**
 * Two round trips after a right password, else one. Computes exactly one Argon2id hash, and a
 * second one if the stored hash is weaker than today's. The admission ends with the last hash.
 */
export async function authenticate(
  c: AppContext,
  request: SignInRequest,
): Promise<AuthenticateResult> {
  const verified = await verifyLogin(c, request)
  if (verified.kind !== 'verified') return verified
  const { account, eventId, secret } = verified
  const granted = judgeGrant(c, request, account)
  if (granted.kind !== 'granted') {
    await refuseLogin(c.var.db, account, eventId)
    logSecurity(c, 'login_refused', account.id)
    return granted
  }
  const rehashed = needsRehash(account.passwordHash)
    ? await runHash(c, () => hashPassword(request.password))
    : null
  endAdmission(c)
  const { clientId, replaces = null, code } = request
  const proof = code && account.factors ? await codeProof(c.var, account.id, code, secret) : null
  const { scope } = granted
  const signIn = { account, eventId, scope, clientId, replaces, rehashed, proof }
  const started = await startSession(c, { ...signIn, methods: ['pwd'] })
  return started.kind === 'changed' || started.kind === 'token-used'
    ? changedMeanwhile(c, account, rehashed !== null)
    : started
}

/** Decides the scope of a user with a right password. */
function judgeGrant(
  c: AppContext,
  request: SignInRequest,
  account: Account,
): Refusal | { kind: 'granted'; scope: readonly Scope[] } {
  const { requireVerifiedEmail, secondFactor } = c.var.settings
  if (requireVerifiedEmail && !account.emailVerified) return { kind: 'unverified' }
  const scope = grantScope(request.scope, account.role)
  if (!scope) return { kind: 'beyond-role' }
  if (isSetupDue(secondFactor, account) && !scope.includes('account')) return { kind: 'setup-due' }
  return { kind: 'granted', scope }
}

type VerifiedLogin =
  | { kind: 'verified'; account: Account; eventId: number; secret: string | undefined }
  | { kind: 'wait'; seconds: number }
  | { kind: 'wrong' }

/** Counts the attempt, then checks the password. One round trip. */
async function verifyLogin(
  c: AppContext,
  { login, password, code }: SignInRequest,
): Promise<VerifiedLogin> {
  const { db, keys, now, location } = c.var
  const key = caseFold(normalizeInput(login))
  const kind = key.includes('@') ? 'address' : 'name'
  const loginHmac = loginCounterKey(kind, await hmacIdentifier(keys, key))
  const withSecret = code?.kind === 'totp'
  const begun = await reserveSignIn(db, { kind, key, loginHmac, withSecret }, now, location())
  if (begun.kind === 'wait') {
    logSecurity(c, 'attempt_refused', begun.userId)
    return { kind: 'wait', seconds: waitSeconds(begun.wait, 'signIn', now) }
  }
  const { account, eventId, secret } = begun.attempt
  const isRight = await runHash(c, () =>
    verifyPassword(password, account?.passwordHash ?? dummyHash),
  )
  if (!account || !isRight || !account.isActive) {
    logSecurity(c, 'login_failed', account?.id ?? null)
    return { kind: 'wrong' }
  }
  return { kind: 'verified', account, eventId, secret }
}

/**
 * No session started, because the account changed. With a weaker hash, most likely a concurrent
 * sign-in stored a stronger one of the same password: no failure.
 */
function changedMeanwhile(c: AppContext, { id }: Account, isRehash: boolean): AuthenticateResult {
  logSecurity(c, isRehash ? 'attempt_refused' : 'login_failed', id)
  return { kind: isRehash ? 'busy' : 'wrong' }
}
