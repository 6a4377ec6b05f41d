// The main table: Gatepost, the baseline and the bare hash take turns, in reversed order every
// other round. The table shows medians over the rounds.
import { argon2id } from 'hash-wasm'
import { seed } from '../scripts/dev/seed.mjs'
import { build, composition } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, median, quantile, table } from './numbers.mjs'
import { PASSWORD, register, registration, signIn, tokenOf } from './people.mjs'
import { baselineToken, start } from './server.mjs'

const ROUNDS = 5
const PEOPLE = 64
const POSTS = 2000
const BOUNDS = { requests: 2000, ms: 800 }
const TEXT = 'A sentence of a post that has a few of its kind. '.repeat(8)

/** Returns the requests to measure. `against` names the row that a row is compared with. */
async function contenders(gatepost, baseline) {
  const emails = await register(gatepost.url, PEOPLE)
  const tokens = await Promise.all(emails.slice(0, 16).map((email) => tokenOf(gatepost.url, email)))
  const { id } = await baseline.db.prepare('select id from users order by id limit 1').first()
  const baselineMe = await baselineToken(id)
  const newPost = { method: 'POST', json: { title: 'A title', content: TEXT } }
  const token = (n) => tokens[n % tokens.length]
  const { url } = gatepost
  return [
    { name: 'bare hash', url: baseline.url, make: () => ({ method: 'POST', path: '/hash' }) },
    {
      name: 'baseline: the same, limited, between two writes',
      url: baseline.url,
      make: () => ({ method: 'POST', path: '/limited/hash' }),
      against: 'bare hash',
    },
    { name: 'register', url, make: registration, against: 'bare hash' },
    { name: 'sign in', url, make: (n) => signIn(emails[n % PEOPLE]), against: 'bare hash' },
    {
      name: 'baseline: me',
      url: baseline.url,
      make: () => ({ path: '/me', token: baselineMe }),
    },
    {
      name: 'me',
      url,
      make: (n) => ({ path: '/api/users/me', token: token(n) }),
      against: 'baseline: me',
    },
    { name: 'baseline: list of 20', url: baseline.url, make: () => ({ path: '/posts' }) },
    {
      name: 'list of 20',
      url,
      make: () => ({ path: '/api/posts' }),
      against: 'baseline: list of 20',
    },
    {
      name: 'read a post',
      url,
      make: (n) => ({ path: `/api/posts/${1 + (n % POSTS)}` }),
      against: 'baseline: list of 20',
    },
    {
      name: 'baseline: create a post',
      url: baseline.url,
      make: () => ({ ...newPost, path: '/posts', token: baselineMe }),
    },
    {
      name: 'baseline: the same, limited',
      url: baseline.url,
      make: () => ({ ...newPost, path: '/limited/posts', token: baselineMe }),
      against: 'baseline: create a post',
    },
    {
      name: 'create a post',
      url,
      make: (n) => ({ ...newPost, path: '/api/posts', token: token(n) }),
      against: 'baseline: create a post',
    },
  ]
}

/** Runs all rounds of all rows at one number of connections. */
async function runRounds(all, connections, statuses) {
  const results = new Map(all.map(({ name }) => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? all : all.toReversed()
    for (const { name, url, make } of order) {
      // Round -1 warms up: V8 optimizes a function after some hundred calls, for a hash several
      // seconds.
      const bounds = round < 0 ? { requests: 300, ms: 4000 } : BOUNDS
      const result = await load(url, make, { connections, ...bounds })
      addUp(statuses, result.statuses)
      if (round >= 0) results.get(name).push(result)
    }
  }
  return results
}

/** Times hash-wasm's published call in Node, in milliseconds. */
async function publishedHash() {
  const times = []
  for (let n = 0; n < 15; n++) {
    const start = performance.now()
    await argon2id({
      password: PASSWORD,
      salt: crypto.getRandomValues(new Uint8Array(16)),
      iterations: 2,
      memorySize: 19_456,
      parallelism: 1,
      hashLength: 32,
      outputType: 'encoded',
    })
    times.push(performance.now() - start)
  }
  return median(times)
}

function rowsOf(all, results, trips) {
  return all.map(({ name, against }) => {
    const rounds = results.get(name)
    const other = against && results.get(against)
    const shares = other?.map((theirs, i) => rounds[i].perSecond / theirs.perSecond)
    const slower = other?.map((theirs, i) => half(rounds[i]) / half(theirs))
    return [
      name,
      fixed(median(rounds.map(half))),
      fixed(median(rounds.map(({ times }) => quantile(times, 0.99)))),
      fixed(median(rounds.map(({ perSecond }) => perSecond)), 0),
      slower ? `${fixed(median(slower))} × ${against.replace('baseline: ', "baseline's ")}` : '',
      shares ? fixed(median(shares)) : '',
      trips.get(name) ?? '',
    ]
  })
}
const half = ({ times }) => quantile(times, 0.5)

/** Reads the D1 round trips of one request of each row from `Server-Timing`. */
async function countTrips(all) {
  const trips = new Map()
  for (const { name, url, make } of all) {
    const { headers } = await send(url, make(0))
    trips.set(name, /trips=(\d+)/.exec(headers['server-timing'] ?? '')?.[1])
  }
  return trips
}

export async function main() {
  const folders = await build()
  const gatepost = await start(folders.gatepost, { bindings: { SERVER_TIMING: 'on' } })
  // The baseline has the tables and indexes of the first migration, which has no search index.
  const baseline = await start(folders.baseline, {
    config: 'bench/baseline/wrangler.toml',
    migrations: 1,
  })
  const statuses = new Map()
  try {
    for (const { db } of [gatepost, baseline]) await seed(db, { posts: POSTS, authors: 100 })
    const all = await contenders(gatepost, baseline)
    const trips = await countTrips(all)
    const published = []
    for (const connections of [1, 16]) {
      published.push(await publishedHash())
      const results = await runRounds(all, connections, statuses)
      published.push(await publishedHash())
      const head = [
        '',
        'median ms',
        'p99 ms',
        'per second',
        'median against',
        'throughput',
        'trips',
      ]
      const plural = connections === 1 ? 'connection' : 'connections'
      print(`## ${connections} ${plural}`, table(head, rowsOf(all, results, trips)))
      if (connections === 1) {
        const bare = median(results.get('bare hash').map(half))
        const node = median(published)
        print(
          `hash-wasm's published call in Node takes ${fixed(node)} ms; the bare hash takes ${fixed(bare / node)} of that.`,
        )
      }
    }
    print(`Statuses: ${histogram(statuses)}`)
  } finally {
    await Promise.all([gatepost.stop(), baseline.stop()])
  }
  printSize(composition(folders.gatepost))
}

function printSize({ gzip, minified, parts }) {
  const kib = (bytes) => fixed(bytes / 1024, 1)
  const shown = parts.filter((part) => part.bytes > 4096)
  print(
    `## Bundle: ${kib(gzip)} KiB gzip, ${kib(minified)} KiB minified`,
    table(
      ['part', 'minified KiB', 'share of gzip KiB'],
      shown.map((part) => [part.name, kib(part.bytes), kib(part.gzip)]),
    ),
  )
}

const print = (...blocks) => process.stdout.write(`\n${blocks.join('\n\n')}\n`)
