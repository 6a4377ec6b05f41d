/** Statements that every second factor needs when it is added or removed. */
import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { sessions, users } from '../db/schema'
import { passkeys, recoveryCodes, totp } from '../db/schema-credentials'
import type { SessionKey } from '../db/session-guard'

const hasTotp = sql`exists (select 1 from ${totp}
  where ${totp.userId} = ${users.id} and ${totp.confirmedAt} is not null)`
const hasPasskey = sql`exists (select 1 from ${passkeys} where ${passkeys.userId} = ${users.id})`

/**
 * Derives `users.factors`, which sign-in reads, from the factors that the user has. Belongs in
 * every batch that adds or removes one, after it.
 */
export const updateFactors = (userId: number) =>
  build
    .update(users)
    .set({
      factors: sql`trim(case when ${hasTotp} then 'totp' else '' end ||
        case when ${hasPasskey} then ' passkey' else '' end)`,
    })
    .where(eq(users.id, userId))

/**
 * Ends the other sign-ins of the user, which did not need the factors that the account has now.
 * Grants of third-party apps and personal tokens stay.
 */
export const endOtherLogins = ({ userId, sessionId }: SessionKey, condition: SQL) =>
  build
    .delete(sessions)
    .where(
      and(
        eq(sessions.userId, userId),
        ne(sessions.id, sessionId),
        eq(sessions.kind, 'login'),
        condition,
      ),
    )

/**
 * Deletes the recovery codes of a user without a second factor. Belongs in every batch that removes
 * one, after `updateFactors`.
 */
export const dropUselessCodes = (userId: number) =>
  build
    .delete(recoveryCodes)
    .where(
      and(
        eq(recoveryCodes.userId, userId),
        sql`exists (select 1 from ${users} where ${users.id} = ${userId} and ${users.factors} = '')`,
      ),
    )
