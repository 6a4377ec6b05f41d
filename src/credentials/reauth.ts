/**
 * Re-authentication before an act that must not happen to an unattended or stolen session (ASVS
 * 7.5): with the password, or with a fresh session, which accounts without a password have.
 */
import type { CallerContext } from '../context'
import { runHash } from '../http/hash-admission'
import { logSecurity } from '../http/log'
import { problem } from '../http/problem'
import { needsRehash, verifyPassword } from '../security/password'
import { countAttempt, findFresh, type Reauthenticated } from './reauth-store'
import { waitSeconds } from './throttle'

/**
 * The first round trip of an act. Wrong passwords count apart from those of sign-ins. Without a
 * password the session must be fresh.
 * @throws SessionEnded, StepUpRequired
 */
export async function reauthenticate(c: CallerContext, password: string | undefined) {
  const { actor, caller, now } = c.var
  if (password === undefined) return { failure: null, reauthenticated: await findFresh(actor) }
  const attempt = await countAttempt(actor)
  if (attempt.kind === 'wait') {
    logSecurity(c, 'attempt_refused', caller.userId, caller.sessionId)
    const retryAfter = waitSeconds(attempt.wait, 'reauth', now)
    return { failure: problem(c, 'too-many-attempts', { retryAfter }) }
  }
  const { passwordHash } = attempt.account
  if (!(await runHash(c, () => verifyPassword(password, passwordHash)))) {
    logSecurity(c, 'password_rejected', caller.userId, caller.sessionId)
    return { failure: problem(c, 'wrong-password') }
  }
  return { failure: null, reauthenticated: attempt }
}

/**
 * The response if the password has changed since it was read. A weaker hash was most likely renewed
 * by a sign-in, and a fresh session has presented no password: a retry can succeed.
 */
export function passwordChangedMeanwhile(c: CallerContext, { account, eventId }: Reauthenticated) {
  const { caller } = c.var
  const isRetryable = eventId === null || needsRehash(account.passwordHash)
  const type = isRetryable ? 'attempt_refused' : 'password_rejected'
  logSecurity(c, type, caller.userId, caller.sessionId)
  return isRetryable ? problem(c, 'busy', { retryAfter: 1 }) : problem(c, 'wrong-password')
}
