/**
 * Confirms the identity of a signed-in user (RFC 9470). The session keeps its id and gets a new
 * `auth_time`, so that acts which require a recent authentication pass.
 */
import type { CallerContext } from '../../context'
import { codeProof } from '../../credentials/factor-code'
import { passwordChangedMeanwhile, reauthenticate } from '../../credentials/reauth'
import { NOT_CONFIRMED } from '../../http/bearer-auth'
import { endpoint, json, jsonBody } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { problem, problems } from '../../http/problem'
import { issueAccessToken } from '../../security/access-token'
import { type Amr, amrOf } from '../../security/auth-methods'
import type { FactorCode } from '../../security/totp'
import { confirmWithPasskey } from '../factor/passkey'
import { tooManyAttempts } from '../responses'
import { Confirmation, Confirmed } from '../schemas'
import { type ConfirmResult, confirmWithProof } from './proof'
import { findConfirmable, storePasswordConfirmation } from './store'

export const confirmSession = endpoint(
  {
    method: 'post',
    path: '/api/session/confirm',
    operationId: 'confirmSession',
    summary: 'Confirm my identity before an act that requires a recent authentication',
    tags: ['sessions'],
    access: 'account',
    limit: 'sign-in',
    hash: 'other',
    request: { body: jsonBody(Confirmation) },
    responses: {
      200: json(Confirmed, 'Confirmed: a new access token of the same session'),
      ...problems('wrong-password', 'wrong-code', 'passkey-rejected', 'too-many-attempts', 'busy'),
    },
  },
  async (c) => {
    const body = c.req.valid('json')
    if ('password' in body) return confirmWithPassword(c, body.password)
    const isCode = 'code' in body
    const result = isCode
      ? await confirmWithCode(c, body.code)
      : await confirmWithPasskey(c, body.credential)
    switch (result.kind) {
      case 'confirmed':
        return c.json(await confirmedView(c, result.amr), 200)
      case 'wait-for-code':
        return tooManyAttempts(c, result)
      case 'wrong-proof':
      case 'token-used':
        return problem(c, isCode ? 'wrong-code' : 'passkey-rejected', NOT_CONFIRMED)
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
