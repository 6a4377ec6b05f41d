// @ts-check
// Fills tables faster than HTTP can: copies of rows that the API has made.

/** @typedef {import('@cloudflare/workers-types').D1Database} Db */

const CHUNK = 1000 // rows of a statement

/**
 * Inserts copies of a row, with all its columns but an automatic id.
 * @param {Db} db
 * @param {{ table: string, row: Record<string, unknown>, count: number, set?: Record<string,
 *   string>, chunk?: number }} copy `row` is a row as D1 returns it; `set` has SQL expressions of
 *   columns that differ, in which `n` is the number of the copy, from 1, and `source` the row
 */
export async function copyRow(db, { table, row, count, set = {}, chunk = CHUNK }) {
  const columns = (await columnsOf(db, table))
    .filter(({ name, type, pk }) => name in set || !(pk && type.toLowerCase() === 'integer'))
    .map(({ name }) => name)
  const values = columns.map((name) => set[name] ?? `source.${name}`)
  const source = columns.map((name) => `${literal(row[name])} as ${name}`)
  for (let done = 0; done < count; done += chunk) {
    const last = Math.min(count, done + chunk)
    await db
      .prepare(
        `with recursive numbers(n) as
           (select ${done + 1} union all select n + 1 from numbers where n < ${last})
         insert into ${table} (${columns.join(', ')})
         select ${values.join(', ')} from numbers, (select ${source.join(', ')}) as source`,
      )
      .run()
  }
}

/**
 * Lists the columns of a table.
 * @param {Db} db
 * @param {string} table
 * @returns {Promise<{ name: string, type: string, pk: number }[]>}
 */
export async function columnsOf(db, table) {
  const { results } = await db.prepare(`pragma table_info(${table})`).all()
  return /** @type {{ name: string, type: string, pk: number }[]} */ (results)
}

/**
 * Returns the first row of a table. @throws an Error for an empty table
 * @param {Db} db
 * @param {string} table
 */
export async function firstRow(db, table) {
  const row = await db.prepare(`select * from ${table} limit 1`).first()
  if (!row) throw new Error(`The table ${table} is empty.`)
  return row
}

/** A SQL expression for a random text key of 32 characters. */
export const RANDOM_KEY = 'lower(hex(randomblob(16)))'

/** Writes a value of D1 as a SQL literal; a blob comes as an array. @param {unknown} value */
function literal(value) {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return `x'${Buffer.from(/** @type {number[]} */ (value)).toString('hex')}'`
}
