/**
 * Proofs of a factor: a code, or the assertion of a passkey. A proof has been verified, but it
 * counts only if the batch that accepts it uses it up, so that it works once.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import { uniqueViolation } from '../db'
import { ifPrevious } from '../db/batch'
import { build } from '../db/build'
import type { EventType } from '../db/event-types'
import { recordEventOf } from '../db/events'
import { insertSelect } from '../db/insert-select'
import { events, users } from '../db/schema'
import { usedTokens } from '../db/schema-credentials'
import type { Recipient } from '../mail/compose'
import type { Mail } from '../mail/send'
import type { Method } from '../security/auth-methods'
import { countNotice, type NoticeKind } from './mail-limit'
import { type AttemptKey, reserveAttempt } from './throttle'

export interface Proof {
  method: Method
  /** The counter of the attempt. Undefined: the factor cannot be guessed. */
  counter?: AttemptKey
  /** A stateless token that works once, such as the challenge of an assertion. */
  token?: UsedToken
  /**
   * Uses the proof up. Writes and returns a row if `condition` holds and the proof is still good,
   * and none for a wrong proof: right and wrong proofs send the same statements.
   */
  use: (condition: SQL) => RunnableQuery<unknown[], 'sqlite'>
  /** The notice to the user about an accepted proof. */
  notice?: ProofNotice
}

export interface ProofNotice {
  event: EventType
  kind: NoticeKind
  mail: (origin: string, to: Recipient) => Mail
}

/** A stateless token that works once. */
export interface UsedToken {
  /** SHA-256, base64url. */
  hash: string
  /** When the token expires. It need not be stored any longer. */
  expiresAt: Date
}

/**
 * Marks a token as used, if `condition` holds. A token that was used before violates the primary
 * key: D1 undoes the whole batch, and `isTokenUsed` recognizes the error.
 */
export const useToken = ({ hash, expiresAt }: UsedToken, condition: SQL = sql`true`) =>
  insertSelect(usedTokens, { hash, expiresAt }, sql`where ${condition}`)

/** Whether a batch failed because one of its tokens was used before. */
export const isTokenUsed = (error: unknown) => uniqueViolation(error) === 'used_tokens.hash'

/** Whether a token was used before, as a statement. */
export const selectUsedToken = (hash: string) =>
  build.select({ hash: usedTokens.hash }).from(usedTokens).where(sql`${usedTokens.hash} = ${hash}`)

/** The circumstances of an attempt. */
export interface AttemptContext {
  userId: number
  now: Date
  location: string | null
  /** Null at a sign-in, whose session does not exist yet. */
  sessionId: string | null
}

/**
 * The statements that use a proof up. The last one writes a row only if the proof is accepted, so
 * `ifPrevious` continues from there. A counted attempt leaves the event `second_factor_failed`;
 * `isLatestEvent` finds it, so that an accepted proof can rename it.
 */
export function proofStatements(proof: Proof | null, attempt: AttemptContext) {
  const { counter, token } = proof ?? {}
  const { userId, now: at, location, sessionId } = attempt
  const failed = { userId, type: 'second_factor_failed', at, sessionId, location } as const
  return {
    tokenUsed: token && useToken(token),
    counted: counter && reserveAttempt(counter, at.getTime()),
    failed: counter && recordEventOf(failed, sql`where ${ifPrevious()}`),
    used: proof?.use(counter ? ifPrevious() : sql`true`),
  }
}

/**
 * The latest event of a user. In the batch of a counted proof, that is the event of the attempt.
 */
export const isLatestEvent = (userId: number) =>
  eq(
    events.id,
    sql`(select max(latest.id) from ${events} as latest where latest.user_id = ${userId})`,
  )

/** The event and the mail of an accepted proof, if `condition` holds. */
export function noticeStatements(proof: Proof | null, attempt: AttemptContext, condition: SQL) {
  const notice = proof?.notice
  const { userId, now: at, location, sessionId } = attempt
  const event = notice && { userId, type: notice.event, at, sessionId, location }
  return {
    noticeRecorded: event && recordEventOf(event, sql`where ${condition}`),
    noticed: notice && countNotice(notice.kind, eq(users.id, userId), at, condition),
  }
}
