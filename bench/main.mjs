// The main table: Gatepost, the baseline and the bare hash take turns, in reversed order every
// other round. The table shows medians over the rounds.
import { argon2id } from 'hash-wasm'
import { seed } from '../scripts/dev/seed.mjs'
import { build, composition } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, median, quantile, range, table } from './numbers.mjs'
import { PASSWORD, register, registration, signIn, tokenOf } from './people.mjs'
import { baselineToken, start } from './server.mjs'
import { cpuOf } from './workerd.mjs'

const ROUNDS = 5
const PEOPLE = 64
const POSTS = 2000
const BOUNDS = { requests: 2000, ms: 800 }
const COMPARED = `Each row is compared with the baseline row above it, a hand-written Worker of Hono, jose and one D1
statement; in brackets the lowest and highest round. CPU is that of the workerd process per request. A
limit in bold is missed.`
const TEXT = 'A sentence of a post that has a few of its kind. '.repeat(8)

/**
 * Returns the requests to measure. `against` names the row that a row is compared with. `most`
 * limits the ratio of the medians at 1 connection, `least` the ratio of the throughput at 16.
 */
async function contenders(gatepost, baseline) {
  const emails = await register(gatepost.url, PEOPLE)
  const tokens = await Promise.all(emails.slice(0, 16).map((email) => tokenOf(gatepost.url, email)))
  const { id } = await baseline.db.prepare('select id from users order by id limit 1').first()
  const baselineMe = await baselineToken(id)
  const newPost = { method: 'POST', json: { title: 'A title', content: TEXT } }
  const token = (n) => tokens[n % tokens.length]
  return [
    { name: 'bare hash', worker: baseline, make: () => ({ method: 'POST', path: '/hash' }) },
    {
      name: 'baseline: hash, limited, between two writes',
      worker: baseline,
      make: () => ({ method: 'POST', path: '/limited/hash' }),
      against: 'bare hash',
    },
    {
      name: 'register',
      worker: gatepost,
      make: registration,
      against: 'baseline: hash, limited, between two writes',
    },
    {
      name: 'sign in',
      worker: gatepost,
      make: (n) => signIn(emails[n % PEOPLE]),
      against: 'baseline: hash, limited, between two writes',
      most: 1.1,
    },
    {
      name: 'baseline: me',
      worker: baseline,
      make: () => ({ path: '/me', token: baselineMe }),
    },
    {
      name: 'me',
      worker: gatepost,
      make: (n) => ({ path: '/api/users/me', token: token(n) }),
      against: 'baseline: me',
      least: 0.92,
    },
    { name: 'baseline: list of 20', worker: baseline, make: () => ({ path: '/posts' }) },
    {
      name: 'list of 20',
      worker: gatepost,
      make: () => ({ path: '/api/posts' }),
      against: 'baseline: list of 20',
      least: 0.95,
    },
    {
      name: 'baseline: read a post',
      worker: baseline,
      make: (n) => ({ path: `/posts/${1 + (n % POSTS)}` }),
    },
    {
      name: 'read a post',
      worker: gatepost,
      make: (n) => ({ path: `/api/posts/${1 + (n % POSTS)}` }),
      against: 'baseline: read a post',
      least: 0.92,
    },
    {
      name: 'baseline: create a post',
      worker: baseline,
      make: () => ({ ...newPost, path: '/posts', token: baselineMe }),
    },
    {
      name: 'baseline: create a post, limited',
      worker: baseline,
      make: () => ({ ...newPost, path: '/limited/posts', token: baselineMe }),
      against: 'baseline: create a post',
    },
    {
      name: 'create a post',
      worker: gatepost,
      make: (n) => ({ ...newPost, path: '/api/posts', token: token(n) }),
      against: 'baseline: create a post, limited',
      least: 0.85,
    },
  ]
}

/** Runs all rounds of all rows at one number of connections. */
async function runRounds(all, connections, statuses) {
  const results = new Map(all.map(({ name }) => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? all : all.toReversed()
    for (const { name, worker, make } of order) {
      // Round -1 warms up: V8 optimizes a function after some hundred calls, for a hash several
      // seconds.
      const bounds = round < 0 ? { requests: 300, ms: 4000 } : BOUNDS
      const begin = cpuOf(worker.pid)
      const result = await load(worker.url, make, { connections, ...bounds })
      const cpu = (cpuOf(worker.pid) - begin) / result.times.length
      addUp(statuses, result.statuses)
      if (round >= 0) results.get(name).push({ ...result, cpu })
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

function rowsOf(all, results, trips, connections) {
  return all.map((row) => {
    const { name, against } = row
    const rounds = results.get(name)
    const other = against && results.get(against)
    const shares = other?.map((theirs, i) => rounds[i].perSecond / theirs.perSecond)
    const slower = other?.map((theirs, i) => half(rounds[i]) / half(theirs))
    const costs = other?.map((theirs, i) => rounds[i].cpu / theirs.cpu)
    return [
      name,
      fixed(median(rounds.map(half))),
      fixed(median(rounds.map(({ times }) => quantile(times, 0.99)))),
      fixed(median(rounds.map(({ perSecond }) => perSecond)), 0),
      fixed(median(rounds.map(({ cpu }) => cpu))),
      slower ? `${fixed(median(slower))} (${range(slower)})` : '',
      shares ? `${fixed(median(shares))} (${range(shares)})` : '',
      costs ? `${fixed(median(costs))} (${range(costs)})` : '',
      other ? limitOf(row, connections === 1 ? median(slower) : median(shares), connections) : '',
      trips.get(name) ?? '',
    ]
  })
}

/** Formats the limit of a row at this number of connections, bold where the row misses it. */
function limitOf({ most, least }, ratio, connections) {
  const limit = connections === 1 ? most : least
  if (limit === undefined) return ''
  const missed = connections === 1 ? ratio > limit : ratio < limit
  const text = `${connections === 1 ? '≤' : '≥'} ${limit}`
  return missed ? `**${text}**` : text
}
const half = ({ times }) => quantile(times, 0.5)

/** Reads the D1 round trips of one request of each row from `Server-Timing`. */
async function countTrips(all) {
  const trips = new Map()
  for (const { name, worker, make } of all) {
    const { headers } = await send(worker.url, make(0))
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
        'CPU ms',
        'median ÷ baseline',
        'throughput ÷ baseline',
        'CPU ÷ baseline',
        'limit',
        'trips',
      ]
      const plural = connections === 1 ? 'connection' : 'connections'
      print(`## ${connections} ${plural}`, table(head, rowsOf(all, results, trips, connections)))
      if (connections === 1) {
        const bare = median(results.get('bare hash').map(half))
        const node = median(published)
        print(
          `hash-wasm's published call in Node takes ${fixed(node)} ms; the bare hash takes ${fixed(bare / node)} of that.`,
        )
      }
    }
    print(COMPARED)
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
