/** docs/data-model.md has the bound of every table, also of tables to come. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('every table of the migrations has a row in docs/data-model.md', () => {
  const sql = readdirSync('migrations')
    .filter((file) => file.endsWith('.sql'))
    .map((file) => readFileSync(`migrations/${file}`, 'utf8'))
    .join('\n')
  const created = [...sql.matchAll(/CREATE (?:VIRTUAL )?TABLE `(\w+)`/g)].map(([, name]) => name)
  // The search index of the first release, which `posts_words` replaces.
  const tables = created.filter((name) => name !== 'posts_search')
  const document = readFileSync('docs/data-model.md', 'utf8')
  expect(tables.length).toBeGreaterThan(12)
  expect(tables.filter((name) => !document.includes(`| \`${name}\` |`))).toEqual([])
})
