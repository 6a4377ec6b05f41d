/** The cookie of browser sessions. It holds the refresh token, and scripts cannot read it. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppContext } from '../context'
import { readRefreshToken } from '../security/refresh-token'
import { viewPrivate } from '../user'
import type { Grant } from './grant'
import type { BrowserSession } from './schemas'

/** The prefix `__Host-` binds it to this host, `Path=/` and `Secure` (RFC 6265bis §4.1.3.2). */
const COOKIE = '__Host-gatepost'
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** Puts the refresh token into the cookie and the rest into the body. */
export function browserSessionView(c: AppContext, grant: Grant): BrowserSession {
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

/** The refresh token in the cookie, unverified. */
export const refreshTokenOf = (c: AppContext) => getCookie(c, COOKIE)

/** The id of the session in the cookie, or null. Only D1 knows whether it is active. */
export async function formerSession(c: AppContext): Promise<string | null> {
  const session = await readRefreshToken(c.var.keys, getCookie(c, COOKIE) ?? '')
  return session?.sessionId ?? null
}

export const dropCookie = (c: AppContext) => deleteCookie(c, COOKIE, ATTRIBUTES)
