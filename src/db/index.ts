/** Drizzle on D1, through a binding that counts its round trips. */
import { drizzle } from 'drizzle-orm/d1'
import { DetachedStatement } from './build'
import { causes } from './causes'

/** The D1 round trips of a request. A `batch` is one; `ms` is the wall time of all of them. */
export interface Trips {
  count: number
  ms: number
}

export type Database = ReturnType<typeof openDatabase>

/**
 * Opens D1 for one request. `bookmark` says how old a replica may be: `first-primary` for anything
 * that decides about a session or a user, else the client's bookmark, or `first-unconstrained`.
 */
export function openDatabase(binding: D1Database, trips: Trips, bookmark = 'first-primary') {
  const session = binding.withSession(bookmark)
  const db = drizzle(counting(session, trips) as unknown as D1Database)
  return Object.assign(db, { bookmark: () => session.getBookmark() })
}

/** D1's own statement for each counting one, because `batch` accepts no other. */
const originals = new WeakMap<object, D1PreparedStatement>()

function counting(session: D1DatabaseSession, trips: Trips) {
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    trips.count++
    const start = performance.now()
    try {
      return await work
    } finally {
      trips.ms += performance.now() - start
    }
  }
  const wrap = (statement: D1PreparedStatement) => {
    const counted = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => timed(statement.run()),
      all: () => timed(statement.all()),
      raw: () => timed(statement.raw()),
      first: () => timed(statement.first()),
    }
    originals.set(counted, statement)
    return counted
  }
  const original = (statement: object) =>
    statement instanceof DetachedStatement
      ? session.prepare(statement.sql).bind(...statement.values)
      : (originals.get(statement) ?? (statement as D1PreparedStatement))
  return {
    prepare: (query: string) => wrap(session.prepare(query)),
    batch: (statements: object[]) => timed(session.batch(statements.map(original))),
  }
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
