/** `insert into … select …` with named columns. */
import { getTableColumns, isSQLWrapper, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { build } from './build'

/**
 * The columns of an inserted row: a value, SQL, a placeholder, or a column of the selected rows.
 * Columns that are nullable or have a default may be left out.
 */
export type Cells<T extends SQLiteTable> = {
  [K in keyof T['$inferInsert']]: T['$inferInsert'][K] | SQLWrapper
}

/**
 * Inserts a row for each row of `from` (`from … where …`), or one row if `from` has only a `where`.
 * An upsert (`.onConflictDoUpdate`) needs a `where` in `from`: SQLite cannot parse it otherwise.
 * The value of a placeholder goes to D1 as it is, so a time is a number of milliseconds.
 */
export function insertSelect<T extends SQLiteTable>(table: T, cells: Cells<T>, from: SQL) {
  const given = cells as Record<string, unknown>
  // drizzle's `select(sql)` names all columns in the order of the table.
  const row = Object.entries(getTableColumns(table))
    .filter(([, column]) => !column.generated)
    .map(([name, column]) => cell(column as SQLiteColumn, given[name]))
  return build.insert(table).select(sql`select ${sql.join(row, sql`, `)} ${from}`)
}

function cell(column: SQLiteColumn, value: unknown): SQL {
  if (value === undefined) return defaultOf(column)
  if (value === null) return sql`null`
  return isSQLWrapper(value) ? sql`${value}` : sql`${sql.param(value, column)}`
}

function defaultOf(column: SQLiteColumn): SQL {
  // A prepared statement would store the first value that the function returns for every row.
  if (column.defaultFn || column.onUpdateFn) {
    throw new TypeError(`The default of ${column.name} is a function. Give the column a value.`)
  }
  return cell(column, column.default ?? null)
}
