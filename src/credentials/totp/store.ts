/** Authenticator apps in D1. */
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { ifPrevious } from '../../db/batch'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { events, sessions, users } from '../../db/schema'
import { totp } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import type { Recipient } from '../../mail/compose'
import { type Amr, amrOf, confirmedMethods, formatAmr, parseAmr } from '../../security/auth-methods'
import { recipientColumns } from '../account'
import { dropUselessCodes, endOtherLogins, updateFactors } from '../factors'
import { countNotice } from '../mail-limit'
import { isLatestEvent, proofStatements } from '../proof'
import { replaceCodes } from '../recovery-codes/store'
import { clearAttemptsOf, factorKey, readWait, type Wait } from '../throttle'
import { totpProof } from './proof'

export type StoredSecret =
  | { kind: 'stored'; username: string }
  | { kind: 'email-not-verified' }
  | { kind: 'totp-enabled' }

/**
 * Stores a secret that is not confirmed yet, in place of another unconfirmed one. The address must
 * be proven: otherwise another user of the address would inherit the factor.
 * @throws SessionEnded, StepUpRequired
 */
export async function storeSecret(actor: Actor, sealed: string): Promise<StoredSecret> {
  const isCaller = eq(users.id, actor.caller.userId)
  const isProven = and(isCaller, eq(users.emailVerified, true))
  const { stored, owner } = await withSession(actor, {
    stored: insertSelect(
      totp,
      { userId: users.id, secret: sealed, createdAt: actor.now },
      sql`from ${users} where ${isProven}`,
    )
      .onConflictDoUpdate({
        target: totp.userId,
        set: { secret: sql`excluded.secret`, createdAt: sql`excluded.created_at` },
        setWhere: isNull(totp.confirmedAt),
      })
      .returning({ userId: totp.userId }),
    owner: build.select(recipientColumns).from(users).where(isCaller),
  })
  if (stored.length > 0) return { kind: 'stored', username: owner[0]?.username ?? '' }
  return { kind: owner[0]?.emailVerified ? 'totp-enabled' : 'email-not-verified' }
}

/** A set-up that waits for its first code. */
export interface Enrolment {
  sealed: string
  amr: readonly Amr[]
}

/** @throws SessionEnded */
export async function findEnrolment(
  actor: Actor,
): Promise<Enrolment | { kind: 'totp-not-found' | 'totp-enabled' }> {
  const { userId, sessionId } = actor.caller
  const { app, session } = await withSession(actor, {
    app: build
      .select({ secret: totp.secret, confirmedAt: totp.confirmedAt })
      .from(totp)
      .where(eq(totp.userId, userId)),
    session: build.select({ amr: sessions.amr }).from(sessions).where(eq(sessions.id, sessionId)),
  })
  const [row] = app
  if (!row) return { kind: 'totp-not-found' }
  if (row.confirmedAt) return { kind: 'totp-enabled' }
  return { sealed: row.secret, amr: parseAmr(session[0]?.amr ?? '') }
}

/** The first code of an app. Its step is used up, so that it cannot sign in as well. */
const firstCode = ({ caller, now }: Actor, { sealed }: Enrolment, step: number | null) =>
  totpProof(caller.userId, {
    step,
    sealed,
    isApp: isNull(totp.confirmedAt),
    set: { confirmedAt: now },
  })

export interface Enabled {
  isEnabled: boolean
  /** Set if the code did not count, because the user must wait. */
  wait: Wait | null
  owner: Recipient | undefined
  mayNotify: boolean
}

/**
 * Enables the app if `step` is the step of a right code. The session has proven the factor; the
 * other sign-ins of the user end. New recovery codes replace the former ones.
 * @throws SessionEnded
 */
export async function enableApp(
  actor: Actor,
  enrolment: Enrolment,
  step: number | null,
  codeHashes: readonly string[],
): Promise<Enabled> {
  const { caller, now, location } = actor
  const { userId } = caller
  const isCaller = eq(users.id, userId)
  const isEnabled = sql`exists (select 1 from ${totp}
    where ${and(eq(totp.userId, userId), eq(totp.confirmedAt, now))})`
  const { used, counted, owner, noticed, wait } = await withSession(actor, {
    ...proofStatements(firstCode(actor, enrolment, step), { ...caller, now, location }),
    recorded: build
      .update(events)
      .set({ type: 'totp_enabled' })
      .where(ifPrevious(isLatestEvent(userId))),
    cleared: clearAttemptsOf(['otp'], userId),
    factors: updateFactors(userId),
    session: updateOwnSession(actor, enrolment.amr, isEnabled),
    ended: endOtherLogins(caller, isEnabled),
    ...replaceCodes(actor, codeHashes, isEnabled),
    noticed: countNotice('totp-enabled', isCaller, now, isEnabled),
    owner: build.select(recipientColumns).from(users).where(isCaller),
    wait: readWait({ key: factorKey(userId).key }),
  })
  return {
    isEnabled: used !== undefined && used.length > 0,
    wait: counted?.length === 0 ? (wait[0] ?? null) : null,
    owner: owner[0],
    mayNotify: noticed.length > 0,
  }
}

const updateOwnSession = ({ caller, now }: Actor, amr: readonly Amr[], condition: SQL) =>
  build
    .update(sessions)
    .set({ amr: formatAmr(amrOf(confirmedMethods(amr, 'otp'))), authTime: now })
    .where(and(eq(sessions.id, caller.sessionId), condition))

export type Disabled =
  | { kind: 'disabled'; owner: Recipient | undefined; mayNotify: boolean }
  | { kind: 'totp-not-found' }

/**
 * Removes the app, and the recovery codes unless a passkey is left. The other sign-ins of the user
 * end.
 * @throws SessionEnded, StepUpRequired
 */
export async function disableApp(actor: Actor): Promise<Disabled> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const isCaller = eq(users.id, userId)
  const isApp = eq(totp.userId, userId)
  const hasApp = sql`exists (select 1 from ${totp} where ${isApp})`
  const { recorded, owner, noticed } = await withSession(actor, {
    recorded: recordEventOf(
      { userId, type: 'totp_disabled', at: now, sessionId, location },
      sql`where ${hasApp}`,
    ).returning({ id: events.id }),
    ended: endOtherLogins(caller, hasApp),
    noticed: countNotice('totp-disabled', isCaller, now, hasApp),
    removed: build.delete(totp).where(isApp),
    factors: updateFactors(userId),
    codes: dropUselessCodes(userId),
    owner: build.select(recipientColumns).from(users).where(isCaller),
  })
  if (recorded.length === 0) return { kind: 'totp-not-found' }
  return { kind: 'disabled', owner: owner[0], mayNotify: noticed.length > 0 }
}
