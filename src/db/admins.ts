/** The service keeps at least one active admin, since only an admin can appoint another. */
import { sql } from 'drizzle-orm'
import { users } from './schema'

/** True for the only active admin; for the `where` of the statement that would end it. */
export const isLastAdmin = sql`(${users.role} = 'admin' and ${users.isActive} = 1 and not exists (
  select 1 from ${users} as other where other.role = 'admin' and other.is_active = 1 and other.id <> ${users.id}))`
