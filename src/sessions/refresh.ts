/** A refresh token becomes the next one, at whichever door it comes. */
import type { Scope } from '../actor'
import type { AnyContext, AppEnv } from '../context'
import { logSecurity } from '../http/log'
import { readRefreshToken } from '../security/refresh-token'
import { type Grant, issueGrant } from './grant'
import { judgeRotation, narrowScope } from './rules'
import { rotateSession } from './store'

export type RefreshResult =
  | { kind: 'refreshed'; grant: Grant }
  | { kind: 'too-much-scope' }
  | { kind: 'dead' }

/** One trip to D1; none for a token that this service did not issue. Refused to any client but the session's (RFC 6749 §6), which takes no harm from it. */
export async function refresh(
  c: AnyContext,
  token: string,
  clientId: string,
  scope: readonly Scope[] | 'all',
): Promise<RefreshResult> {
  const { db, keys, now, location, settings } = c.var as AppEnv['Variables']
  const presented = await readRefreshToken(keys, token)
  if (!presented) return { kind: 'dead' }
  const asked = scope === 'all' ? [] : scope
  const outcome = await rotateSession(
    db,
    { ...presented, clientId },
    asked,
    now,
    settings,
    location(),
  )
  const { kind } = judgeRotation(presented.counter, outcome, now)
  switch (kind) {
    case 'rotated':
    case 'repeated': {
      const session = outcome.session as NonNullable<typeof outcome.session>
      const granted = narrowScope(session.scope, session.user.role, scope)
      if (!granted) return { kind: 'too-much-scope' }
      return {
        kind: 'refreshed',
        grant: await issueGrant(c, session.user, { ...session, scope: granted }),
      }
    }
    case 'too-much-scope':
      return { kind }
    case 'reused':
      logSecurity(c, 'refresh_reused', outcome.session?.user.id ?? null, presented.sessionId)
      return { kind: 'dead' }
    case 'dead':
      return { kind }
  }
}
