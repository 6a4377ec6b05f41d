/** Security events as JSON lines for whoever runs the service (ASVS 16.3): ids only, no secret, no address, no name. */
import type { AnyContext } from '../context'
import type { EventType } from '../db/event-types'
import { logLine } from '../security/log-line'

/** What is logged and leaves no event in D1, which a flood of it would fill: a password that was not looked at, or a reset that is not mailed, since one must wait; what a sign-in outran. */
type LoggedOnly = 'attempt_refused'

export function logSecurity(
  c: AnyContext,
  type: EventType | LoggedOnly,
  userId: number | null,
  sessionId?: string,
) {
  console.log(
    logLine({
      event: 'security',
      type,
      request_id: c.var.requestId,
      user_id: userId,
      session_id: sessionId,
      location: c.get('location')(),
    }),
  )
}
