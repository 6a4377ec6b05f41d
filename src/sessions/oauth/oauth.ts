/** The token endpoint of RFC 6749, and revocation (RFC 7009). */
import type { AppContext } from '../../context'
import { decodeForm } from '../../http/body/form'
import { endpoint, formBody, type InvalidHook, json, nothing } from '../../http/endpoint'
import { withAdmission } from '../../http/hash-admission'
import { logSecurity } from '../../http/log'
import { oauthError, oauthErrors } from '../../http/oauth-error'
import { problem, problems } from '../../http/problem'
import { isBelowLimit } from '../../http/rate-limit'
import { readAccessToken } from '../../security/access-token'
import { readRefreshToken } from '../../security/refresh-token'
import { CLIENT_ID, CLIENT_ID_RULE, FIRST_PARTY, SECOND_FACTOR_GRANT } from '../rules'
import { OAuthTokenForm, RevocationForm, Token } from '../schemas'
import { endSession } from '../store'
import { grantPassword, grantRefresh, grantSecondFactor } from './grants'

/**
 * Clients are public: they have a name at most, in the form or as the user of HTTP Basic (Swagger
 * UI sends an empty one), and never a secret.
 */
function readClient(
  c: AppContext,
  form: { client_id?: string | undefined; client_secret?: string | undefined },
) {
  const refuse = (why: string) => ({
    failure: oauthError(c, 'invalid_client', why),
    clientId: null,
  })
  const unreadable = () => refuse('The Authorization header does not decode as Basic credentials')
  const authorization = c.req.header('Authorization') ?? ''
  const basic = /^basic +([\w+/=-]*)$/i.exec(authorization)
  if (!basic && /^basic\b/i.test(authorization)) return unreadable()
  let name = form.client_id
  let secret = form.client_secret
  if (basic?.[1] !== undefined) {
    try {
      const [encoded = '', ...rest] = atob(basic[1]).split(':')
      const user = decodeForm(encoded)
      if (user && name && user !== name)
        return refuse('client_id and the Authorization header name two clients: name one')
      name ||= user
      secret ||= rest.join(':')
    } catch {
      return unreadable()
    }
  }
  if (secret) return refuse('Clients are public here: send a client_id without a secret, or none')
  if (name && !CLIENT_ID.test(name)) return refuse(`client_id ${CLIENT_ID_RULE}`)
  return { failure: null, clientId: name || FIRST_PARTY }
}

/** The error of a repeated or malformed parameter (RFC 6749 §5.2). */
const invalidForm: InvalidHook = (result, c) => {
  const issue = result.error.issues[0]
  return (
    issue &&
    oauthError(c, 'invalid_request', `${String(issue.path[0] ?? 'The body')} ${issue.message}`)
  )
}

const oauthToken = endpoint(
  {
    method: 'post',
    path: '/oauth/token',
    operationId: 'oauthToken',
    summary: 'The token endpoint of RFC 6749: password, refresh_token and second factor',
    tags: ['sessions'],
    access: 'anyone',
    oauth: true,
    limit: 'token',
    request: { body: formBody(OAuthTokenForm) },
    responses: {
      200: json(Token, 'Tokens'),
      ...oauthErrors,
      ...problems('too-many-requests', 'too-many-attempts', 'busy'),
    },
  },
  async (c) => {
    const form = c.req.valid('form')
    // A refresh is no sign-in and has a limit of its own.
    const isSignIn = form.grant_type === 'password' || form.grant_type === SECOND_FACTOR_GRANT
    if (isSignIn && !(await isBelowLimit(c, 'sign-in')))
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    const { failure, clientId } = readClient(c, form)
    if (failure) return failure
    switch (form.grant_type) {
      case 'password':
        // The endpoint declares no `hash`, because the other grants compute none.
        return withAdmission(c, 'sign-in', () => grantPassword(c, form, clientId))
      case SECOND_FACTOR_GRANT:
        return grantSecondFactor(c, form, clientId)
      case 'refresh_token':
        return grantRefresh(c, form, clientId)
      case undefined:
      case '':
        return oauthError(c, 'invalid_request', 'grant_type is missing')
      default:
        return oauthError(
          c,
          'unsupported_grant_type',
          `grant_type must be password, refresh_token or ${SECOND_FACTOR_GRANT}`,
        )
    }
  },
  invalidForm,
)

const oauthRevoke = endpoint(
  {
    method: 'post',
    path: '/oauth/revoke',
    operationId: 'oauthRevoke',
    summary: 'End the session of a token (RFC 7009)',
    tags: ['sessions'],
    access: 'anyone',
    oauth: true,
    limit: 'token',
    request: { body: formBody(RevocationForm) },
    responses: { 200: nothing('The token is no longer valid, or never was'), ...oauthErrors },
  },
  async (c) => {
    const form = c.req.valid('form')
    const { failure } = readClient(c, form)
    if (failure) return failure
    if (!form.token) return oauthError(c, 'invalid_request', 'token is missing')
    const sessionId = await sessionOfToken(c, form.token)
    const userId = sessionId && (await endSession(c.var.db, sessionId, c.var.now, c.var.location()))
    if (sessionId && userId) logSecurity(c, 'logout', userId, sessionId)
    return c.body(null, 200) as never
  },
  invalidForm,
)

/**
 * The session of a refresh token (also a used one) or of an access token, or null. The client does
 * not matter: the name of a public client proves nothing.
 */
async function sessionOfToken(c: AppContext, token: string): Promise<string | null> {
  const { keys, now, settings } = c.var
  const asRefresh = await readRefreshToken(keys, token)
  if (asRefresh) return asRefresh.sessionId
  const asAccess = await readAccessToken(keys, token, {
    issuer: settings.appOrigin,
    now,
    lifetimeSeconds: settings.accessTokenSeconds,
  })
  return asAccess?.sessionId ?? null
}

export const oauthRoutes = [oauthToken, oauthRevoke] as const
