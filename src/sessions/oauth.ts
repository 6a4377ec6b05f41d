/** The standard's door: the token endpoint of RFC 6749, and revocation after RFC 7009. */
import type { z } from '@hono/zod-openapi'
import type { AnyContext } from '../context'
import { endpoint, formBody, type InvalidHook, json, nothing } from '../http/endpoint'
import { decodeForm } from '../http/form'
import { logSecurity } from '../http/log'
import { NO_STORE_HEADERS, oauthError, oauthErrors } from '../http/oauth-error'
import { problem, problems } from '../http/problem'
import { isAllowed } from '../http/rate-limit'
import { readAccessToken } from '../security/access-token'
import { readRefreshToken } from '../security/refresh-token'
import { authenticate, retryLater } from './authenticate'
import { refresh } from './refresh'
import { CLIENT_ID, CLIENT_ID_RULE, FIRST_PARTY, parseScope, UNKNOWN_SCOPE } from './rules'
import { OAuthTokenForm, RevocationForm, Token, viewToken } from './schemas'
import { endSession } from './store'

/** Clients are public: a name at most, in the form or as an HTTP Basic user (Swagger UI sends an empty one); never a secret. */
function readClient(
  c: AnyContext,
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

/** A parameter that comes twice, or is no text (RFC 6749 §5.2). */
const invalidForm: InvalidHook = (result, c) => {
  const issue = result.error?.issues[0]
  return (
    issue &&
    oauthError(c, 'invalid_request', `${String(issue.path[0] ?? 'The body')} ${issue.message}`)
  )
}

type OAuthForm = z.infer<typeof OAuthTokenForm>

/** RFC 6749 §4.3. Forbidden to third parties by RFC 9700 §2.4: it is for the owner's own clients. */
async function grantPassword(
  c: AnyContext,
  { username, password, scope }: OAuthForm,
  clientId: string,
) {
  if (!username || !password) {
    return oauthError(c, 'invalid_request', `${username ? 'password' : 'username'} is missing`)
  }
  const asked = parseScope(scope)
  if (!asked) return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
  const result = await authenticate(c, { login: username, password, scope: asked, clientId })
  switch (result.kind) {
    case 'signed-in':
      return c.json(viewToken(result.grant), 200, NO_STORE_HEADERS)
    case 'busy':
    case 'wait':
      return retryLater(c, result)
    case 'wrong':
      return oauthError(c, 'invalid_grant', 'Incorrect email or password')
    case 'unverified':
      return oauthError(
        c,
        'invalid_grant',
        'Confirm your e-mail address first: open the link that was mailed to you, or reset your password',
      )
    case 'beyond-role':
      return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
  }
}

/** RFC 6749 §6. */
async function grantRefresh(c: AnyContext, { refresh_token, scope }: OAuthForm, clientId: string) {
  if (!refresh_token) return oauthError(c, 'invalid_request', 'refresh_token is missing')
  const asked = parseScope(scope)
  if (!asked) return oauthError(c, 'invalid_scope', `scope ${UNKNOWN_SCOPE}`)
  const result = await refresh(c, refresh_token, clientId, asked)
  switch (result.kind) {
    case 'refreshed':
      return c.json(viewToken(result.grant), 200, NO_STORE_HEADERS)
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

const oauthToken = endpoint(
  {
    method: 'post',
    path: '/oauth/token',
    operationId: 'oauthToken',
    summary: 'The token endpoint of RFC 6749: password and refresh_token',
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
    // A refresh is no sign-in: only a password counts against the limit.
    if (form.grant_type === 'password' && !(await isAllowed(c, 'sign-in')))
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    const { failure, clientId } = readClient(c, form)
    if (failure) return failure
    switch (form.grant_type) {
      case 'password':
        return grantPassword(c, form, clientId)
      case 'refresh_token':
        return grantRefresh(c, form, clientId)
      case undefined:
      case '':
        return oauthError(c, 'invalid_request', 'grant_type is missing')
      default:
        return oauthError(
          c,
          'unsupported_grant_type',
          'grant_type must be password or refresh_token',
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
    responses: { 200: nothing('The token is dead, or never lived'), ...oauthErrors },
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
 * The session behind a refresh token (also a used one) or an access token; null: not one of ours. Of whichever client: a public
 * one proves nothing by its name, and whoever gives a token away wants it dead.
 */
async function sessionOfToken(c: AnyContext, token: string): Promise<string | null> {
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
