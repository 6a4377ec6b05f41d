/** The security activity of an account, written in the same batch as the act (ASVS 16.3). */
import { and, eq, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { build } from './build'
import type { EventType } from './event-types'
import { insertSelect } from './insert-select'
import { prepared } from './prepared'
import { events, users } from './schema'

export interface NewEvent {
  /** A subquery if the same batch creates the user. */
  userId: number | SQL<number>
  type: EventType
  at: Date
  sessionId?: string | null
  /** Approximate client location, e.g. `Vienna, AT`. */
  location?: string | null
}

/** The statement that records an event. */
export const recordEvent = (event: NewEvent) => build.insert(events).values(event)

/** An event whose fields are values, or SQL expressions over the selected rows. */
type EventOfRows = { [K in keyof NewEvent]: NewEvent[K] | SQLWrapper }

/** The statement that records an event for each row of `rows` (`from … where …`). */
export const recordEventOf = ({ userId, type, at, sessionId, location }: EventOfRows, rows: SQL) =>
  insertSelect(events, { userId, type, at, sessionId, location }, rows)

/** The `user_id` of an event about a login or address that no account has. */
export const NO_ACCOUNT = 0
/** The id of the user that `who` selects, or `NO_ACCOUNT`. */
export const userIdOrNone = (who: SQL | undefined) =>
  sql<number>`coalesce((select ${users.id} from ${users} where ${who}), ${NO_ACCOUNT})`

/**
 * Deletes the event that this batch has just recorded if it belongs to no account: strangers could
 * create any number of them, and the log has them. The newest event of the table is the one of this
 * batch, because D1 runs no other statement during a batch. Inserting and deleting it in one
 * transaction costs a known and an unknown login the same statements and written pages.
 */
export const discardUnowned = prepared(() =>
  build
    .delete(events)
    .where(and(eq(events.userId, NO_ACCOUNT), eq(events.id, sql`(select max(id) from ${events})`))),
)
