// `npm run bench -- lists`: measures lists and searches over 100 000 posts. Page 1 000 is expected
// to cost as much as page 1, and a search little more than a list.
import { seed, word } from '../scripts/dev/seed.mjs'
import { build } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, median, quantile, table } from './numbers.mjs'
import { expect } from './people.mjs'
import { start } from './server.mjs'

const POSTS = 100_000
const PAGE = 1000
const ROUNDS = 9

/** Follows the cursors of a list and returns the path of its n-th page. */
async function walkTo(url, path, n) {
  let cursor = ''
  for (let page = 1; page < n; page++) {
    const { text } = expect(await send(url, { path: `${path}${cursor}` }), 200)
    const { next_cursor } = JSON.parse(text)
    if (next_cursor === null) throw new Error(`${path} ends at page ${page}`)
    cursor = `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next_cursor)}`
  }
  return `${path}${cursor}`
}

export async function lists() {
  const { gatepost } = await build()
  const { url, db, stop } = await start(gatepost)
  try {
    const begin = performance.now()
    await seed(db, { posts: POSTS, authors: 100 })
    process.stderr.write(
      `${POSTS} posts inserted in ${fixed((performance.now() - begin) / 1000, 0)} s\n`,
    )
    const { id } = await db.prepare('select author_id as id from posts limit 1').first()
    const list = '/api/posts'
    const byAuthor = `/api/posts?author=${id}`
    const queries = [
      ['list, page 1', list],
      [`list, page ${PAGE}`, await walkTo(url, list, PAGE)],
      ["an author's posts, page 1", byAuthor],
      ["an author's posts, page 40", await walkTo(url, byAuthor, 40)],
      ['search: a word in most posts', `/api/posts?q=${word(0)}`],
      ['the same, page 100', await walkTo(url, `/api/posts?q=${word(0)}`, 100)],
      ['search: a rare word', `/api/posts?q=${word(4000)}`],
      ['search: two words', `/api/posts?q=${word(3)}+${word(40)}`],
      ['search: no match', '/api/posts?q=absentword'],
    ]
    const medians = new Map(queries.map(([name]) => [name, []]))
    const statuses = new Map()
    for (let round = -1; round < ROUNDS; round++) {
      for (const [name, path] of round % 2 ? queries : queries.toReversed()) {
        const bounds = { connections: 1, requests: 150, ms: 1000 }
        const result = await load(url, () => ({ path }), bounds)
        addUp(statuses, result.statuses)
        if (round >= 0) medians.get(name).push(quantile(result.times, 0.5))
      }
    }
    const first = medians.get('list, page 1')
    const rows = [...medians].map(([name, times]) => [
      name,
      fixed(median(times)),
      fixed(median(times.map((ms, i) => ms / first[i]))),
    ])
    process.stdout.write(
      `\n${table([`${POSTS} posts, 1 connection`, 'median ms', '÷ page 1'], rows)}\n`,
    )
    process.stdout.write(`\nStatuses: ${histogram(statuses)}\n`)
  } finally {
    await stop()
  }
}
