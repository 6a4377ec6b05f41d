// Planted posts and anonymous searchers: the latency of another user's /me, and the worst search.
import { load, send, steadyReader } from '../load.mjs'
import { addUp, fixed, histogram, median, quantile } from '../numbers.mjs'
import { expect, register, tokenOf } from '../people.mjs'
import { start } from '../server.mjs'
import { limited, noted } from './row.mjs'

const POSTS = 360
const SEARCHERS = 8
const SECONDS = 10 // of searching at the rate of the edge limit
const PER_MINUTE = 60 // searches of one client, the edge limit
const BURST_MS = 5000 // of requests one after the other, on a connection per searcher
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
    const idle = await p95Beside(url, me, () => wait(4000))
    const statuses = new Map()
    const paced = await p95Beside(url, me, () => searchAtLimit(url, statuses))
    const burst = await p95Beside(url, me, () => requestAtOnce(url, (n) => searchOf(n)))
    const lists = await p95Beside(url, me, () => requestAtOnce(url, () => ({ path: '/api/posts' })))
    const p95 = [idle, paced, burst, lists].map((ms) => fixed(ms, 0)).join(', ')
    const { worst, refused } = await worstSearch(url)
    return [
      limited(
        `p95 of /me, ${SEARCHERS} searchers at the edge limit ÷ idle`,
        paced / idle,
        3,
        format,
      ),
      noted('p95 of /me: idle, at the edge limit, burst of searches, burst of lists', `${p95} ms`),
      noted('statuses of the searchers at the edge limit', histogram(statuses)),
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

/** The p95 of a steady reader while other work is done, in milliseconds. */
async function p95Beside(url, me, work) {
  expect(await send(url, me), 200)
  const end = steadyReader(url, me)
  await work()
  return quantile((await end()).times, 0.95)
}

/** The n-th search: each searcher is a client of its own, and all go through the queries. */
function searchOf(n) {
  const queries = Object.values(QUERIES)
  return {
    path: path(queries[Math.floor(n / SEARCHERS) % queries.length]),
    headers: { 'CF-Connecting-IP': `198.51.100.${n % SEARCHERS}` },
  }
}

/** Searches at the rate that the edge limit allows, whether earlier responses have come or not. */
async function searchAtLimit(url, statuses) {
  const pause = (60 * 1000) / PER_MINUTE / SEARCHERS
  const searches = []
  for (let n = 0; n < (SECONDS * 1000) / pause; n++) {
    searches.push(send(url, searchOf(n)))
    await wait(pause)
  }
  for (const { status } of await Promise.all(searches)) addUp(statuses, [[status, 1]])
}

const requestAtOnce = (url, make) =>
  load(url, make, { connections: SEARCHERS, requests: 10_000, ms: BURST_MS })

const wait = (ms) => new Promise((done) => setTimeout(done, ms))

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
