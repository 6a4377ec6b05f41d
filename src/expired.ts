/**
 * Deletes rows that have expired and rows beyond the number that is kept, in bounded batches. No
 * request waits for it: every query ignores expired rows.
 */
import { and, desc, eq, gt, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Database } from './db'
import { batch } from './db/batch'
import { build } from './db/build'
import type { QueryBudget } from './db/query-budget'
import { attempts, emailTokens, events, idempotencyKeys, mailCounts, sessions } from './db/schema'
import { signInLinks, usedTokens } from './db/schema-credentials'
import {
  DAY_MS,
  EVENT_DAYS,
  IDEMPOTENCY_MS,
  MAIL_PERIOD_MS,
  MAX_MAIL_COUNTERS,
  MAX_UNKNOWN_LOGINS,
  UNKNOWN_LOGIN_DAYS,
} from './limits'

/** Rows that one statement deletes. */
export const BATCH = 500

/** Rows of a table that are due. An index serves the condition. */
interface DueRows {
  table: SQLiteTable
  isDue: SQL | undefined
}
/** How many rows were deleted, by name. */
export type Deleted = Record<string, number>

/** Maximum numbers of rows; tests pass smaller ones. */
export interface Maxima {
  unknownLogins: number
  mailCounters: number
}
const MAXIMA: Maxima = { unknownLogins: MAX_UNKNOWN_LOGINS, mailCounters: MAX_MAIL_COUNTERS }

/** Deletes until no row is due or the budget is used up. */
export async function deleteExpired(
  db: Database,
  now: Date,
  budget: QueryBudget,
  maxima = MAXIMA,
): Promise<Deleted> {
  const beyond = await newestBeyond(db, budget, maxima)
  let due = Object.entries(dueRows(now, beyond))
  const deleted: Deleted = Object.fromEntries(due.map(([name]) => [name, 0]))
  while (due.length > 0 && budget.take(due.length)) {
    const statements = Object.fromEntries(due.map(([name, rows]) => [name, deleteBatch(rows)]))
    const results = await batch(db, statements)
    const count = (name: string) => results[name]?.meta.changes ?? 0
    for (const [name] of due) deleted[name] = (deleted[name] ?? 0) + count(name)
    // A statement that deleted fewer rows than it may has found them all.
    due = due.filter(([name]) => count(name) >= BATCH)
  }
  return deleted
}

const deleteBatch = ({ table, isDue }: DueRows) =>
  build
    .delete(table)
    .where(sql`rowid in (select rowid from ${table} where ${isDue} limit ${BATCH})`)

/** The times of the newest rows beyond the maximum number of rows; the epoch if there are none. */
interface NewestBeyond {
  unknownLogin: Date
  mailCounter: Date
}

/** Every kind of row that expires. */
function dueRows(now: Date, beyond: NewestBeyond): Record<string, DueRows> {
  const ago = (ms: number) => new Date(now.getTime() - ms)
  const later = (a: Date, b: Date) => (a > b ? a : b)
  const unknownSince = later(ago(UNKNOWN_LOGIN_DAYS * DAY_MS), beyond.unknownLogin)
  const mailsSince = later(ago(MAIL_PERIOD_MS), beyond.mailCounter)
  return {
    sessions: { table: sessions, isDue: lte(sessions.expiresAt, now) },
    email_tokens: { table: emailTokens, isDue: lte(emailTokens.expiresAt, now) },
    sign_in_links: { table: signInLinks, isDue: lte(signInLinks.expiresAt, now) },
    used_tokens: { table: usedTokens, isDue: lte(usedTokens.expiresAt, now) },
    // The failures of an account end with a sign-in, a reset or the account.
    attempts: {
      table: attempts,
      isDue: and(isNull(attempts.userId), lte(attempts.lastAt, unknownSince)),
    },
    mail_counts: { table: mailCounts, isDue: lte(mailCounts.since, mailsSince) },
    idempotency_keys: {
      table: idempotencyKeys,
      isDue: lte(idempotencyKeys.createdAt, ago(IDEMPOTENCY_MS)),
    },
    events: { table: events, isDue: lte(events.at, ago(EVENT_DAYS * DAY_MS)) },
    // Earlier releases stored the events of unknown logins under user 0.
    unowned_events: { table: events, isDue: eq(events.userId, 0) },
  }
}

/**
 * Reads `NewestBeyond`. Walking 500 000 index entries takes 40 to 70 ms, so it runs once per run.
 */
async function newestBeyond(
  db: Database,
  budget: QueryBudget,
  maxima: Maxima,
): Promise<NewestBeyond> {
  const none = new Date(0)
  if (!budget.take(2)) return { unknownLogin: none, mailCounter: none }
  const { unknownLogin, mailCounter } = await batch(db, {
    unknownLogin: build
      .select({ at: attempts.lastAt })
      .from(attempts)
      .where(isNull(attempts.userId))
      .orderBy(desc(attempts.lastAt))
      .limit(1)
      .offset(maxima.unknownLogins),
    mailCounter: build
      .select({ at: mailCounts.since })
      .from(mailCounts)
      .where(gt(mailCounts.since, none))
      .orderBy(desc(mailCounts.since))
      .limit(1)
      .offset(maxima.mailCounters),
  })
  return {
    unknownLogin: unknownLogin[0]?.at ?? none,
    mailCounter: mailCounter[0]?.at ?? none,
  }
}
