/** The former form of `withSession`, for callers that are not converted yet. */
import type { BatchItem } from 'drizzle-orm/batch'
import type { Database } from './index'
import { GuardedDatabase, type SessionKey } from './session-guard'

/**
 * `withSession` with results by position.
 * @throws SessionEnded, RoleMissing
 */
export async function asCaller<
  const T extends readonly [BatchItem<'sqlite'>, ...BatchItem<'sqlite'>[]],
>(
  db: Database,
  caller: SessionKey,
  now: Date,
  work: T,
  role?: 'admin',
): Promise<{ [K in keyof T]: T[K]['_']['result'] }> {
  const named = Object.fromEntries(work.map((statement, i) => [`statement${i}`, statement]))
  const results = await new GuardedDatabase(db).batch(caller, now, named, { role })
  return Object.values(results) as never
}
