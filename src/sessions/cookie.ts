/** The cookie of browser sessions. It holds the refresh token, and scripts cannot read it. */
import type { AppContext } from '../context'
import { hostCookie } from '../http/cookie'
import { readRefreshToken } from '../security/refresh-token'
import { viewPrivate } from '../user'
import type { Grant } from './grant'
import type { BrowserSession } from './schemas'

export const sessionCookie = hostCookie('__Host-gatepost')

/** Puts the refresh token into the cookie and the rest into the body. */
export function browserSessionView(c: AppContext, grant: Grant): BrowserSession {
  const seconds = Math.floor((grant.sessionExpiresAt.getTime() - c.var.now.getTime()) / 1000)
  sessionCookie.set(c, grant.refreshToken, seconds)
  c.header('Cache-Control', 'no-store')
  return {
    access_token: grant.accessToken,
    token_type: 'bearer',
    expires_in: grant.expiresIn,
    scope: grant.scope,
    user: viewPrivate(grant.user, c.var.settings.appOrigin),
  }
}

/** The id of the session in the cookie, or null. Only D1 knows whether it is active. */
export async function formerSession(c: AppContext): Promise<string | null> {
  const session = await readRefreshToken(c.var.keys, sessionCookie.read(c))
  return session?.sessionId ?? null
}
