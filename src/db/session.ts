/**
 * One request's session with D1. It measures each round trip. It repeats one at the primary when a
 * replica lacks a migration, and on any replica when D1 cannot use the bookmark of the client.
 */
import type { DetachedStatement } from './build'
import { causes } from './causes'

/** The D1 round trips of a request. A `batch` is one; `ms` is the wall time of all of them. */
export interface Trips {
  count: number
  ms: number
  /** D1's metadata of the trips; absent before the first one. */
  served?: Served
  /** A trip failed and was repeated in another session; see `openSession`. */
  repeated?: boolean
}

/** From D1's `meta`. https://developers.cloudflare.com/d1/worker-api/return-object/ */
export interface Served {
  /** Region of the instance that ran the last trip, such as `WEUR`; null in development. */
  region: string | null
  /** False when a replica ran the last trip. */
  primary: boolean | null
  rowsRead: number
  rowsWritten: number
}

type Meta = Partial<D1Meta & D1Response['meta']>

/** The methods of a D1 binding that drizzle calls, and the bookmark of the session. */
export interface Session {
  prepare(query: string): SessionStatement
  batch(statements: object[]): Promise<D1Result[]>
  getBookmark(): string | null
}

/**
 * SQL and its values. It is prepared when it is sent, so that another session can send it again.
 */
interface SessionStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  bind(...values: unknown[]): SessionStatement
  run(): Promise<D1Result>
  all(): Promise<D1Result>
  raw(): Promise<unknown[][]>
  first(): Promise<unknown>
}

/**
 * Share of sessions whose single SELECTs report `meta`. D1 gives it with rows as objects only,
 * which costs a list of 20 posts a fifth more CPU than rows as lists. Batches always report it.
 */
const SAMPLED = 1 / 16

/**
 * @param bookmark where the session begins: `first-primary`, `first-unconstrained` or a bookmark
 */
export function openSession(binding: D1Database, trips: Trips, bookmark: string): Session {
  const isSampled = Math.random() < SAMPLED
  let session = binding.withSession(bookmark)
  let start = bookmark

  async function send<T>(work: (session: D1DatabaseSession) => Promise<T>): Promise<T> {
    const attempt = () => measure(trips, work(session))
    try {
      return await (isOfClient(start) ? within(BOOKMARK_MS, attempt()) : attempt())
    } catch (error) {
      const next = startAfter(error, start)
      if (!next) throw error
      start = next
      session = binding.withSession(start)
      const result = await attempt()
      trips.repeated = true
      return result
    }
  }

  const statement = (sql: string, values: readonly unknown[]): SessionStatement => {
    const all = () =>
      send((session) =>
        session
          .prepare(sql)
          .bind(...values)
          .all(),
      )
    return {
      sql,
      values,
      bind: (...bound) => statement(sql, bound),
      run: () =>
        send((session) =>
          session
            .prepare(sql)
            .bind(...values)
            .run(),
        ),
      all,
      // Each column of a result has a name of its own, so the values of a row are its columns in
      // their order; test/setup.ts checks that.
      raw: async () =>
        isSampled
          ? (await all()).results.map((row) => Object.values(row as object))
          : send((session) =>
              session
                .prepare(sql)
                .bind(...values)
                .raw(),
            ),
      first: async () => (await all()).results[0] ?? null,
    }
  }

  return {
    prepare: (sql) => statement(sql, []),
    batch: (statements) =>
      send((session) => session.batch(statements.map((one) => prepareIn(session, one)))),
    getBookmark: () => session.getBookmark(),
  }
}

function prepareIn(session: D1DatabaseSession, statement: object): D1PreparedStatement {
  const { sql, values } = statement as SessionStatement | DetachedStatement
  return session.prepare(sql).bind(...values)
}

/** Adds a trip to `trips`, also when it fails. */
async function measure<T>(trips: Trips, work: Promise<T>): Promise<T> {
  trips.count++
  const start = performance.now()
  try {
    const result = await work
    for (const one of Array.isArray(result) ? result : [result]) {
      if (one instanceof Object && 'meta' in one) addMeta(trips, one.meta)
    }
    return result
  } finally {
    trips.ms += performance.now() - start
  }
}

function addMeta(trips: Trips, meta: Meta) {
  trips.served ??= { region: null, primary: null, rowsRead: 0, rowsWritten: 0 }
  const { served } = trips
  served.region = meta.served_by_region ?? null
  served.primary = meta.served_by_primary ?? null
  served.rowsRead += meta.rows_read ?? 0
  served.rowsWritten += meta.rows_written ?? 0
}

/** Milliseconds that D1 may take to reach the bookmark of a client. */
const BOOKMARK_MS = 2000
/** A bookmark that a client sent. It has the form of D1's, and any content. */
const isOfClient = (start: string) => !start.startsWith('first-')

/** Where to repeat a failed trip; null if it is not repeated. */
function startAfter(error: unknown, start: string): string | null {
  if (start !== 'first-primary' && lacksMigration(error)) return 'first-primary'
  // D1 does not document what it does with a bookmark of the future: refuse it, or wait for it.
  return isOfClient(start) ? 'first-unconstrained' : null
}

/** @throws Error when `work` takes longer than `ms` milliseconds */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`D1 took longer than ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** SQLite's words for a table or column that a migration adds. */
const lacksMigration = (error: unknown) =>
  causes(error).some(({ message }) => /no such (?:table|column)/.test(message))
