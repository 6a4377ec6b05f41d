// Databases that fail as D1 does: not at all, in a certain trip, after the work, or for want of a
// table.
import { env } from 'cloudflare:workers'

export const LOST = 'D1_ERROR: Network connection lost.'

/**
 * Decides what a trip does: `run` does its work. Trips are numbered from 1 in the order they begin.
 */
export type Fault = (run: () => Promise<unknown>, trip: number) => Promise<unknown>

/** The real D1 behind a fault. `rewrite` changes the SQL on its way. */
export function brokenD1(fault: Fault, rewrite = (sql: string) => sql): D1Database {
  let trip = 0
  const trap = (run: () => Promise<unknown>) => fault(run, ++trip)
  const originals = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): object => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => trap(() => statement.run()),
      all: () => trap(() => statement.all()),
      raw: () => trap(() => statement.raw()),
      first: () => trap(() => statement.first()),
    }
    originals.set(wrapped, statement)
    return wrapped
  }
  return {
    withSession: (bookmark: string) => {
      const session = env.DB.withSession(bookmark)
      return {
        prepare: (sql: string) => wrap(session.prepare(rewrite(sql))),
        batch: (statements: object[]) =>
          trap(() => session.batch(statements.map((s) => originals.get(s) as D1PreparedStatement))),
        getBookmark: () => session.getBookmark(),
      }
    },
  } as unknown as D1Database
}

const fail = () => Promise.reject(new Error(LOST))

/** Nothing gets through. */
export const dead = () => brokenD1(fail)
/** Only this trip fails, before it does anything. */
export const failingTrip = (n: number) => brokenD1((run, trip) => (trip === n ? fail() : run()))
/** Before this trip something else happens. */
export const interrupted = (n: number, act: () => Promise<unknown>) =>
  brokenD1(async (run, trip) => {
    if (trip === n) await act()
    return run()
  })
/** Each trip does its work, and its answer is lost. */
export const losingAnswers = () => brokenD1((run) => run().then(fail))
/** As if a migration had not been applied. */
export const withoutTable = (table: string) =>
  brokenD1(
    (run) => run(),
    (sql) => sql.replaceAll(`"${table}"`, `"${table}_not_there"`),
  )
/** Runs other SQL than it is given. */
export const rewriting = (rewrite: (sql: string) => string) => brokenD1((run) => run(), rewrite)
/** Words each error differently. */
export const rewording = (reword: (message: string) => string) =>
  brokenD1((run) => run().catch((error: Error) => Promise.reject(new Error(reword(error.message)))))
/** Commits a batch before its last statement, so that a failure of that one undoes nothing. */
export const committingEarly = () =>
  ({
    withSession: (bookmark: string) => {
      const session = env.DB.withSession(bookmark)
      return {
        prepare: (sql: string) => session.prepare(sql),
        batch: async (statements: D1PreparedStatement[]) => {
          const early = statements.slice(0, -1)
          const results = early.length > 0 ? await session.batch(early) : []
          return [...results, ...(await session.batch(statements.slice(-1)))]
        },
        getBookmark: () => session.getBookmark(),
      }
    },
  }) as unknown as D1Database
