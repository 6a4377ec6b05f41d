/**
 * Queries whose SQL is compiled once per isolate. Compiling takes drizzle about a tenth of the time
 * of a small request. Relies on internals of drizzle: see docs/decisions/prepared-statements.md.
 */
import { fillPlaceholders, is, Param, Placeholder } from 'drizzle-orm'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import type { Statement } from './batch'
import { type DetachedStatement, detachedClient } from './build'
import type { Database } from './index'
import { compileRowMapper, type Selection } from './row-mapper'

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
  /** Undefined for a statement that returns no rows. */
  fields?: Selection['fields'] | undefined
  joinsNotNullableMap?: Selection['joinsNotNullableMap']
  mapAllResult(rows: (readonly unknown[])[]): unknown[]
}

/** A query with its compiled SQL. */
class Compiled {
  readonly sql: string
  readonly params: unknown[]
  /** Maps the values of rows; null for a statement that returns none. */
  readonly mapRows: ((rows: (readonly unknown[])[]) => unknown[]) | null

  constructor(template: Template) {
    const { query, fields, joinsNotNullableMap } = template
    this.sql = query.sql
    this.params = query.params
    const mapRow = fields && compileRowMapper({ fields, joinsNotNullableMap })
    if (!fields) this.mapRows = null
    else this.mapRows = mapRow ? (rows) => rows.map(mapRow) : (rows) => template.mapAllResult(rows)
  }
}

/**
 * A statement with its values. drizzle's `batch()` calls `_prepare`, `getQuery` and `mapResult`.
 */
class Bound {
  readonly stmt: D1PreparedStatement | DetachedStatement
  readonly #compiled: Compiled
  readonly #params: unknown[]

  constructor(compiled: Compiled, values: Values, client: Pick<Database['$client'], 'prepare'>) {
    this.#compiled = compiled
    this.#params = fillPlaceholders(compiled.params, values)
    this.stmt = client.prepare(compiled.sql)
  }

  async all(): Promise<unknown[]> {
    return this.#compiled.mapRows?.(await this.#raw()) ?? []
  }

  async get(): Promise<unknown> {
    const [first] = await this.#raw()
    return first && this.#compiled.mapRows?.([first])[0]
  }

  #raw() {
    return this.stmt.bind(...this.#params).raw()
  }

  run(): Promise<D1Result> {
    return this.stmt.bind(...this.#params).run()
  }

  _prepare() {
    return this
  }

  getQuery() {
    return { sql: this.#compiled.sql, params: this.#params }
  }

  /** Maps the result in a batch, where each row is an object. */
  mapResult(result: D1Result<Record<string, unknown>>): unknown {
    return this.#compiled.mapRows?.(result.results.map(Object.values)) ?? result
  }
}

/**
 * Prepares a query with `sql.placeholder()`s. Nothing of a request is kept between two calls. A
 * placeholder's value goes to D1 as it is, so a time is a number of milliseconds.
 * ```ts
 * const findUser = prepared(() => build.select().from(users).where(eq(users.id, idPlaceholder)))
 * await batch(db, { user: findUser({ id: 1 }) }) // in a batch
 * await findUser(db, { id: 1 }).get()            // alone
 * ```
 */
export function prepared<Q extends Statement & { prepare(): unknown }>(
  query: () => Q,
): Prepared<Q['_']['result']> {
  let compiled: Compiled | undefined
  // The cast names what drizzle's type hides.
  const compile = () => (compiled ??= new Compiled(query().prepare() as Template))
  const statement = (...args: [Values] | [Database, Values]) => {
    const [db, values] = args.length === 1 ? [undefined, args[0]] : args
    return new Bound(compile(), values, db ? db.$client : detachedClient)
  }
  // The cast restores the types of the rows.
  return Object.assign(statement, {
    placeholders: () => compile().params.flatMap(nameOf),
  }) as unknown as Prepared<Q['_']['result']>
}

const nameOf = (param: unknown): string[] => {
  if (is(param, Param)) return nameOf(param.value)
  return is(param, Placeholder) ? [param.name] : []
}
