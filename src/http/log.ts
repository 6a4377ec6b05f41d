/**
 * Security events as JSON lines for the operator (ASVS 16.3): ids only, no secrets or identifiers.
 */
import type { AnyContext } from '../context'
import type { EventType } from '../db/event-types'
import { logLine } from '../security/log-line'

/**
 * Logged but not stored, because an attacker could fill the table: throttled attempts and resets,
 * and
 * attempts that lost a race with a concurrent sign-in.
 */
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
