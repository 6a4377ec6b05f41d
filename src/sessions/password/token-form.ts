/** Sign-in with a form, as FastAPI's `OAuth2PasswordRequestForm`. */
import { endpoint, formBody, json } from '../../http/endpoint'
import { fieldProblem, problem, problems } from '../../http/problem'
import { normalizeCode } from '../../security/totp'
import { BEARER, signInProblem, tokenResponse } from '../responses'
import { FIRST_PARTY, parseScope, SETUP_SCOPE, UNKNOWN_SCOPE } from '../rules'
import { Token, TokenForm } from '../schemas'
import { authenticate } from './authenticate'

export const createToken = endpoint(
  {
    method: 'post',
    path: '/api/users/token',
    operationId: 'createToken',
    summary: 'Sign in with a form (OAuth2PasswordRequestForm)',
    tags: ['sessions'],
    access: 'anyone',
    limit: 'sign-in',
    hash: 'sign-in',
    request: { body: formBody(TokenForm) },
    responses: {
      200: json(Token, 'Signed in'),
      ...problems(
        'invalid-credentials',
        'second-factor-required',
        'wrong-code',
        'email-not-verified',
        'too-many-attempts',
        'busy',
        'invalid-request',
      ),
    },
  },
  async (c) => {
    const { username, password, scope, client_id, otp } = c.req.valid('form')
    const asked = parseScope(scope)
    if (!asked) return problem(c, 'invalid-request', fieldProblem('scope', UNKNOWN_SCOPE))
    const result = await authenticate(c, {
      login: username,
      password,
      scope: asked,
      clientId: client_id || FIRST_PARTY,
      code: normalizeCode(otp ?? ''),
    })
    switch (result.kind) {
      case 'signed-in':
        return tokenResponse(c, result.grant)
      case 'wrong-proof':
        return problem(c, 'wrong-code', BEARER)
      case 'beyond-role':
        return problem(c, 'invalid-request', fieldProblem('scope', UNKNOWN_SCOPE))
      case 'setup-due':
        return problem(c, 'invalid-request', fieldProblem('scope', SETUP_SCOPE))
      default:
        return signInProblem(c, result)
    }
  },
)
