/** The grants of the token endpoint: password, second factor and refresh token. */
import type { z } from '@hono/zod-openapi'
import type { AppContext } from '../../context'
import { oauthError } from '../../http/oauth-error'
import { problem } from '../../http/problem'
import { normalizeCode } from '../../security/totp'
import { finishWithCode } from '../factor/finish'
import { authenticate } from '../password/authenticate'
import { refresh } from '../refresh/refresh'
import { retrySoon, tokenResponse, tooManyAttempts } from '../responses'
import { parseScope, SETUP_SCOPE, UNKNOWN_SCOPE } from '../rules'
import type { OAuthTokenForm } from '../schemas'

type OAuthForm = z.infer<typeof OAuthTokenForm>

const wrongCode = (c: AppContext) =>
  oauthError(c, 'invalid_grant', 'The code is wrong, or was used before: enter the next one')

/** RFC 6749 §4.3. RFC 9700 §2.4 forbids it to third parties: it is for the owner's own clients. */
export async function grantPassword(
  c: AppContext,
  { username, password, scope, otp }: OAuthForm,
  clientId: string,
) {
  if (!username || !password) {
    return oauthError(c, 'invalid_request', `${username ? 'password' : 'username'} is missing`)
  }
  const asked = parseScope(scope)
  if (!asked) return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
  const code = normalizeCode(otp ?? '')
  const result = await authenticate(c, { login: username, password, scope: asked, clientId, code })
  switch (result.kind) {
    case 'signed-in':
      return tokenResponse(c, result.grant)
    case 'busy':
      return retrySoon(c)
    case 'wait':
    case 'wait-for-code':
      return tooManyAttempts(c, result)
    case 'wrong':
      return oauthError(c, 'invalid_grant', 'Incorrect email or password')
    case 'second-factor-required': {
      const { token, methods } = result.pending
      const members = { mfa_token: token, auth_session: token, methods: [...methods] }
      return oauthError(c, 'mfa_required', 'The sign-in needs a second factor', members)
    }
    case 'wrong-proof':
      return wrongCode(c)
    case 'unverified':
      return oauthError(
        c,
        'invalid_grant',
        'Confirm your email address first: open the link that was mailed to you, or reset your password',
      )
    case 'beyond-role':
      return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
    case 'setup-due':
      return oauthError(c, 'invalid_scope', `scope ${SETUP_SCOPE}`)
  }
}

/** The second step after `mfa_required`: an extension grant (RFC 6749 §4.5). */
export async function grantSecondFactor(
  c: AppContext,
  { mfa_token, otp }: OAuthForm,
  clientId: string,
) {
  const code = normalizeCode(otp ?? '')
  if (!mfa_token || !code) {
    return oauthError(c, 'invalid_request', `${mfa_token ? 'otp' : 'mfa_token'} is missing`)
  }
  const result = await finishWithCode(c, { token: mfa_token, clientId, code, replaces: null })
  switch (result.kind) {
    case 'signed-in':
      return tokenResponse(c, result.grant)
    case 'wait-for-code':
      return tooManyAttempts(c, result)
    case 'wrong-proof':
      return wrongCode(c)
    case 'ended':
      return oauthError(
        c,
        'invalid_grant',
        'The mfa_token is invalid, was used, has expired, is of another client_id, or the password has changed',
      )
  }
}

/** RFC 6749 §6. */
export async function grantRefresh(
  c: AppContext,
  { refresh_token, scope }: OAuthForm,
  clientId: string,
) {
  if (!refresh_token) return oauthError(c, 'invalid_request', 'refresh_token is missing')
  const asked = parseScope(scope)
  if (!asked) return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
  const result = await refresh(c, refresh_token, clientId, asked)
  switch (result.kind) {
    case 'refreshed':
      return tokenResponse(c, result.grant)
    case 'too-much-scope':
      return oauthError(c, 'invalid_scope', 'A refresh may narrow the scope, never widen it')
    case 'too-many-requests':
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    case 'ended':
      return oauthError(
        c,
        'invalid_grant',
        'The refresh token is invalid, was used, is of another client_id, or its session has ended',
      )
  }
}
