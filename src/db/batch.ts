/** Several statements in one round trip to D1, with a name for each result. */
import { and, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Database } from './index'

/** A statement that a batch accepts: a drizzle query, or a `prepared` one with its values. */
export type Statement = BatchItem<'sqlite'>
/** Statements by name. An undefined one is skipped and its result is undefined. */
export type Statements = Record<string, Statement | undefined>

type ResultOf<S> = S extends Statement ? S['_']['result'] : undefined
/** The results of `Statements`, under the same names. */
export type Results<S extends Statements> = { [K in keyof S]: ResultOf<S[K]> }

/** Rejects names that look like numbers: JavaScript moves integer keys before all others. */
export type Named<S> = { [K in keyof S]: K extends number | `${number}` ? never : S[K] }

/**
 * Runs the statements in the order of their keys, in one transaction and one round trip. An error
 * of one statement undoes them all.
 * ```ts
 * const { moved, found } = await batch(db, { moved: moveCounter(id), found: selectSession(id) })
 * ```
 * @throws TypeError when a name is an integer, since the order would not be the written one.
 */
export async function batch<const S extends Statements>(
  db: Database,
  statements: S & Named<S>,
): Promise<Results<S>> {
  const { names, list } = inOrder(statements)
  const [first, ...rest] = list
  const rows: unknown[] = first ? await db.batch([first, ...rest]) : []
  return byName<S>(names, rows)
}

/** The names and statements that a batch sends, in their order, without the undefined ones. */
export function inOrder(statements: Statements) {
  const names: string[] = []
  const list: Statement[] = []
  for (const [name, statement] of Object.entries(statements)) {
    // Integer keys come first in every object, so only the first key can be the first integer.
    if (names.length === 0 && /^\d+$/.test(name)) {
      throw new TypeError(`The statement name ${name} is a number. Give it a name in words.`)
    }
    if (!statement) continue
    names.push(name)
    list.push(statement)
  }
  return { names, list }
}

/** Puts each result under the name of its statement. The cast restores the types of `S`. */
export const byName = <S extends Statements>(names: readonly string[], results: unknown[]) =>
  Object.fromEntries(names.map((name, i) => [name, results[i]])) as Results<S>

/**
 * The condition that the previous writing statement of the same batch wrote at least one row, and
 * that all `conditions` hold.
 *
 * SQLite's `changes()` counts the rows of the connection's last INSERT, UPDATE or DELETE. Rows
 * written by triggers and by cascades do not count, and a SELECT in between changes nothing. D1
 * runs a batch on one connection with no other statement in between; `/ready` verifies that.
 */
export const ifPrevious = (...conditions: (SQL | undefined)[]): SQL =>
  sql`${and(...conditions, sql`changes() > 0`)}`

/** A statement that always returns a row returned none. */
export class RowMissing extends Error {
  override name = 'RowMissing'
}

/**
 * The first of `rows`, for a statement that always returns one.
 * @throws RowMissing
 */
export function single<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new RowMissing('The statement returned no row')
  return row
}
