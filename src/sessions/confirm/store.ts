/** Re-authentication of an active session in D1. The session keeps its id. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { type Account, selectAccount } from '../../credentials/account'
import { selectSecret } from '../../credentials/factor-code'
import {
  type AttemptContext,
  isLatestEvent,
  noticeStatements,
  type Proof,
  proofStatements,
} from '../../credentials/proof'
import {
  discardEvent,
  isHashUnchanged,
  type Reauthenticated,
  recordAct,
} from '../../credentials/reauth-store'
import { clearAttemptsOf, readWait, type Wait } from '../../credentials/throttle'
import { ifPrevious, single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { events, sessions, users } from '../../db/schema'
import { totp } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import { type Amr, amrOf, formatAmr, type Method, parseAmr } from '../../security/auth-methods'

/** Stores when and how the session was confirmed, if `condition` holds. */
const updateSession = ({ caller, now }: Actor, methods: readonly Method[], condition: SQL) =>
  build
    .update(sessions)
    .set({ amr: formatAmr(amrOf(methods)), authTime: now })
    .where(and(eq(sessions.id, caller.sessionId), condition))
    .returning({ id: sessions.id })

/**
 * Confirms with a password that was right. False: the password changed since it was checked.
 * @throws SessionEnded
 */
export async function storePasswordConfirmation(
  actor: Actor,
  reauthenticated: Reauthenticated,
): Promise<boolean> {
  const isSame = sql`exists (select 1 from ${users} where ${isHashUnchanged(reauthenticated)})`
  const { confirmed } = await withSession(actor, {
    confirmed: updateSession(actor, ['pwd'], isSame),
    recorded: recordAct(actor, reauthenticated, 'confirmed', ifPrevious()),
    cleared: clearAttemptsOf(['pwd'], actor.caller.userId),
    discarded: discardEvent(reauthenticated),
  })
  return confirmed.length > 0
}

/** The columns of a session and its user that a proof needs. */
export interface ConfirmableSession {
  account: Account
  /** How the session was authenticated so far. */
  amr: readonly Amr[]
  /** The encrypted secret of the user's authenticator app. */
  secret: string | undefined
}

/** Reads the session before a proof is verified. @throws SessionEnded */
export async function findConfirmable(actor: Actor): Promise<ConfirmableSession> {
  const { userId, sessionId } = actor.caller
  const { account, session, secret } = await withSession(actor, {
    account: selectAccount(userId),
    session: build.select({ amr: sessions.amr }).from(sessions).where(eq(sessions.id, sessionId)),
    secret: selectSecret(eq(totp.userId, userId)),
  })
  // The guard has found the session and its user.
  return {
    account: single(account),
    amr: parseAmr(single(session).amr),
    secret: secret[0]?.secret,
  }
}

export interface StoredConfirmation {
  isConfirmed: boolean
  /** Set if the proof did not count, because the user must wait. */
  wait: Wait | null
  /** The user may get the mail of the proof's notice. */
  mayNotify: boolean
}

/**
 * Confirms with a proof, which is used up.
 * @throws SessionEnded, and an error that `isTokenUsed` recognizes.
 */
export async function storeProofConfirmation(
  actor: Actor,
  methods: readonly Method[],
  proof: Proof,
): Promise<StoredConfirmation> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const attempt: AttemptContext = { userId, now, location, sessionId }
  const isConfirmed = sql`exists (select 1 from ${sessions}
    where ${and(eq(sessions.id, sessionId), eq(sessions.authTime, now))})`
  const { counted, confirmed, noticed, wait } = await withSession(actor, {
    ...proofStatements(proof, attempt),
    confirmed: updateSession(actor, methods, ifPrevious()),
    recorded: recordConfirmed(proof, attempt),
    cleared: clearAttemptsOf([proof.method], userId),
    ...noticeStatements(proof, attempt, isConfirmed),
    wait: proof.counter && readWait({ key: proof.counter.key }),
  })
  const isCounted = counted === undefined || counted.length > 0
  return {
    isConfirmed: confirmed.length > 0,
    wait: isCounted ? null : (wait?.[0] ?? null),
    mayNotify: noticed !== undefined && noticed.length > 0,
  }
}

/** The event of a confirmation, if the previous statement stored it. */
function recordConfirmed({ counter }: Proof, attempt: AttemptContext) {
  const { userId, now: at, sessionId, location } = attempt
  // A counted proof has just recorded its own event.
  return counter
    ? build
        .update(events)
        .set({ type: 'confirmed' })
        .where(ifPrevious(isLatestEvent(userId)))
    : recordEventOf(
        { userId, type: 'confirmed', at, sessionId, location },
        sql`where ${ifPrevious()}`,
      )
}
