/**
 * Whose session still lives, asked in the same round trip as the work itself.
 * Revocation holds from the next request because no route does its work without one of these.
 */
import { and, eq, gt, placeholder, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Caller } from '../context'
import { causes } from './causes'
import type { Database } from './index'
import { prepared } from './prepared'
import { sessions, users } from './schema'

/** The session of a well-signed token has ended, or its user was disabled or deleted. Answered as 401 `invalid_token`. */
export class DeadSession extends Error {
  override name = 'DeadSession'
}
/** The token grants the scope, but the user no longer has the role for it. Answered as 403 `insufficient_scope`. */
export class RoleMissing extends Error {
  override name = 'RoleMissing'
}

/** The condition of a live session, for a `prepared` query that joins `sessions` with `users`; it is asked with `liveValues`. */
export const isLive = and(
  eq(sessions.id, placeholder('sessionId')),
  eq(sessions.userId, placeholder('userId')),
  gt(sessions.expiresAt, placeholder('now')),
  eq(users.isActive, true),
)
export const liveValues = ({ sessionId, userId }: Caller, now: Date) => ({
  sessionId,
  userId,
  now: now.getTime(),
})

/** Text of SQLite's error when the guard's invalid JSON path is evaluated; it aborts the whole batch. */
const DEAD = 'session-is-dead'
const NO_ROLE = 'role-is-missing'

/** One row when the session lives and its user has the role that is asked; else an error that aborts the batch. */
const guard = (role?: 'admin') =>
  prepared((db) => {
    const ownRole = sql`(select ${users.role} from ${sessions} join ${users} on ${users.id} = ${sessions.userId} where ${isLive})`
    const fail = (text: string) => sql.raw(`json_extract('{}', '${text}')`)
    const pass = sql`case ${ownRole} when 'admin' then 1 when 'user' then ${role ? fail(NO_ROLE) : sql.raw('1')} else ${fail(DEAD)} end`
    return db.select({ pass: pass.as('pass') }).from(sql`(select 1)`)
  })
const guards = { user: guard(), admin: guard('admin') }

/**
 * Does `work` for a caller whose session lives (and who has `role`, when one is asked), in one round trip.
 * The first statement of the batch fails on purpose otherwise, so that D1 undoes it all and no statement of `work` needs a guard of its own.
 * @throws DeadSession, RoleMissing
 */
export async function asCaller<
  const T extends readonly [BatchItem<'sqlite'>, ...BatchItem<'sqlite'>[]],
>(
  db: Database,
  caller: Caller,
  now: Date,
  work: T,
  role?: 'admin',
): Promise<{ [K in keyof T]: T[K]['_']['result'] }> {
  const pass = guards[role ?? 'user'](db, liveValues(caller, now))
  try {
    const [, ...results] = await db.batch([pass, ...work])
    return results as never
  } catch (error) {
    throw guardFailure(error) ?? error
  }
}

function guardFailure(error: unknown): Error | null {
  for (const e of causes(error)) {
    if (e.message.includes(DEAD)) return new DeadSession()
    if (e.message.includes(NO_ROLE)) return new RoleMissing()
  }
  return null
}
