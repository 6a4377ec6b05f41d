/** Access and refresh tokens of a session. */
import type { Scope } from '../actor'
import type { AppContext } from '../context'
import { issueAccessToken } from '../security/access-token'
import type { Authentication } from '../security/auth-methods'
import { issueRefreshToken } from '../security/refresh-token'
import type { PrivateRow } from '../user'
import { isSetupDue } from './rules'

/** The tokens of a session and the user they belong to. */
export interface Grant {
  user: PrivateRow
  accessToken: string
  /** Seconds. */
  expiresIn: number
  refreshToken: string
  scope: string
  /** When the session expires unless it is refreshed. */
  sessionExpiresAt: Date
}

/**
 * Issues the tokens for a session as D1 has it. A user who must set up a second factor first gets
 * the scope account alone. The session keeps its scope, so the first refresh after the set-up
 * grants it.
 */
export async function issueGrant(
  c: AppContext,
  user: PrivateRow & { factors: string },
  session: {
    id: string
    counter: number
    clientId: string
    scope: readonly Scope[]
    expiresAt: Date
    authentication: Authentication
  },
): Promise<Grant> {
  const { keys, now, settings } = c.var
  const { id: sessionId, counter, clientId, authentication } = session
  const scope = isSetupDue(settings.secondFactor, user)
    ? session.scope.filter((name) => name === 'account')
    : session.scope
  const [accessToken, refreshToken] = await Promise.all([
    issueAccessToken(keys, {
      issuer: settings.appOrigin,
      userId: user.id,
      sessionId,
      clientId,
      scope,
      authentication,
      now,
      lifetimeSeconds: settings.accessTokenSeconds,
    }),
    issueRefreshToken(keys, { sessionId, counter }),
  ])
  return {
    user,
    accessToken,
    expiresIn: settings.accessTokenSeconds,
    refreshToken,
    scope: scope.join(' '),
    sessionExpiresAt: session.expiresAt,
  }
}
