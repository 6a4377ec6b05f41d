/** Responses that several sign-in endpoints share. */
import type { AnyContext, AppContext } from '../context'
import { TOO_MANY_CODES } from '../credentials/factor-code'
import { cookieHeader } from '../http/docs/headers'
import { json } from '../http/endpoint'
import { NO_STORE_HEADERS } from '../http/oauth-error'
import { problem } from '../http/problem'
import type { Grant } from './grant'
import type { AuthenticateResult } from './password/authenticate'
import { BrowserSession, viewToken } from './schemas'
import type { Pending } from './start/pending'

/** The challenge of a failed sign-in. */
export const BEARER = { headers: { 'WWW-Authenticate': 'Bearer' } }

/** The declared 200 of a sign-in from a browser. */
export const browserSignedIn = {
  ...json(BrowserSession, 'Signed in; the refresh token is in the cookie'),
  headers: cookieHeader,
}

/** 200 with the tokens in the body (RFC 6749 §5.1). */
export const tokenResponse = (c: AppContext, grant: Grant) =>
  c.json(viewToken(grant), 200, NO_STORE_HEADERS)

/** 401 with the members that the second step needs. */
export const secondFactorRequired = (c: AppContext, { token, methods, expiresIn }: Pending) =>
  problem(c, 'second-factor-required', {
    ...BEARER,
    members: { pending_token: token, methods: [...methods], expires_in: expiresIn },
  })

type Wait = Extract<AuthenticateResult, { kind: 'wait' | 'wait-for-code' }>

/** 429 while no password or code is checked, the same for known and unknown logins. */
export const tooManyAttempts = (c: AnyContext, { kind, seconds }: Wait) =>
  problem(c, 'too-many-attempts', {
    retryAfter: seconds,
    detail: kind === 'wait-for-code' ? TOO_MANY_CODES : undefined,
  })

/** 503 to a sign-in that can succeed in a moment. */
export const retrySoon = (c: AnyContext) => problem(c, 'busy', { retryAfter: 1 })

/** The failures of a password sign-in that do not depend on its endpoint. */
type CommonFailure = Exclude<
  AuthenticateResult,
  { kind: 'signed-in' | 'wrong-proof' | 'beyond-role' | 'setup-due' }
>

/** The problem of a failed password sign-in, except at the endpoint of RFC 6749. */
export function signInProblem(c: AppContext, result: CommonFailure) {
  switch (result.kind) {
    case 'busy':
      return retrySoon(c)
    case 'wait':
    case 'wait-for-code':
      return tooManyAttempts(c, result)
    case 'wrong':
      return problem(c, 'invalid-credentials', BEARER)
    case 'second-factor-required':
      return secondFactorRequired(c, result.pending)
    case 'unverified':
      return problem(c, 'email-not-verified')
  }
}
