/** docs/operations.md names what is there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const doc = read('docs/operations.md')

/** The text of every file of the Worker. */
const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/^(?:web|client)\//.test(path))
  .map((path) => read(`src/${path}`))
  .join('\n')

describe('docs/operations.md', () => {
  it('has SQL for after a restore that fits the schema, and ends all sessions and links', () => {
    const db = new DatabaseSync(':memory:')
    const files = readdirSync(join(ROOT, 'migrations')).filter((name) => name.endsWith('.sql'))
    for (const name of files.sort()) db.exec(read(`migrations/${name}`))
    const sql = /d1 execute gatepost --remote --command "(.+)"/.exec(doc)?.[1] ?? ''
    expect(sql).toContain('sessions')
    expect(sql).toContain('email_tokens')
    const links = db
      .prepare(
        "select m.name from sqlite_master as m, pragma_table_info(m.name) as c where c.name = 'token_hash'",
      )
      .all() as { name: string }[]
    expect(links.length).toBeGreaterThan(1)
    for (const { name } of links) expect(sql).toContain(`delete from ${name}`)
    db.exec(sql)
  })

  it('lists every event of the log, and none that is not there', () => {
    const written = [...source.matchAll(/logLine\(\s*\{\s*event: '(\w+)'/g)].map(
      ([, name = '']) => name,
    )
    expect(written.filter((name) => !doc.includes(`\`${name}\``))).toEqual([])
    const table = doc.slice(doc.indexOf('| Other events |'), doc.indexOf('`mail_failed` has these'))
    for (const [, name = ''] of table.matchAll(/`([a-z_]+)`(?=[,| ])/g))
      if (name.includes('_')) expect(source, name).toContain(name)
  })

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    for (const page of ['docs/operations.md', 'docs/deploy.md'])
      for (const [, name = ''] of read(page).matchAll(/npm run ([\w:]+)/g))
        expect(Object.keys(scripts), `${page}: npm run ${name}`).toContain(name)
  })
})
