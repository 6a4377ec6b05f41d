/** Drizzle on D1, through a session that measures its round trips. */
import { drizzle } from 'drizzle-orm/d1'
import { causes } from './causes'
import { Session, type Trips } from './session'

export type { Trips } from './session'

export type Database = ReturnType<typeof openDatabase>

/**
 * Opens D1 for one request. `bookmark` says how old a replica may be: `first-primary` for anything
 * that decides about a session or a user, else the client's bookmark, or `first-unconstrained`.
 */
export function openDatabase(binding: D1Database, trips: Trips, bookmark = 'first-primary') {
  const session = new Session(binding, trips, bookmark)
  // The cast is safe: drizzle calls only `prepare` and `batch`.
  const db = drizzle(session as unknown as D1Database)
  return Object.assign(db, { bookmark: () => session.getBookmark() })
}

/** The columns of the unique index that a write violated, e.g. `users.email_key`, or null. */
export function uniqueViolation(error: unknown): string | null {
  for (const e of causes(error)) {
    const [, after = ''] = e.message.split('UNIQUE constraint failed: ', 2)
    const [columns] = /^[\w., ]+/.exec(after) ?? []
    if (columns) return columns
  }
  return null
}
