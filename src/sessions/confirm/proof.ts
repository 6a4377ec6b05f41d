/** Confirms a session with the proof of a factor: a code, or an assertion of a passkey. */
import type { CallerContext } from '../../context'
import { isTokenUsed, type Proof } from '../../credentials/proof'
import { waitSeconds } from '../../credentials/throttle'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { type Amr, amrOf, confirmedMethods } from '../../security/auth-methods'
import { type ConfirmableSession, type StoredConfirmation, storeProofConfirmation } from './store'

export type ConfirmResult =
  | { kind: 'confirmed'; amr: readonly Amr[] }
  | { kind: 'wait-for-code'; seconds: number }
  | { kind: 'wrong-proof' }
  | { kind: 'token-used' }

/** Confirms with a code or an assertion, which is used up. One round trip. */
export async function confirmWithProof(
  c: CallerContext,
  session: ConfirmableSession,
  proof: Proof,
): Promise<ConfirmResult> {
  const methods = confirmedMethods(session.amr, proof.method)
  try {
    const stored = await storeProofConfirmation(c.var.actor, methods, proof)
    logConfirmation(c, proof, session, stored)
    const { wait, isConfirmed } = stored
    if (wait) return { kind: 'wait-for-code', seconds: waitSeconds(wait, 'factor', c.var.now) }
    return isConfirmed ? { kind: 'confirmed', amr: amrOf(methods) } : { kind: 'wrong-proof' }
  } catch (error) {
    if (isTokenUsed(error)) return { kind: 'token-used' }
    throw error
  }
}

/** Logs what the batch recorded, and mails the notice of an accepted proof. */
function logConfirmation(
  c: CallerContext,
  { counter, notice }: Proof,
  { account }: ConfirmableSession,
  { wait, isConfirmed, mayNotify }: StoredConfirmation,
) {
  const { userId, sessionId } = c.var.caller
  if (wait) logSecurity(c, 'attempt_refused', userId, sessionId)
  else if (isConfirmed) logSecurity(c, 'confirmed', userId, sessionId)
  else if (counter) logSecurity(c, 'second_factor_failed', userId, sessionId)
  if (!isConfirmed || !notice) return
  logSecurity(c, notice.event, userId, sessionId)
  if (mayNotify) mailLater(c, notice.mail(c.var.settings.appOrigin, account))
}
