/** The service must not lose its last admin: nobody could make another one. */
import { sql } from 'drizzle-orm'
import { users } from './schema'

/** The condition that a user is the only active admin, for the `where` of the very statement that would end it. */
export const isLastAdmin = sql`(${users.role} = 'admin' and ${users.isActive} = 1 and not exists (
  select 1 from ${users} as other where other.role = 'admin' and other.is_active = 1 and other.id <> ${users.id}))`
