// Fills tables faster than HTTP can: copies of rows that the API has made.

const CHUNK = 1000 // rows of a statement

/**
 * Inserts copies of a row, with all its columns but an automatic id.
 * @param {D1Database} db
 * @param {{ table: string, row: object, count: number, set?: Record<string, string>, chunk?:
 *   number }} copy `row` is a row as D1 returns it; `set` has SQL expressions of columns that
 *   differ, in which `n` is the number of the copy, from 1, and `source` the row
 */
export async function copyRow(db, { table, row, count, set = {}, chunk = CHUNK }) {
  const { results } = await db.prepare(`pragma table_info(${table})`).all()
  const columns = results
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

/** A SQL expression for a random text key of 32 characters. */
export const RANDOM_KEY = 'lower(hex(randomblob(16)))'

/** Writes a value of D1 as a SQL literal. */
function literal(value) {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return `x'${Buffer.from(value).toString('hex')}'`
}

export const firstRow = (db, table) => db.prepare(`select * from ${table} limit 1`).first()
