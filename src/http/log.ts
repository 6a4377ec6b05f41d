/**
 * Security events as JSON lines for the operator (ASVS 16.3): ids only, no secrets or identifiers.
 */
import type { AnyContext } from '../context'
import type { EventType } from '../db/event-types'
import { logLine } from '../security/log-line'

/**
 * Logged but not stored, because an attacker could fill the table: throttled attempts and resets,
 * attempts that lost a race with a concurrent sign-in, and rejected passkeys and identities.
 */
type LoggedOnly = 'attempt_refused' | 'passkey_rejected' | 'identity_rejected'

export function logSecurity(
  c: AnyContext,
  type: EventType | LoggedOnly,
  userId: number | null,
  sessionId?: string,
) {
  writeSecurity(c, { type, user_id: userId, session_id: sessionId })
}

/**
 * A passkey that was rejected, and the name of the broken rule. Not every response contains that
 * name. `wrong-origin` and `wrong-rp-id` show a mistake in ALLOWED_ORIGINS or PASSKEY_RP_ID.
 */
export function logRejectedPasskey(
  c: AnyContext,
  reason: string,
  { userId, sessionId }: { userId: number | null; sessionId?: string | undefined },
) {
  writeSecurity(c, { type: 'passkey_rejected', reason, user_id: userId, session_id: sessionId })
}

/**
 * A flow at an identity provider that failed, and why: a code of the protocol, or the name of a
 * broken rule. Nothing that the provider or the browser sent is part of it.
 */
export function logRejectedIdentity(
  c: AnyContext,
  provider: string,
  reason: string,
  { userId, sessionId }: { userId: number | null; sessionId?: string | undefined },
) {
  const members = { provider, reason, user_id: userId, session_id: sessionId }
  writeSecurity(c, { type: 'identity_rejected', ...members })
}

function writeSecurity(c: AnyContext, { type, ...members }: Record<string, unknown>) {
  const location = c.get('location')()
  console.log(
    logLine({ event: 'security', type, request_id: c.var.requestId, ...members, location }),
  )
}
