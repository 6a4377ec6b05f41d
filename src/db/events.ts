/** The security activity of an account, written in the same batch as the act (ASVS 16.3). */
import { and, eq, type Placeholder, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { build } from './build'
import type { EventType } from './event-types'
import type { Database } from './index'
import { prepared } from './prepared'
import { events } from './schema'

export interface NewEvent {
  /** A subquery where the id is made in the same batch. */
  userId: number | SQL<number>
  type: EventType
  at: Date
  sessionId?: string | null
  /** Coarse place, e.g. `Vienna, AT`. */
  location?: string | null
}

/** The statement that records an event. */
export const recordEvent = (db: Database, event: NewEvent) => db.insert(events).values(event)

/** An event of which each part may be told by the rows that it is about. */
type EventOfRows = { [K in keyof NewEvent]: NewEvent[K] | SQLWrapper | Placeholder }

/** The statement that records an event for each of `rows` (`from … where …`): where there is none, nothing. */
export const recordEventOf = (
  db: Database,
  { userId, type, at, sessionId = null, location = null }: EventOfRows,
  rows: SQL,
) => {
  const time = at instanceof Date ? at.getTime() : at
  // All columns of the table in their order.
  return db
    .insert(events)
    .select(sql`select null, ${userId}, ${type}, ${time}, ${sessionId}, ${location} ${rows}`)
}

/** The `user_id` of an event about a login or address that no account has. */
export const NO_ACCOUNT = 0

/**
 * Deletes the event that this batch has just recorded if it belongs to no account: strangers could
 * create any number of them, and the log has them. Inserting and deleting it in one transaction
 * costs a known and an unknown login the same statements and the same written pages.
 */
export const discardUnowned = prepared(() =>
  build
    .delete(events)
    .where(and(eq(events.userId, NO_ACCOUNT), eq(events.id, sql`(select max(id) from ${events})`))),
)
