// The main table: Gatepost, the floor and the bare hash take turns, in another order each round; medians of the rounds.
import { argon2id } from 'hash-wasm'
import { SignJWT } from 'jose'
import { seed } from '../scripts/dev/seed.mjs'
import { build, composition } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, median, quantile, table } from './numbers.mjs'
import { PASSWORD, register, registration, signIn, tokenOf } from './people.mjs'
import { SECRET, start } from './server.mjs'

const ROUNDS = 5
const PEOPLE = 64
const POSTS = 2000
const BOUNDS = { requests: 2000, ms: 800 }
const TEXT = 'How the gate was built, and what it keeps out. '.repeat(8)

/** Who plays: what is asked of which Worker. `against` names what it is compared with, `goal` the least share of its throughput. */
async function players(gatepost, floor) {
  const emails = await register(gatepost.url, PEOPLE)
  const tokens = await Promise.all(emails.slice(0, 16).map((email) => tokenOf(gatepost.url, email)))
  const { id } = await floor.db.prepare('select id from users order by id limit 1').first()
  const floorToken = await new SignJWT({ sub: String(id) })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET))
  const newPost = { method: 'POST', json: { title: 'The gate', content: TEXT } }
  const token = (n) => tokens[n % tokens.length]
  const { url } = gatepost
  return [
    { name: 'bare hash', url: floor.url, make: () => ({ method: 'POST', path: '/hash' }) },
    {
      name: 'floor: the same, limited, between two writes',
      url: floor.url,
      make: () => ({ method: 'POST', path: '/limited/hash' }),
      against: 'bare hash',
    },
    { name: 'register', url, make: registration, against: 'bare hash' },
    { name: 'sign in', url, make: (n) => signIn(emails[n % PEOPLE]), against: 'bare hash' },
    { name: 'floor: me', url: floor.url, make: () => ({ path: '/me', token: floorToken }) },
    {
      name: 'me',
      url,
      make: (n) => ({ path: '/api/users/me', token: token(n) }),
      against: 'floor: me',
    },
    { name: 'floor: list of 20', url: floor.url, make: () => ({ path: '/posts' }) },
    {
      name: 'list of 20',
      url,
      make: () => ({ path: '/api/posts' }),
      against: 'floor: list of 20',
    },
    {
      name: 'read a post',
      url,
      make: (n) => ({ path: `/api/posts/${1 + (n % POSTS)}` }),
      against: 'floor: list of 20',
    },
    {
      name: 'floor: create a post',
      url: floor.url,
      make: () => ({ ...newPost, path: '/posts', token: floorToken }),
    },
    {
      name: 'floor: the same, limited',
      url: floor.url,
      make: () => ({ ...newPost, path: '/limited/posts', token: floorToken }),
      against: 'floor: create a post',
    },
    {
      name: 'create a post',
      url,
      make: (n) => ({ ...newPost, path: '/api/posts', token: token(n) }),
      against: 'floor: create a post',
    },
  ]
}

/** All rounds of all players at one number of connections. */
async function play(everybody, connections, statuses) {
  const results = new Map(everybody.map(({ name }) => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? everybody : everybody.toReversed()
    for (const { name, url, make } of order) {
      // Round -1 warms up and does not count: V8 compiles what has run some hundred times, so that a hash needs its seconds.
      const bounds = round < 0 ? { requests: 300, ms: 4000 } : BOUNDS
      const result = await load(url, make, { connections, ...bounds })
      addUp(statuses, result.statuses)
      if (round >= 0) results.get(name).push(result)
    }
  }
  return results
}

/** hash-wasm as its README says to call it, in Node, in milliseconds. */
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

function rowsOf(everybody, results, trips) {
  return everybody.map(({ name, against }) => {
    const rounds = results.get(name)
    const other = against && results.get(against)
    const shares = other?.map((theirs, i) => rounds[i].perSecond / theirs.perSecond)
    const slower = other?.map((theirs, i) => half(rounds[i]) / half(theirs))
    return [
      name,
      fixed(median(rounds.map(half))),
      fixed(median(rounds.map(({ times }) => quantile(times, 0.99)))),
      fixed(median(rounds.map(({ perSecond }) => perSecond)), 0),
      slower ? `${fixed(median(slower))} × ${against.replace('floor: ', "floor's ")}` : '',
      shares ? fixed(median(shares)) : '',
      trips.get(name) ?? '',
    ]
  })
}
const half = ({ times }) => quantile(times, 0.5)

/** The D1 round trips of one request of each, as `Server-Timing` tells them. */
async function countTrips(everybody) {
  const trips = new Map()
  for (const { name, url, make } of everybody) {
    const { headers } = await send(url, make(0))
    trips.set(name, /trips=(\d+)/.exec(headers['server-timing'] ?? '')?.[1])
  }
  return trips
}

export async function main() {
  const folders = await build()
  const gatepost = await start(folders.gatepost, { bindings: { SERVER_TIMING: 'on' } })
  // The floor has the same tables and indexes, but no search over its posts.
  const floor = await start(folders.floor, { config: 'bench/floor/wrangler.toml', migrations: 1 })
  const statuses = new Map()
  try {
    for (const { db } of [gatepost, floor]) await seed(db, { posts: POSTS, authors: 100 })
    const everybody = await players(gatepost, floor)
    const trips = await countTrips(everybody)
    const published = []
    for (const connections of [1, 16]) {
      published.push(await publishedHash())
      const results = await play(everybody, connections, statuses)
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
      print(`## ${connections} ${plural}`, table(head, rowsOf(everybody, results, trips)))
      if (connections === 1) {
        const bare = median(results.get('bare hash').map(half))
        const node = median(published)
        print(
          `hash-wasm's published call in Node: ${fixed(node)} ms; the bare hash takes ${fixed(bare / node)} of it.`,
        )
      }
    }
    print(`Answers: ${histogram(statuses)}`)
  } finally {
    await Promise.all([gatepost.stop(), floor.stop()])
  }
  printSize(composition(folders.gatepost))
}

function printSize({ gzip, minified, parts }) {
  const kib = (bytes) => fixed(bytes / 1024, 1)
  const shown = parts.filter((part) => part.bytes > 4096)
  print(
    `## Bundle: ${kib(gzip)} KiB gzip, ${kib(minified)} KiB minified`,
    table(
      ['made of', 'minified KiB', 'share of gzip KiB'],
      shown.map((part) => [part.name, kib(part.bytes), kib(part.gzip)]),
    ),
  )
}

const print = (...blocks) => process.stdout.write(`\n${blocks.join('\n\n')}\n`)
