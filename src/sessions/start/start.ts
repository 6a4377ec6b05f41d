/**
 * The only way to start a session. Every way in (password, passkey, identity provider, mailed link)
 * ends here, so none can skip the second factor. `test/sessions/ways-in.test.ts` walks them.
 */
import type { Scope } from '../../actor'
import type { AppContext } from '../../context'
import type { Account } from '../../credentials/account'
import { isTokenUsed, type Proof, type UsedToken } from '../../credentials/proof'
import { waitSeconds } from '../../credentials/throttle'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { type Amr, amrOf, type Method } from '../../security/auth-methods'
import { randomId } from '../../security/secret-token'
import { formerSession } from '../cookie'
import { type Grant, issueGrant } from '../grant'
import { allScopesOf, FIRST_PARTY, isSecondFactorDue, sessionEnd } from '../rules'
import { issuePending, type Pending } from './pending'
import type { Completion, NewSession } from './statements'
import { insertStarted, type StartedSession, storeRequired } from './store'

/** A user who has proven a factor, and what the client asks for. */
export interface SignIn {
  account: Account
  /** The factors that were proven before: by a password, or in a pending sign-in. */
  methods: readonly Method[]
  /** A factor whose proof this sign-in uses up: a code, or an assertion of a passkey. */
  proof?: Proof | null
  clientId: string
  /** The requested scope as far as the user's role allows it (`grantScope`). */
  scope: readonly Scope[]
  /** The event of the counted password. */
  eventId?: number | null
  /** The pending sign-in that this one continues. */
  pending?: UsedToken | null
  /** The session of the browser's cookie, which ends. */
  replaces?: string | null
  /** A stronger hash of the password, to be stored. */
  rehashed?: string | null
}

export type Started =
  | { kind: 'signed-in'; grant: Grant }
  | { kind: 'second-factor-required'; pending: Pending }
  /** The proof is wrong, or was used before. */
  | { kind: 'wrong-proof' }
  /** The proof was not checked: too many were wrong. */
  | { kind: 'wait-for-code'; seconds: number }
  /** A challenge or a pending sign-in was used before. */
  | { kind: 'token-used' }
  /** The account is disabled, or its password or factors changed since it was read. */
  | { kind: 'changed' }

/** Starts a session, or a pending sign-in if the account needs a second factor. One round trip. */
export async function startSession(c: AppContext, signIn: SignIn): Promise<Started> {
  const { account, proof = null } = signIn
  const methods = [...signIn.methods, ...(proof ? [proof.method] : [])]
  const amr = amrOf(methods)
  const completion: Completion = {
    account,
    proof,
    eventId: signIn.eventId ?? null,
    pending: signIn.pending ?? null,
    replaces: signIn.replaces ?? null,
    rehashed: signIn.rehashed ?? null,
  }
  if (isSecondFactorDue(account.factors, amr))
    return requireSecondFactor(c, signIn, completion, amr)
  const session = newSession(c, signIn, methods, amr)
  try {
    const started = await insertStarted(c.var.db, completion, session)
    logStarted(c, completion, session, started)
    return await answer(c, completion, session, started)
  } catch (error) {
    if (isTokenUsed(error)) return { kind: 'token-used' }
    throw error
  }
}

/**
 * Starts the session of a browser, with all scopes of the user's role. It replaces the session of
 * the browser's cookie.
 */
export async function startBrowserSession(
  c: AppContext,
  signIn: Pick<SignIn, 'account' | 'methods' | 'proof'>,
): Promise<Started> {
  return startSession(c, {
    ...signIn,
    clientId: FIRST_PARTY,
    scope: allScopesOf(signIn.account.role),
    replaces: await formerSession(c),
  })
}

function newSession(
  c: AppContext,
  { clientId, scope }: SignIn,
  methods: readonly Method[],
  amr: readonly Amr[],
): NewSession {
  const { now, settings, location } = c.var
  return {
    id: randomId(),
    clientId,
    scope,
    methods,
    amr,
    now,
    expiresAt: sessionEnd(now, now, settings),
    userAgent: c.req.header('User-Agent')?.slice(0, 255) ?? null,
    location: location(),
  }
}

async function answer(
  c: AppContext,
  { account, proof }: Completion,
  session: NewSession,
  { hasStarted, isProven, wait }: StartedSession,
): Promise<Started> {
  if (wait) return { kind: 'wait-for-code', seconds: waitSeconds(wait, 'factor', session.now) }
  if (proof && !isProven) return { kind: 'wrong-proof' }
  if (!hasStarted) return { kind: 'changed' }
  const authentication = { time: session.now, amr: session.amr }
  const grant = await issueGrant(c, account, { ...session, counter: 0, authentication })
  return { kind: 'signed-in', grant }
}

/** Logs what the batch recorded, and mails the notice of an accepted proof. */
function logStarted(
  c: AppContext,
  { account, proof, replaces, eventId }: Completion,
  session: NewSession,
  { hasStarted, wait, endedIds, replacedUserId, mayNotify }: StartedSession,
) {
  if (proof && eventId !== null) logSecurity(c, 'second_factor_required', account.id)
  if (wait) logSecurity(c, 'attempt_refused', account.id)
  else if (proof?.counter && !hasStarted) logSecurity(c, 'second_factor_failed', account.id)
  if (!hasStarted) return
  logSecurity(c, 'login', account.id, session.id)
  for (const id of endedIds) logSecurity(c, 'logout', account.id, id)
  if (replacedUserId !== null) logSecurity(c, 'logout', replacedUserId, replaces ?? undefined)
  if (!proof?.notice) return
  logSecurity(c, proof.notice.event, account.id, session.id)
  if (mayNotify) mailLater(c, proof.notice.mail(c.var.settings.appOrigin, account))
}

async function requireSecondFactor(
  c: AppContext,
  { clientId, scope }: SignIn,
  completion: Completion,
  amr: readonly Amr[],
): Promise<Started> {
  const { db, now, location } = c.var
  const { account, rehashed, replaces } = completion
  const isRecorded = await storeRequired(db, completion, { now, location: location() })
  if (!isRecorded) return { kind: 'changed' }
  logSecurity(c, 'second_factor_required', account.id)
  const current = rehashed === null ? account : { ...account, passwordHash: rehashed }
  const pending = await issuePending(c, current, { amr, clientId, scope, replaces })
  return { kind: 'second-factor-required', pending }
}
