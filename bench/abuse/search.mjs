// Planted posts and anonymous searchers: the latency of another user's /me, and the worst search.
import { load, send, steadyReader } from '../load.mjs'
import { fixed, histogram, median, quantile } from '../numbers.mjs'
import { expect, register, tokenOf } from '../people.mjs'
import { start } from '../server.mjs'
import { limited, noted } from './row.mjs'

const POSTS = 360
const SEARCHERS = 8
const LONGEST = 8000 // milliseconds of searching, and of the idle reader
const SEARCHES = SEARCHERS * 60 // an edge limit of 60 a minute and client ends them sooner
/** 50 000 characters of two words: `b a a … a`. */
const CONTENT = `b ${'a '.repeat(24_998)}a`

const many = (count, separator) => [...new Array(count).fill('a'), 'b'].join(separator)
const QUERIES = {
  'a phrase of 99 words': `"${many(98, ' ')}"`,
  'one word of 99 parts': many(98, '.'),
  '99 words': many(98, ' '),
  'a phrase of 8 words': `"${many(7, ' ')}"`,
  'a phrase of 2 words without a match': '"a b"',
  'one word of 2 parts without a match': 'a.b',
  'both words': 'b a',
  'the frequent word': 'a',
  '8 distinct words': 'a b c d e f g h',
  'a word without a match': 'absentword',
}
const path = (q) => `/api/posts?q=${encodeURIComponent(q)}`

export async function search(folder) {
  const { url, stop } = await start(folder)
  try {
    const [planter, reader] = await register(url, 2)
    await plant(url, await tokenOf(url, planter))
    const me = { path: '/api/users/me', token: await tokenOf(url, reader) }
    const { statuses, idle, busy } = await besideSearchers(url, me)
    const { worst, refused } = await worstSearch(url)
    return [
      limited(`p95 of /me, ${SEARCHERS} searchers ÷ idle`, busy / idle, 3, format),
      noted('p95 of /me, idle and beside the searchers', `${fixed(idle, 0)}, ${fixed(busy, 0)} ms`),
      noted('statuses of the searchers', histogram(statuses)),
      limited(`the worst search (${worst.name}) ÷ a list`, worst.ratio, 5, format),
      noted('queries that the API refuses', refused.join(', ') || 'none'),
    ]
  } finally {
    await stop()
  }
}
const format = { unit: ' ×', digits: 1 }

async function plant(url, token) {
  for (let n = 1; n <= POSTS; n++) {
    const json = { title: `Planted ${n}`, content: CONTENT }
    expect(await send(url, { method: 'POST', path: '/api/posts', token, json }), 201)
  }
}

/** @returns {Promise<{ statuses: Map<number, number>, idle: number, busy: number }>} p95 in ms */
async function besideSearchers(url, me) {
  expect(await send(url, me), 200)
  const endIdle = steadyReader(url, me)
  await new Promise((done) => setTimeout(done, LONGEST / 2))
  const idle = await endIdle()
  const queries = Object.values(QUERIES)
  const make = (n) => ({
    path: path(queries[Math.floor(n / SEARCHERS) % queries.length]),
    headers: { 'CF-Connecting-IP': `198.51.100.${n % SEARCHERS}` },
  })
  const endBusy = steadyReader(url, me)
  const bounds = { connections: SEARCHERS, requests: SEARCHES, ms: LONGEST }
  const { statuses } = await load(url, make, bounds)
  const busy = await endBusy()
  const p95 = ({ times }) => quantile(times, 0.95)
  return { statuses, idle: p95(idle), busy: p95(busy) }
}

/** Sends every query alone, and compares the medians with that of a plain list. */
async function worstSearch(url) {
  const bounds = { connections: 1, requests: 10, ms: 5000 }
  const timed = async (what) => {
    const { times, statuses } = await load(url, () => ({ path: what }), bounds)
    return { ms: median(times), statuses }
  }
  const list = (await timed('/api/posts')).ms
  const refused = []
  let worst = { name: 'none', ratio: 0 }
  for (const [name, q] of Object.entries(QUERIES)) {
    const { ms, statuses } = await timed(path(q))
    if (!statuses.has(200)) refused.push(name)
    else if (ms / list > worst.ratio) worst = { name, ratio: ms / list }
  }
  return { worst, refused }
}
