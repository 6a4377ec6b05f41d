// `npm run bench -- compare REV`: the working tree against another revision, interleaved in one
// run. CPU per request is the main figure: other load on the machine changes it less than the wall
// clock.
import { seed } from '../scripts/dev/seed.mjs'
import { buildGatepost, composition, ROOT } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, median, range, table, verdict } from './numbers.mjs'
import { expect, register, signIn } from './people.mjs'
import { buildRevision, commitOf } from './revision.mjs'
import { start } from './server.mjs'
import { UsageError } from './usage.mjs'
import { configure, cpuOf, firstResponse } from './workerd.mjs'

const ROUNDS = 11
const BUDGET = 240_000 // milliseconds; a busy machine completes fewer rounds
const PEOPLE = 64
const POSTS = 2000
const LONGEST = 10_000 // milliseconds of one row in one round
const TEXT = 'A sentence of a post that has a few of its kind. '.repeat(8)

export async function compare(_options, [revision]) {
  if (!revision) throw new UsageError('Name a revision: npm run bench -- compare HEAD~1')
  const commit = commitOf(revision)
  const before = await buildRevision(commit)
  try {
    const folder = await buildGatepost(ROOT, 'gatepost')
    const rows = await requests(before, { folder, root: ROOT })
    rows.push(await spawns(before, { folder, root: ROOT }))
    const name = `${revision} (${commit.slice(0, 9)})`
    report(name, rows, composition(before.folder).gzip, composition(folder).gzip)
  } finally {
    before.remove()
  }
}

/** Runs both Workers in turns. @returns {Promise<object[]>} the samples of each row */
async function requests(before, now) {
  const sides = []
  const statuses = new Map()
  try {
    for (const { folder, root } of [before, now]) sides.push(await prepare(folder, root))
    const rows = sides[0].rows.map(({ name }, i) => ({
      name,
      before: { ...sides[0].rows[i], worker: sides[0].worker, samples: [] },
      now: { ...sides[1].rows[i], worker: sides[1].worker, samples: [] },
    }))
    const begin = performance.now()
    for (let round = -1; round < ROUNDS && performance.now() - begin < BUDGET; round++) {
      process.stderr.write(round < 0 ? 'warming up\n' : `round ${round + 1} of ${ROUNDS}\n`)
      for (const row of rows) {
        const order = round % 2 ? [row.before, row.now] : [row.now, row.before]
        for (const side of order) {
          const sample = await measure(side, statuses)
          if (round >= 0) side.samples.push(sample)
        }
      }
    }
    process.stderr.write(`Statuses: ${histogram(statuses)}\n`)
    return rows
  } finally {
    await Promise.all(sides.map(({ worker }) => worker.stop()))
  }
}

/** @returns {Promise<{ cpu: number, wall: number }>} milliseconds per request */
async function measure({ worker, make, connections, count }, statuses) {
  const begin = cpuOf(worker.pid)
  const bounds = { connections, requests: count, ms: LONGEST }
  const result = await load(worker.url, make, bounds)
  addUp(statuses, result.statuses)
  const failed = [...result.statuses.keys()].filter((status) => status < 200 || status > 299)
  if (failed.length > 0) throw new Error(`Unexpected statuses: ${histogram(result.statuses)}`)
  return {
    cpu: (cpuOf(worker.pid) - begin) / result.times.length,
    wall: 1000 / result.perSecond,
  }
}

/** Starts one side with accounts, posts and sessions, and returns the requests of its rows. */
async function prepare(folder, root) {
  const worker = await start(folder, { root })
  await seed(worker.db, { posts: POSTS, authors: 100 })
  const emails = await register(worker.url, PEOPLE)
  const grants = []
  for (const email of emails)
    grants.push(JSON.parse(expect(await send(worker.url, signIn(email)), 200).text))
  const token = (n) => grants[n % PEOPLE].access_token
  const post = { method: 'POST', path: '/api/posts', json: { title: 'A title', content: TEXT } }
  const signInOf = (n) => signIn(emails[n % PEOPLE])
  const many = { connections: 16, count: 240 }
  const rows = [
    { name: 'sign in, 1 connection', make: signInOf, connections: 1, count: 16 },
    { name: 'sign in', make: signInOf, connections: 16, count: 32 },
    { name: 'me', make: (n) => ({ path: '/api/users/me', token: token(n) }), ...many },
    { name: 'list of 20', make: () => ({ path: '/api/posts' }), ...many },
    { name: 'read a post', make: (n) => ({ path: `/api/posts/${1 + (n % POSTS)}` }), ...many },
    { name: 'create a post', make: (n) => ({ ...post, token: token(n) }), ...many },
    { name: 'refresh', make: refreshes(grants), ...many },
  ]
  return { worker, rows }
}

/** Refreshes the sessions in turns; each request takes the newest token of its session. */
function refreshes(grants) {
  const tokens = grants.map((grant) => grant.refresh_token)
  return () => {
    const refresh_token = tokens.shift()
    return {
      method: 'POST',
      path: '/oauth/token',
      form: { grant_type: 'refresh_token', refresh_token },
      onResponse: ({ status, text }) => {
        if (status === 200) tokens.push(JSON.parse(text).refresh_token)
      },
    }
  }
}

/** The start of bare workerd up to the first response, in turns. */
async function spawns(before, now) {
  const side = ({ folder, root }) => ({
    compiled: configure(folder, { root, config: 'wrangler.toml' }),
    samples: [],
  })
  const row = { name: 'start, to the first response', before: side(before), now: side(now) }
  for (let round = -1; round < ROUNDS; round++) {
    for (const { compiled, samples } of round % 2 ? [row.before, row.now] : [row.now, row.before]) {
      const sample = await firstResponse(compiled, '/health')
      if (round >= 0) samples.push(sample)
    }
  }
  return row
}

function report(name, rows, gzipBefore, gzipNow) {
  const cells = rows.map((row) => {
    const of = (side, key) => row[side].samples.map((sample) => sample[key])
    const ratios = (key) => of('now', key).map((ms, i) => ms / of('before', key)[i])
    const [cpu, wall] = [ratios('cpu'), ratios('wall')]
    return [
      row.name,
      fixed(median(of('before', 'cpu'))),
      fixed(median(of('now', 'cpu'))),
      fixed(median(cpu)),
      range(cpu),
      fixed(median(wall)),
      range(wall),
      verdict(cpu),
    ]
  })
  const head = [
    `${rows[0].now.samples.length} rounds`,
    ...['CPU ms before', 'now', 'ratio', 'min..max'],
    ...['wall ratio', 'min..max', 'CPU'],
  ]
  const kib = (bytes) => fixed(bytes / 1024, 1)
  process.stdout.write(`
## The working tree against ${name}

${table(head, cells)}

Milliseconds are per request. "worse" and "better": the median differs by more than 3 % and three
quarters of the rounds agree; "unclear": the rounds do not agree. Bundle: ${kib(gzipBefore)} KiB
gzip before, ${kib(gzipNow)} now.
`)
}
