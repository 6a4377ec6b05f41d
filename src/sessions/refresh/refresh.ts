/** Exchanges a refresh token for the next one, for all endpoints. */
import type { Scope } from '../../actor'
import type { AppContext } from '../../context'
import { logSecurity } from '../../http/log'
import { isBelowLimit } from '../../http/rate-limit'
import { parseAmr } from '../../security/auth-methods'
import { readRefreshToken } from '../../security/refresh-token'
import { type Grant, issueGrant } from '../grant'
import { judgeRotation, narrowScope } from '../rules'
import { type Rotation, rotateSession } from './store'

export type RefreshResult =
  | { kind: 'refreshed'; grant: Grant }
  | { kind: 'too-much-scope' }
  /** The session refreshes too often, or its parent token is repeated too often; it stays alive. */
  | { kind: 'too-many-requests' }
  | { kind: 'ended' }

/**
 * One round trip to D1; none for a token that this service did not issue. A token presented by
 * another client is rejected without ending the session (RFC 6749 §6).
 */
export async function refresh(
  c: AppContext,
  token: string,
  clientId: string,
  scope: readonly Scope[] | 'all',
): Promise<RefreshResult> {
  const { db, keys, now, location, settings } = c.var
  const presented = await readRefreshToken(keys, token)
  if (!presented) return { kind: 'ended' }
  // Counted after the MAC, so that a stranger cannot use up the limit of a session.
  if (!(await isBelowLimit(c, 'refresh', presented.sessionId))) return { kind: 'too-many-requests' }
  const requested = scope === 'all' ? [] : scope
  const outcome = await rotateSession(
    db,
    { ...presented, clientId },
    requested,
    now,
    settings,
    location(),
  )
  const verdict = judgeRotation(presented.counter, outcome, now)
  switch (verdict) {
    case 'rotated':
    case 'repeated':
      return issueRefreshed(c, outcome.session, scope)
    case 'repeated-too-often':
      return { kind: 'too-many-requests' }
    case 'reused':
      logSecurity(c, 'refresh_reused', outcome.session?.user.id ?? null, presented.sessionId)
      return { kind: 'ended' }
    case 'too-much-scope':
    case 'ended':
      return { kind: verdict }
  }
}

async function issueRefreshed(
  c: AppContext,
  session: Rotation['session'],
  scope: readonly Scope[] | 'all',
): Promise<RefreshResult> {
  if (!session) return { kind: 'ended' }
  const granted = narrowScope(session.scope, session.user.role, scope)
  if (!granted) return { kind: 'too-much-scope' }
  // A refresh proves nothing new: the authentication of the session is copied (RFC 9068 §2.2.1).
  const authentication = { time: session.authTime, amr: parseAmr(session.amr) }
  const grant = await issueGrant(c, session.user, { ...session, scope: granted, authentication })
  return { kind: 'refreshed', grant }
}
