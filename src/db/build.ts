/** Drizzle's query builders without a database, so that a statement can be built anywhere. */
import { drizzle } from 'drizzle-orm/d1'

/**
 * SQL and its values, not yet bound to a database. `openDatabase` binds it when its batch is sent.
 * It cannot be executed by itself.
 */
export class DetachedStatement {
  constructor(
    readonly sql: string,
    readonly values: readonly unknown[] = [],
  ) {}

  bind(...values: unknown[]) {
    return new DetachedStatement(this.sql, values)
  }

  async run(): Promise<never> {
    throw new Error('This statement has no database. Pass it to batch() or withSession().')
  }
  readonly all = this.run
  readonly raw = this.run
  readonly first = this.run
}

/** A D1 binding that only prepares. */
export const detachedClient = { prepare: (sql: string) => new DetachedStatement(sql) }

// The cast is safe: drizzle's builders call only `prepare`.
const detached = drizzle(detachedClient as unknown as D1Database)

/**
 * Builds statements for `batch()` and `withSession()`: `build.update(users).set(…)`. Executing one
 * directly throws.
 */
export const build: Pick<typeof detached, 'select' | 'insert' | 'update' | 'delete'> = detached
