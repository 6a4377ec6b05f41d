/** Recovery codes in D1. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { build } from '../../db/build'
import { recordEventOf } from '../../db/events'
import { insertSelect } from '../../db/insert-select'
import { users } from '../../db/schema'
import { recoveryCodes } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import type { Recipient } from '../../mail/compose'
import { recipientColumns } from '../account'
import { countNotice } from '../mail-limit'

/** Codes of an account. */
export const RECOVERY_CODES = 10

/** The statements that replace the codes of the caller, if `condition` holds. */
export function replaceCodes(
  { caller, now, location }: Actor,
  hashes: readonly string[],
  condition: SQL,
) {
  const { userId, sessionId } = caller
  return {
    codesVoided: build
      .delete(recoveryCodes)
      .where(and(eq(recoveryCodes.userId, userId), condition)),
    codesMade: insertSelect(
      recoveryCodes,
      { hash: sql`value`, userId, createdAt: now },
      sql`from json_each(${JSON.stringify(hashes)}) where ${condition}`,
    ),
    codesRecorded: recordEventOf(
      { userId, type: 'recovery_codes_made', at: now, sessionId, location },
      sql`where ${condition}`,
    ),
  }
}

export type MadeCodes =
  | { kind: 'made'; user: Recipient; mayNotify: boolean }
  | { kind: 'no-second-factor' }

/**
 * Stores new codes in place of the old ones, for a caller with a second factor.
 * @throws SessionEnded, StepUpRequired
 */
export async function storeCodes(actor: Actor, hashes: readonly string[]): Promise<MadeCodes> {
  const isCaller = eq(users.id, actor.caller.userId)
  const hasFactor = sql`exists (select 1 from ${users} where ${isCaller} and ${users.factors} <> '')`
  const { user, noticed } = await withSession(actor, {
    ...replaceCodes(actor, hashes, hasFactor),
    noticed: countNotice('recovery-codes-made', isCaller, actor.now, hasFactor),
    user: build.select(recipientColumns).from(users).where(and(isCaller, hasFactor)),
  })
  const [owner] = user
  if (!owner) return { kind: 'no-second-factor' }
  return { kind: 'made', user: owner, mayNotify: noticed.length > 0 }
}
