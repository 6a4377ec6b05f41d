/**
 * The password asked again inside an account, before something that must not happen to an
 * unattended or stolen session (ASVS 7.5).
 */
import type { AnyContext, CallerEnv } from '../context'
import { unguarded } from '../http/actor'
import { runHash } from '../http/hash-admission'
import { logSecurity } from '../http/log'
import { problem } from '../http/problem'
import { needsRehash, verifyPassword } from '../security/password'
import { countAttempt, type Reauthenticated } from './reauth-store'
import { waitSeconds } from './throttle'

/**
 * Checks the caller's password: the first trip of the route. Wrong ones are counted, apart from
 * those of sign-ins, and must wait like them.
 */
export async function reauthenticate(c: AnyContext, password: string) {
  const { caller, now, location } = c.var as CallerEnv['Variables']
  const db = unguarded(c)
  const attempt = await countAttempt(db, caller, now, location())
  if (attempt.kind === 'wait') {
    logSecurity(c, 'attempt_refused', caller.userId, caller.sessionId)
    return {
      failure: problem(c, 'too-many-attempts', {
        retryAfter: waitSeconds(attempt.row, 'confirm', now),
      }),
    }
  }
  if (!(await runHash(c, () => verifyPassword(password, attempt.account.passwordHash)))) {
    logSecurity(c, 'password_rejected', caller.userId, caller.sessionId)
    return { failure: problem(c, 'wrong-password') }
  }
  return { failure: null, reauthenticated: attempt }
}

/**
 * When the hash is not the checked one any more. Another password, most likely; of a weaker hash it
 * may have been a sign-in that stored a stronger one: tried again, one is told more.
 */
export function passwordChangedMeanwhile(c: AnyContext, { account }: Reauthenticated) {
  const { caller } = c.var as CallerEnv['Variables']
  const isOutrun = needsRehash(account.passwordHash)
  const type = isOutrun ? 'attempt_refused' : 'password_rejected'
  logSecurity(c, type, caller.userId, caller.sessionId)
  return isOutrun ? problem(c, 'busy', { retryAfter: 1 }) : problem(c, 'wrong-password')
}
