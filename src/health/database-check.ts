/** Proves that the bound database has all migrations and behaves as the stores rely on. */
import { count, inArray, type SQL, sql } from 'drizzle-orm'
import journal from '../../migrations/meta/_journal.json'
import type { Database } from '../db'
import { batch, ifPrevious, single } from '../db/batch'
import { failureOf, mentionsFailure, raise } from '../db/guard-error'
import { insertSelect } from '../db/insert-select'
import { mailCounts } from '../db/schema'

/**
 * The first fault and its cure as sentences; null if there is none. Two round trips: a batch that
 * fails, and a look for rows that it left, which the hourly job would delete.
 *
 * The stores rely on two facts that D1 does not document: `changes()` counts across the statements
 * of a batch, and the error of the session guard has SQLite's text.
 */
export async function findDatabaseFault(db: Database): Promise<string | null> {
  const id = crypto.randomUUID()
  const keys = { first: `ready:${id}:1`, second: `ready:${id}:2`, third: `ready:${id}:3` }
  const unexpected = await runFailingBatch(db, keys)
  const { applied, kept } = await batch(db, {
    applied: db.select({ name: sql<string>`name` }).from(sql`d1_migrations`),
    kept: db.select({ n: count() }).from(mailCounts).where(isProbe(keys)),
  })
  const missing = missingMigrations(applied.map(({ name }) => name))
  if (missing.length > 0)
    return `The database lacks ${missing.length} migration(s), first ${missing[0]}: run npm run deploy, or wrangler d1 migrations apply.`
  const fault = unexpected ?? (single(kept).n > 0 ? 'D1 does not undo a batch that fails.' : null)
  return fault && `${fault} Send no traffic to this version and report the fault.`
}

/** Migrations that the database lacks. wrangler records applied ones in `d1_migrations`. */
const missingMigrations = (applied: readonly string[]) =>
  journal.entries.map((entry) => `${entry.tag}.sql`).filter((name) => !applied.includes(name))

/** The keys of the rows that the check tries to write into `mail_counts`. */
interface Keys {
  first: string
  second: string
  third: string
}
const isProbe = (keys: Keys) => inArray(mailCounts.key, Object.values(keys))

/**
 * Writes `first` and `second`, not `third`, and then fails like the session guard. Returns what was
 * unexpected about it.
 */
async function runFailingBatch(db: Database, keys: Keys): Promise<string | null> {
  const insert = (key: string, condition: SQL) =>
    insertSelect(mailCounts, { key, count: 0, since: new Date(0) }, sql`where ${condition}`)
  const written = sql`(select group_concat(key) from
    (select ${mailCounts.key} from ${mailCounts} where ${isProbe(keys)} order by 1))`
  const outcome = sql<number>`case ${written} when ${`${keys.first},${keys.second}`}
    then ${raise('session-ended')} else 0 end`
  try {
    await batch(db, {
      written: insert(keys.first, sql`true`),
      afterWritten: insert(keys.second, ifPrevious()),
      unwritten: insert(keys.third, sql`false`),
      afterUnwritten: insert(keys.third, ifPrevious()),
      failed: db.select({ outcome: outcome.as('outcome') }).from(sql`(select 1)`),
    })
    return 'D1 does not keep changes() between the statements of a batch.'
  } catch (error) {
    if (failureOf(error) === 'session-ended') return null
    if (mentionsFailure(error)) return 'D1 words the error of the session guard differently.'
    throw error
  }
}
