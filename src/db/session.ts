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
  /** A trip failed and was repeated in another session; see `Session.send`. */
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

/**
 * Share of sessions whose single SELECTs report `meta`. D1 gives it with rows as objects only,
 * which costs a list of 20 posts a fifth more CPU than rows as lists. Batches always report it.
 */
const SAMPLED = 1 / 16

/** A session with D1, with the methods of a binding that drizzle calls. */
export class Session {
  readonly isSampled = Math.random() < SAMPLED
  readonly #binding: D1Database
  readonly #trips: Trips
  #session: D1DatabaseSession
  #start: string

  /** @param start `first-primary`, `first-unconstrained` or a bookmark */
  constructor(binding: D1Database, trips: Trips, start: string) {
    this.#binding = binding
    this.#trips = trips
    this.#session = binding.withSession(start)
    this.#start = start
  }

  prepare(sql: string): SessionStatement {
    return new SessionStatement(this, sql, [])
  }

  batch(statements: object[]): Promise<D1Result[]> {
    return this.send((session) => session.batch(statements.map((one) => prepareIn(session, one))))
  }

  getBookmark(): string | null {
    return this.#session.getBookmark()
  }

  /** Measures a round trip, and repeats it if `startAfter` says where. */
  async send<T>(work: (session: D1DatabaseSession) => Promise<T>): Promise<T> {
    try {
      const result = measure(this.#trips, work(this.#session))
      return await (isOfClient(this.#start) ? within(BOOKMARK_MS, result) : result)
    } catch (error) {
      const next = startAfter(error, this.#start)
      if (!next) throw error
      this.#start = next
      this.#session = this.#binding.withSession(next)
      const result = await measure(this.#trips, work(this.#session))
      this.#trips.repeated = true
      return result
    }
  }
}

/**
 * SQL and its values. It is prepared when it is sent, so that another session can send it again.
 */
class SessionStatement {
  readonly #session: Session

  constructor(
    session: Session,
    readonly sql: string,
    readonly values: readonly unknown[],
  ) {
    this.#session = session
  }

  bind(...values: unknown[]): SessionStatement {
    return new SessionStatement(this.#session, this.sql, values)
  }

  run(): Promise<D1Result> {
    return this.#session.send((session) => prepareIn(session, this).run())
  }

  all(): Promise<D1Result> {
    return this.#session.send((session) => prepareIn(session, this).all())
  }

  /**
   * Each column of a result has a name of its own, so the values of a row are its columns in their
   * order; test/setup.ts checks that.
   */
  async raw(): Promise<unknown[][]> {
    if (this.#session.isSampled)
      return (await this.all()).results.map((row) => Object.values(row as object))
    return this.#session.send((session) => prepareIn(session, this).raw())
  }

  async first(): Promise<unknown> {
    return (await this.all()).results[0] ?? null
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
