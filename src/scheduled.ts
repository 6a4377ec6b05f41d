/** Deletes what has expired, once an hour, in bounded batches. Nothing waits for it: expired rows count for nothing wherever they are read. */
import { and, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { openDatabase } from './db'
import { attempts, emailTokens, events, idempotencyKeys, mailCounts, sessions } from './db/schema'
import { usedTokens } from './db/schema-credentials'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
/** Rows of a table that one statement deletes. */
export const BATCH = 500
/** Batches of one run, each a trip of one statement per table: far below the 1 000 queries that D1 allows an invocation. */
const MAX_ROUNDS = 50

/** What is deleted, and how many rows of each were. */
export type Deleted = Record<string, number>

/** Every kind of row that ends by itself, with the condition of its end, served by an index on its time. */
const expired = (now: Date): [name: string, table: SQLiteTable, condition: SQL | undefined][] => {
  const ago = (ms: number) => new Date(now.getTime() - ms)
  return [
    ['sessions', sessions, lte(sessions.expiresAt, now)],
    ['email_tokens', emailTokens, lte(emailTokens.expiresAt, now)],
    // Names that nobody has; the failures of an account go with a success, a reset or the account.
    ['attempts', attempts, and(lte(attempts.lastAt, ago(30 * DAY_MS)), isNull(attempts.userId))],
    ['mail_counts', mailCounts, lte(mailCounts.since, ago(HOUR_MS))],
    ['idempotency_keys', idempotencyKeys, lte(idempotencyKeys.createdAt, ago(DAY_MS))],
    ['events', events, lte(events.at, ago(90 * DAY_MS))],
    ['used_tokens', usedTokens, lte(usedTokens.expiresAt, now)],
  ]
}

/** Deletes batch after batch until every table is clean or the run has done its share; the next hour goes on. */
export async function deleteExpired(binding: D1Database, now: Date): Promise<Deleted> {
  const db = openDatabase(binding, { count: 0, ms: 0 })
  const tables = expired(now)
  const deleted: Deleted = Object.fromEntries(tables.map(([name]) => [name, 0]))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const results = await db.batch(
      tables.map(([, table, condition]) =>
        db
          .delete(table)
          .where(sql`rowid in (select rowid from ${table} where ${condition} limit ${BATCH})`),
      ) as unknown as [BatchItem<'sqlite'>],
    )
    let full = false
    results.forEach((result, i) => {
      const { changes } = (result as D1Result).meta
      const name = tables[i]?.[0] as string
      deleted[name] = (deleted[name] ?? 0) + changes
      if (changes >= BATCH) full = true
    })
    if (!full) break
  }
  return deleted
}
