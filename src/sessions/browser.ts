/** The door for a SPA: the refresh token lives in a cookie that no script can read, the access token in memory. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppContext } from '../context'
import { cookieHeader } from '../http/docs'
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { readRefreshToken } from '../security/refresh-token'
import { viewPrivate } from '../user'
import { authenticate, retryLater } from './authenticate'
import type { Grant } from './grant'
import { refresh } from './refresh'
import { FIRST_PARTY } from './rules'
import { BrowserSession, Credentials, Empty } from './schemas'
import { endSession } from './store'

/** `__Host-` binds it to this host, `Path=/` and `Secure` (RFC 6265bis §4.1.3.2). */
const COOKIE = '__Host-gatepost'
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** Puts the refresh token into the cookie and the rest into the body. */
function browserSessionView(c: AppContext, grant: Grant): BrowserSession {
  const seconds = Math.floor((grant.sessionExpiresAt.getTime() - c.var.now.getTime()) / 1000)
  setCookie(c, COOKIE, grant.refreshToken, { ...ATTRIBUTES, maxAge: seconds })
  c.header('Cache-Control', 'no-store')
  return {
    access_token: grant.accessToken,
    token_type: 'bearer',
    expires_in: grant.expiresIn,
    scope: grant.scope,
    user: viewPrivate(grant.user, c.var.settings.appOrigin),
  }
}

/** The session of the cookie, if it is one of ours. */
const readCookie = async (c: AppContext) => readRefreshToken(c.var.keys, getCookie(c, COOKIE) ?? '')

const createSession = endpoint(
  {
    method: 'post',
    path: '/api/session',
    operationId: 'createSession',
    summary: 'Sign in from a browser; replaces the session of the cookie',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'sign-in',
    request: { body: jsonBody(Credentials) },
    responses: {
      200: {
        ...json(BrowserSession, 'Signed in; the refresh token is in the cookie'),
        headers: cookieHeader,
      },
      ...problems('invalid-credentials', 'email-not-verified', 'too-many-attempts', 'busy'),
    },
  },
  async (c) => {
    const { login, password } = c.req.valid('json')
    const former = await readCookie(c)
    const result = await authenticate(c, {
      login,
      password,
      scope: 'all',
      clientId: FIRST_PARTY,
      replaces: former?.sessionId,
    })
    switch (result.kind) {
      case 'signed-in':
        return c.json(browserSessionView(c, result.grant), 200)
      case 'busy':
      case 'wait':
        return retryLater(c, result)
      case 'unverified':
        return problem(c, 'email-not-verified')
      case 'wrong':
      case 'beyond-role': // Nothing beyond the role is asked for here.
        return problem(c, 'invalid-credentials', { headers: { 'WWW-Authenticate': 'Bearer' } })
    }
  },
)

const refreshSession = endpoint(
  {
    method: 'post',
    path: '/api/session/refresh',
    operationId: 'refreshSession',
    summary: 'A new access token for the session of the cookie',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'token',
    request: { body: { required: false, content: { 'application/json': { schema: Empty } } } },
    responses: {
      200: {
        ...json(BrowserSession, 'Refreshed; the cookie is the next one'),
        headers: cookieHeader,
      },
      ...problems('session-ended', 'too-many-requests'),
    },
  },
  async (c) => {
    const token = getCookie(c, COOKIE)
    const result = token ? await refresh(c, token, FIRST_PARTY, 'all') : null
    if (result?.kind === 'too-many-requests')
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    if (result?.kind === 'refreshed') return c.json(browserSessionView(c, result.grant), 200)
    // The cookie stays: by now another tab may have signed in, and its new cookie would go with the dead one.
    return problem(c, 'session-ended', {
      headers: { 'WWW-Authenticate': 'Bearer realm="gatepost"' },
    })
  },
)

const deleteSession = endpoint(
  {
    method: 'delete',
    path: '/api/session',
    operationId: 'deleteSession',
    summary: 'Sign out: the session of the cookie ends, the cookie goes',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'token',
    responses: { 204: { ...nothing('Signed out; the cookie goes'), headers: cookieHeader } },
  },
  async (c) => {
    const session = await readCookie(c)
    const userId =
      session && (await endSession(c.var.db, session.sessionId, c.var.now, c.var.location()))
    if (session && userId) logSecurity(c, 'logout', userId, session.sessionId)
    deleteCookie(c, COOKIE, ATTRIBUTES)
    return noContent(c)
  },
)

export const browserRoutes = [createSession, refreshSession, deleteSession] as const
