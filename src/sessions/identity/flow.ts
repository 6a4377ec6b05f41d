/** Completes a flow at an identity provider: a sign-in, a new user, or a linked identity. */
import type { AppContext } from '../../context'
import type { Account } from '../../credentials/account'
import { judgeIdentity } from '../../credentials/identities/rules'
import { findIdentity, identityProof, linkIdentity } from '../../credentials/identities/store'
import { flowCookie } from '../../credentials/identity-providers/cookie'
import { type Flow, findProvider, resumeFlow } from '../../credentials/identity-providers/flow'
import {
  type CallbackParameters,
  type ProvenIdentity,
  redeemCode,
} from '../../credentials/identity-providers/identity'
import type { UsedToken } from '../../credentials/proof'
import { SessionEnded } from '../../db/session-guard'
import { callerActor } from '../../http/actor'
import { logRejectedIdentity, logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { noteProblem } from '../../http/problem'
import type { ProblemCode } from '../../http/problem-catalog'
import { identityLinked } from '../../mail/texts'
import { sha256Base64url } from '../../security/digest'
import type { IdentityProvider } from '../../security/identity-provider-presets'
import { browserSessionView, formerSession } from '../cookie'
import { FIRST_PARTY } from '../rules'
import { startBrowserSession } from '../start/start'
import {
  linkedPage,
  linkProblemPage,
  secondFactorPage,
  signInProblemPage,
  welcomePage,
} from './pages'
import { offerRegistration } from './proof'

/** The page that the browser goes to next. */
export async function completeFlow(
  c: AppContext,
  name: string,
  response: CallbackParameters,
): Promise<string> {
  const provider = findProvider(c.var.settings, name)
  if (!provider) return failOnSignIn(c, 'provider-unknown', {})
  const opened = await resumeFlow(c.var, provider, flowCookie.read(c))
  // Any site can send a browser here. The cookie of a flow with another state stays.
  if (!opened || opened.flow.state !== response.state)
    return failOnSignIn(c, 'identity-flow-ended', { provider: name })
  flowCookie.drop(c)
  const { flow, jti, expiresAt } = opened
  const redeemed = await redeemCode(c.var, provider, flow, response)
  if (redeemed.kind === 'failed') {
    logRejectedIdentity(c, name, redeemed.reason, { userId: flow.link?.userId ?? null })
    return fail(c, redeemed.problem, flow)
  }
  const { identity } = redeemed
  if (flow.link) return link(c, provider, identity, flow, flow.link)
  const token = { hash: await sha256Base64url(`flow:${jti}`), expiresAt }
  return signIn(c, provider, identity, flow, token)
}

/** Signs a known user in. Two round trips. */
async function signIn(
  c: AppContext,
  provider: IdentityProvider,
  identity: ProvenIdentity,
  flow: Flow,
  token: UsedToken,
): Promise<string> {
  const { db, settings } = c.var
  const verdict = judgeIdentity(await findIdentity(db, identity), settings)
  switch (verdict.kind) {
    case 'sign-in':
      return start(c, identity, verdict.account, flow, token)
    case 'disabled':
      return reject(c, 'account-disabled', verdict.account, flow)
    case 'unverified':
      logSecurity(c, 'login_refused', verdict.account.id)
      return fail(c, 'email-not-verified', flow)
    case 'new':
      return welcomePage(await offerRegistration(c, provider, identity, flow.next))
    default:
      return fail(c, verdict.kind, flow)
  }
}

async function start(
  c: AppContext,
  identity: ProvenIdentity,
  account: Account,
  flow: Flow,
  token: UsedToken,
): Promise<string> {
  const proof = identityProof(identity, account, c.var.now, token)
  const started = await startBrowserSession(c, { account, methods: [], proof })
  switch (started.kind) {
    case 'signed-in':
      browserSessionView(c, started.grant)
      return flow.next
    case 'second-factor-required':
      return secondFactorPage(started.pending, flow.next)
    default:
      return reject(c, started.kind, account, flow)
  }
}

/** Links the identity to the account of the session that began the flow. One round trip. */
async function link(
  c: AppContext,
  provider: IdentityProvider,
  identity: ProvenIdentity,
  flow: Flow,
  { userId, sessionId }: { userId: number; sessionId: string },
): Promise<string> {
  // The session of the browser may be another user's by now.
  const present = await formerSession(c)
  if (present !== null && present !== sessionId) return fail(c, 'identity-flow-ended', flow)
  const caller = { userId, sessionId, clientId: FIRST_PARTY, scope: [] }
  try {
    const linked = await linkIdentity(callerActor(c, caller), identity, provider.name)
    switch (linked.kind) {
      case 'taken':
        return fail(c, 'identity-taken', flow)
      case 'unproven':
        return fail(c, 'email-not-verified', flow)
      case 'too-many':
        return fail(c, 'too-many-identities', flow)
      case 'linked-before':
        return linkedPage(provider.name)
      case 'linked': {
        logSecurity(c, 'identity_linked', userId, sessionId)
        const { appOrigin } = c.var.settings
        const mail = identityLinked(appOrigin, linked.owner, provider.label)
        if (linked.mayNotify) mailLater(c, mail)
        return linkedPage(provider.name)
      }
    }
  } catch (error) {
    if (error instanceof SessionEnded) return fail(c, 'session-ended', flow)
    throw error
  }
}

function reject(c: AppContext, reason: string, { id }: Account, flow: Flow): string {
  logRejectedIdentity(c, flow.provider, reason, { userId: id })
  return fail(c, 'identity-rejected', flow)
}

/** The page that shows a problem: where the flow began. */
function fail(c: AppContext, problem: ProblemCode, { provider, next, link }: Flow): string {
  if (!link) return failOnSignIn(c, problem, { provider, next })
  noteProblem(c, problem)
  return linkProblemPage(problem, provider)
}

export function failOnSignIn(
  c: AppContext,
  problem: ProblemCode,
  of: { provider?: string; next?: string },
): string {
  noteProblem(c, problem)
  return signInProblemPage(problem, of)
}
