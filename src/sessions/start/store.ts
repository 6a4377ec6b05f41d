/** The round trips that complete a sign-in, or record that it needs a second factor. */
import { sql } from 'drizzle-orm'
import { noticeStatements, proofStatements, useToken } from '../../credentials/proof'
import { clearAttemptsOf, readWait, type Wait } from '../../credentials/throttle'
import type { Database } from '../../db'
import { batch } from '../../db/batch'
import { sessions } from '../../db/schema'
import {
  type Completion,
  endBeyondLimit,
  endReplaced,
  insertSession,
  isRequiredRecorded,
  type NewSession,
  recordBeyondLimit,
  recordLogin,
  recordRequired,
  storeRehashed,
} from './statements'

export interface StartedSession {
  hasStarted: boolean
  /** False: the proof is wrong or used. */
  isProven: boolean
  /** Set if the proof did not count, because the user must wait. */
  wait: Wait | null
  /** The user whose session was replaced, or null. */
  replacedUserId: number | null
  /** The ids of the oldest sessions that ended because the account had too many. */
  endedIds: string[]
  /** The user may get the mail of the proof's notice. */
  mayNotify: boolean
}

/**
 * Starts the session, unless the account changed since it was read, or the proof is wrong or used.
 * Failed attempts of the used methods are cleared, the oldest sessions beyond `MAX_SESSIONS` end,
 * and so does the session that the new one replaces.
 *
 * Statements that continue from the previous one (`ifPrevious`): `started` from `used`, `recorded`
 * from `started`, `cleared` from `recorded`, `ended` from `endRecorded`. Those after `cleared` have
 * the condition `hasStarted` instead.
 * @throws an error that `isTokenUsed` recognizes if a token of the sign-in was used before.
 */
export async function insertStarted(
  db: Database,
  completion: Completion,
  session: NewSession,
): Promise<StartedSession> {
  const { account, proof, pending, eventId } = completion
  const { id: userId } = account
  const { id: sessionId, now, location } = session
  const atSignIn = { userId, now, location, sessionId: null }
  const hasStarted = sql`exists (select 1 from ${sessions} where ${sessions.id} = ${sessionId})`
  const { counted, used, started, ended, replaced, noticed, wait } = await batch(db, {
    required: proof && eventId !== null ? recordRequired(completion, session) : undefined,
    ...proofStatements(proof, atSignIn),
    started: insertSession(completion, session),
    recorded: recordLogin(completion, session),
    cleared: clearAttemptsOf(session.methods, userId),
    pendingUsed: pending ? useToken(pending, hasStarted) : undefined,
    endRecorded: recordBeyondLimit({ userId, now: now.getTime(), location }),
    ended: endBeyondLimit({ userId }),
    ...storeRehashed(completion, hasStarted),
    ...endReplaced(completion, hasStarted, session),
    ...noticeStatements(proof, { ...atSignIn, sessionId }, hasStarted),
    wait: proof?.counter && readWait({ key: proof.counter.key }),
  })
  const isCounted = counted === undefined || counted.length > 0
  return {
    hasStarted: started.length > 0,
    isProven: used === undefined || used.length > 0,
    wait: isCounted ? null : (wait?.[0] ?? null),
    replacedUserId: replaced?.[0]?.userId ?? null,
    endedIds: ended.map(({ id }) => id),
    mayNotify: noticed !== undefined && noticed.length > 0,
  }
}

/**
 * Records a first factor that was right and does not suffice, and a stronger hash. Resolves to
 * false if the account changed since it was read.
 */
export async function storeRequired(
  db: Database,
  completion: Completion,
  at: { now: Date; location: string | null },
): Promise<boolean> {
  const { required } = await batch(db, {
    required: recordRequired(completion, at),
    ...storeRehashed(completion, isRequiredRecorded(completion)),
  })
  return required.length > 0
}
