import { type GetColumnData, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'

type Renamed<Columns> = {
  [K in keyof Columns]: Columns[K] extends SQLiteColumn
    ? SQL.Aliased<GetColumnData<Columns[K]>>
    : never
}

/**
 * Columns under names of their own in the result: `<prefix>_<name>`. Two columns of one result must
 * not share a name, because D1 returns rows as objects. As SQL they may also come from a source
 * that is no table for drizzle, such as `posts indexed by …`.
 */
export function renamed<C extends Record<string, SQLiteColumn>>(
  prefix: string,
  columns: C,
): Renamed<C> {
  const entries = Object.entries(columns).map(([name, column]) => [
    name,
    sql`${column}`.mapWith(column).as(`${prefix}_${name}`),
  ])
  // The cast restores the types that `Object.fromEntries` loses.
  return Object.fromEntries(entries) as Renamed<C>
}
