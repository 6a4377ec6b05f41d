// `npm run bench -- abuse`: work, memory and rows that a stranger chooses, with their limits. Names
// of sections run those alone: `npm run bench -- abuse search pages`. `--large` deletes 70 000
// posts instead of 20 000.

import { cleanup } from './abuse/cleanup.mjs'
import { connections } from './abuse/connections.mjs'
import { deletion } from './abuse/deletion.mjs'
import { fullExport } from './abuse/export.mjs'
import { pages } from './abuse/pages.mjs'
import { search } from './abuse/search.mjs'
import { build } from './build.mjs'
import { table } from './numbers.mjs'
import { UsageError } from './usage.mjs'

const SECTIONS = {
  search: ['Searches over 360 planted posts of 50 000 characters', search],
  pages: ['Pages of posts of 50 000 emoji', pages],
  export: ['Export of 100 sessions, 10 000 posts, 10 000 events', fullExport],
  connections: ['Stalled connections of one client', connections],
  deletion: ['Deletion of a large account', deletion],
  cleanup: ['Rows of strangers, one simulated hour of 20 clients', cleanup],
}

export async function abuse(options, names) {
  const unknown = names.filter((name) => !(name in SECTIONS))
  if (unknown.length > 0)
    throw new UsageError(
      `Unknown section ${unknown.join(', ')}. Use: ${Object.keys(SECTIONS).join(', ')}.`,
    )
  const { gatepost } = await build()
  for (const name of names.length > 0 ? names : Object.keys(SECTIONS)) {
    const [title, run] = SECTIONS[name]
    const rows = await run(gatepost, options)
    const head = ['', 'measured', 'limit', 'reached']
    process.stdout.write(`\n## ${title}\n\n${table(head, rows)}\n`)
  }
}
