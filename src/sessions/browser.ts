/** Sessions of browsers: the refresh token is in a cookie that scripts cannot read. */
import { cookieHeader } from '../http/docs/headers'
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { browserSessionView, formerSession, sessionCookie } from './cookie'
import { authenticate } from './password/authenticate'
import { refresh } from './refresh/refresh'
import { BEARER, browserSignedIn, signInProblem } from './responses'
import { FIRST_PARTY } from './rules'
import { BrowserSession, Credentials, Empty } from './schemas'
import { endSession } from './store'

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
    hash: 'sign-in',
    request: { body: jsonBody(Credentials) },
    responses: {
      200: browserSignedIn,
      ...problems(
        'invalid-credentials',
        'second-factor-required',
        'email-not-verified',
        'too-many-attempts',
        'busy',
      ),
    },
  },
  async (c) => {
    const { login, password } = c.req.valid('json')
    const result = await authenticate(c, {
      login,
      password,
      scope: 'all',
      clientId: FIRST_PARTY,
      replaces: await formerSession(c),
    })
    switch (result.kind) {
      case 'signed-in':
        return c.json(browserSessionView(c, result.grant), 200)
      case 'wrong-proof': // The body has no code,
      case 'beyond-role': // and no scope.
      case 'setup-due':
        return problem(c, 'invalid-credentials', BEARER)
      default:
        return signInProblem(c, result)
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
    const token = sessionCookie.read(c)
    const result = token ? await refresh(c, token, FIRST_PARTY, 'all') : null
    if (result?.kind === 'too-many-requests')
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    if (result?.kind === 'refreshed') return c.json(browserSessionView(c, result.grant), 200)
    // The cookie stays: another tab may have signed in meanwhile, and its cookie would be deleted.
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
    const id = await formerSession(c)
    const userId = id && (await endSession(c.var.db, id, c.var.now, c.var.location()))
    if (id && userId) logSecurity(c, 'logout', userId, id)
    sessionCookie.drop(c)
    return noContent(c)
  },
)

export const browserRoutes = [createSession, refreshSession, deleteSession] as const
