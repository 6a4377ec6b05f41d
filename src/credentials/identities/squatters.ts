/** Identities of a person who registered the address of another one. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { build } from '../../db/build'
import { users } from '../../db/schema'
import { identities } from '../../db/schema-credentials'

/**
 * Deletes the identities of an account whose address is unproven, if `condition` holds. It belongs
 * in every batch in which the owner of the mailbox takes the account over, before the address
 * becomes proven. Otherwise the person who registered the address could still sign in.
 */
export const dropUnprovenIdentities = (userId: number | SQL<number>, condition: SQL) =>
  build.delete(identities).where(
    and(
      sql`${identities.userId} = ${userId}`,
      sql`exists (select 1 from ${users}
          where ${users.id} = ${userId} and ${eq(users.emailVerified, false)})`,
      condition,
    ),
  )
