// `npm run seed`: rows whose dates agree with their ids, also beside rows that exist.
import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { expect, it } from 'vitest'
import { seed } from '../../scripts/dev/seed.mjs'

function migrated(): DatabaseSync {
  const sqlite = new DatabaseSync(':memory:')
  const files = readdirSync('migrations').filter((file) => file.endsWith('.sql'))
  for (const file of files.sort()) sqlite.exec(readFileSync(`migrations/${file}`, 'utf8'))
  return sqlite
}

/** The methods of D1 that the script uses. */
const asD1 = (sqlite: DatabaseSync) => ({
  prepare(sql: string) {
    const statement = sqlite.prepare(sql)
    const bound = (...values: SQLInputValue[]) => ({
      all: async () => ({ results: statement.all(...values) }),
      run: async () => statement.run(...values),
      first: async () => statement.get(...values),
      bind: bound,
    })
    return bound()
  },
})

const datesOf = (sqlite: DatabaseSync, table: string) =>
  sqlite
    .prepare(`select created_at from ${table} order by id`)
    .all()
    .map((row) => Number(row.created_at))

it('gives a later id a later date, in an empty database and beside rows of today', async () => {
  const sqlite = migrated()
  const before = Date.now()
  await seed(asD1(sqlite), { posts: 1500, authors: 5 })
  const first = datesOf(sqlite, 'posts')
  expect(first).toHaveLength(1500)
  expect(first.at(-1)).toBeGreaterThanOrEqual(before)
  expect(first[0]).toBeLessThan(before - 360 * 24 * 60 * 60 * 1000)

  const today = Number(first.at(-1)) + 1
  sqlite.exec(
    `insert into posts (author_id, title, content, created_at, updated_at) values (1, 'My own', 'x', ${today}, ${today})`,
  )
  await seed(asD1(sqlite), { posts: 50, authors: 2 })
  for (const table of ['users', 'posts']) {
    const dates = datesOf(sqlite, table)
    expect(dates, table).toEqual([...dates].sort((a, b) => a - b))
  }
  expect(datesOf(sqlite, 'posts').at(-1)).toBeLessThanOrEqual(Date.now() + 10)
  expect(
    sqlite.prepare('select count(*) as n from posts where created_at < updated_at').get(),
  ).toEqual({ n: 0 })
})
