/**
 * Queries whose SQL is compiled once per isolate. Compiling takes drizzle about a tenth of the time
 * of a small request. Relies on internals of drizzle: see docs/decisions/prepared-statements.md.
 */
import { fillPlaceholders, is, Param, Placeholder } from 'drizzle-orm'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import type { Statement } from './batch'
import { detachedClient } from './build'
import type { Database } from './index'

type Values = Record<string, unknown>
type RowOf<Result> = Result extends readonly (infer Row)[] ? Row : never

/** A statement on a database. */
export interface BoundStatement<Result> extends RunnableQuery<Result, 'sqlite'> {
  all(): Promise<RowOf<Result>[]>
  get(): Promise<RowOf<Result> | undefined>
  run(): Promise<D1Result>
}

export interface Prepared<Result> {
  /** The statement with its values, for `batch()` or `withSession()`. */
  (values: Values): RunnableQuery<Result, 'sqlite'>
  /** The statement with its values on a database. */
  (db: Database, values: Values): BoundStatement<Result>
  /** The names of its placeholders. */
  placeholders(): string[]
}

/** Drizzle's prepared query, as far as it is used here. */
interface Template {
  query: { sql: string; params: unknown[] }
}

/**
 * Prepares a query with `sql.placeholder()`s. Nothing of a request is kept between two calls. A
 * placeholder's value goes to D1 as it is, so a time is a number of milliseconds.
 */
export function prepared<Q extends Statement & { prepare(): unknown }>(
  query: () => Q,
): Prepared<Q['_']['result']> {
  let compiled: Template | undefined
  // The cast names what drizzle's type hides.
  const template = () => (compiled ??= query().prepare() as Template)
  const statement = (...args: [Values] | [Database, Values]) => {
    const [db, values] = args.length === 1 ? [undefined, args[0]] : args
    const client = db ? db.$client : detachedClient
    const { query } = template()
    // Batches call `_prepare`, single executions use `stmt`; both read `query.params`.
    const bound = Object.assign(Object.create(Object.getPrototypeOf(template())), template(), {
      query: { ...query, params: fillPlaceholders(query.params, values) },
      stmt: client.prepare(query.sql),
      _prepare: () => bound,
    })
    return bound
  }
  return Object.assign(statement, {
    placeholders: () => template().query.params.flatMap(nameOf),
  })
}

const nameOf = (param: unknown): string[] => {
  if (is(param, Param)) return nameOf(param.value)
  return is(param, Placeholder) ? [param.name] : []
}
