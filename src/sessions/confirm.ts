/**
 * Confirms the identity of a signed-in user (RFC 9470). The session keeps its id and gets a new
 * `auth_time`, so that acts which require a recent authentication pass.
 */
import type { CallerContext } from '../context'
import { codeProof } from '../credentials/factor-code'
import { isTokenUsed, type Proof } from '../credentials/proof'
import { passwordChangedMeanwhile, reauthenticate } from '../credentials/reauth'
import { waitSeconds } from '../credentials/throttle'
import { NOT_CONFIRMED } from '../http/bearer-auth'
import { endpoint, json, jsonBody } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { mailLater } from '../http/mail'
import { problem, problems } from '../http/problem'
import { issueAccessToken } from '../security/access-token'
import { type Amr, amrOf, confirmedMethods } from '../security/auth-methods'
import type { FactorCode } from '../security/totp'
import {
  type ConfirmableSession,
  findConfirmable,
  type StoredConfirmation,
  storePasswordConfirmation,
  storeProofConfirmation,
} from './confirm-store'
import { Confirmation, Confirmed } from './schemas'

export const confirmSession = endpoint(
  {
    method: 'post',
    path: '/api/session/confirm',
    operationId: 'confirmSession',
    summary: 'Confirm my identity before an act that requires a recent authentication',
    tags: ['sessions'],
    access: 'account',
    limit: 'sign-in',
    hashes: true,
    request: { body: jsonBody(Confirmation) },
    responses: {
      200: json(Confirmed, 'Confirmed: a new access token of the same session'),
      ...problems('wrong-password', 'wrong-code', 'too-many-attempts', 'busy'),
    },
  },
  async (c) => {
    const body = c.req.valid('json')
    if ('password' in body) return confirmWithPassword(c, body.password)
    const result = await confirmWithCode(c, body.code)
    switch (result.kind) {
      case 'confirmed':
        return c.json(await confirmedView(c, result.amr), 200)
      case 'wait':
        return problem(c, 'too-many-attempts', { retryAfter: result.seconds })
      case 'wrong-proof':
      case 'token-used':
        return problem(c, 'wrong-code', NOT_CONFIRMED)
    }
  },
)

async function confirmWithPassword(c: CallerContext, password: string) {
  const { failure, reauthenticated } = await reauthenticate(c, password)
  if (failure) return failure
  const { caller, actor } = c.var
  if (!(await storePasswordConfirmation(actor, reauthenticated)))
    return passwordChangedMeanwhile(c, reauthenticated)
  logSecurity(c, 'confirmed', caller.userId, caller.sessionId)
  return c.json(await confirmedView(c, amrOf(['pwd'])), 200)
}

async function confirmWithCode(c: CallerContext, code: FactorCode): Promise<ConfirmResult> {
  const { actor } = c.var
  const session = await findConfirmable(actor)
  const proof = await codeProof(actor, actor.caller.userId, code, session.secret)
  return confirmWithProof(c, session, proof)
}

export type ConfirmResult =
  | { kind: 'confirmed'; amr: readonly Amr[] }
  | { kind: 'wait'; seconds: number }
  | { kind: 'wrong-proof' }
  | { kind: 'token-used' }

/** Confirms with a code or an assertion, which is used up. One round trip. */
export async function confirmWithProof(
  c: CallerContext,
  session: ConfirmableSession,
  proof: Proof,
): Promise<ConfirmResult> {
  const methods = confirmedMethods(session.amr, proof.method)
  try {
    const stored = await storeProofConfirmation(c.var.actor, methods, proof)
    logConfirmation(c, proof, session, stored)
    const { wait, isConfirmed } = stored
    if (wait) return { kind: 'wait', seconds: waitSeconds(wait, 'factor', c.var.now) }
    return isConfirmed ? { kind: 'confirmed', amr: amrOf(methods) } : { kind: 'wrong-proof' }
  } catch (error) {
    if (isTokenUsed(error)) return { kind: 'token-used' }
    throw error
  }
}

/** Logs what the batch recorded, and mails the notice of an accepted proof. */
function logConfirmation(
  c: CallerContext,
  { counter, notice }: Proof,
  { account }: ConfirmableSession,
  { wait, isConfirmed, mayNotify }: StoredConfirmation,
) {
  const { userId, sessionId } = c.var.caller
  if (wait) logSecurity(c, 'attempt_refused', userId, sessionId)
  else if (isConfirmed) logSecurity(c, 'confirmed', userId, sessionId)
  else if (counter) logSecurity(c, 'second_factor_failed', userId, sessionId)
  if (!isConfirmed || !notice) return
  logSecurity(c, notice.event, userId, sessionId)
  if (mayNotify) mailLater(c, notice.mail(c.var.settings.appOrigin, account))
}

/** A new access token with the scope of the present one. */
async function confirmedView(c: CallerContext, amr: readonly Amr[]): Promise<Confirmed> {
  const { keys, now, settings, caller } = c.var
  const { accessTokenSeconds } = settings
  const token = await issueAccessToken(keys, {
    ...caller,
    issuer: settings.appOrigin,
    authentication: { time: now, amr },
    now,
    lifetimeSeconds: accessTokenSeconds,
  })
  return {
    access_token: token,
    token_type: 'bearer',
    expires_in: accessTokenSeconds,
    scope: caller.scope.join(' '),
  }
}
