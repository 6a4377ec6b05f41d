// `npm run bench -- load`: many sign-ins and registrations at once beside a steady reader, then sign-ins one after the other: does the
// Worker answer, and does its memory stay? With `--soak`: 2 000 of them. Twice: as V8 comes, and collecting all garbage, which tells what is
// held from what is only not collected yet; and beside it the floor, which holds nothing either: its hash behind an edge limit and between two writes.
import { Agent } from 'node:http'
import { build } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, growth, histogram, quantile, table } from './numbers.mjs'
import { expect, register, registration, signIn, tokenOf } from './people.mjs'
import { COLLECTING, memory, start } from './server.mjs'

const AT_ONCE = 64

/** Everything at once, each on a connection of its own. */
const burst = async (url, make) => {
  const result = await load(url, make, { connections: AT_ONCE, requests: AT_ONCE, ms: 60_000 })
  return result.statuses
}

/** Asks for `/me` every 25 ms, whether the answers before have come or not, until told to end. */
function steadyReader(url, token) {
  const agent = new Agent({ keepAlive: true })
  const answers = []
  const timer = setInterval(() => {
    answers.push(send(url, { path: '/api/users/me', token }, agent))
  }, 25)
  return async () => {
    clearInterval(timer)
    const all = await Promise.all(answers)
    agent.destroy()
    return {
      times: all.map(({ ms }) => ms).sort((a, b) => a - b),
      statuses: addUp(
        new Map(),
        all.map(({ status }) => [status, 1]),
      ),
    }
  }
}

async function storm(url, emails, token) {
  const endReading = steadyReader(url, token)
  const [signIns, registrations] = await Promise.all([
    burst(url, (n) => signIn(emails[n])),
    burst(url, registration),
  ])
  return { signIns, registrations, reader: await endReading() }
}

/** Requests one after the other; the memory after each tenth of them. */
async function queue(worker, make, count) {
  const statuses = new Map()
  const memories = []
  for (let n = 1; n <= count; n++) {
    const { status } = await send(worker.url, make(n))
    addUp(statuses, [[status, 1]])
    if (n % (count / 10) === 0) memories.push(memory(worker.pid))
  }
  return { statuses, memories }
}

/** Everything in a process of its own. */
async function run(folder, count, v8Flags) {
  const worker = await start(folder, { v8Flags })
  try {
    const emails = await register(worker.url, AT_ONCE)
    const token = await tokenOf(worker.url, emails[0])
    const atRest = memory(worker.pid)
    const stormy = await storm(worker.url, emails, token)
    const afterStorm = memory(worker.pid)
    const { statuses, memories } = await queue(
      worker,
      (n) => signIn(emails[n % emails.length]),
      count,
    )
    expect(await send(worker.url, { path: '/health' }), 200)
    return { ...stormy, statuses, memories, atRest, afterStorm }
  } finally {
    await worker.stop()
  }
}

/** The floor's hash behind an edge limit and between two writes. */
const hash = { method: 'POST', path: '/limited/hash' }

/** The same queue at the floor. */
async function control(folder, count, v8Flags) {
  const worker = await start(folder, {
    config: 'bench/floor/wrangler.toml',
    migrations: 1,
    v8Flags,
  })
  try {
    expect(await send(worker.url, hash), 200)
    const atRest = memory(worker.pid)
    const { memories } = await queue(worker, () => hash, count)
    return { memories, atRest }
  } finally {
    await worker.stop()
  }
}

function report(name, count, result, floor) {
  const { signIns, registrations, reader, statuses, memories, atRest, afterStorm } = result
  const size = (mib) => `${fixed(mib, 0)} MiB (${fixed(growth(mib, atRest), 0)} more)`
  const course = (memories, before) => {
    const spread = (Math.max(...memories) / Math.min(...memories) - 1) * 100
    return `${memories.map((m) => fixed(m, 0)).join(', ')} MiB, ${fixed(growth(memories.at(-1), before), 0)} more than before, a spread of ${fixed(spread, 1)} %`
  }
  const p95 = quantile(reader.times, 0.95)
  const rows = [
    ['at rest, after 64 registrations', '', size(atRest)],
    [`${AT_ONCE} sign-ins at once`, histogram(signIns), ''],
    [`with ${AT_ONCE} registrations at once`, histogram(registrations), size(afterStorm)],
    [`and reading /me: p95 ${fixed(p95, 0)} ms`, histogram(reader.statuses), ''],
    [`${count} sign-ins, one by one`, histogram(statuses), size(memories.at(-1))],
  ]
  process.stdout.write(`
## ${name}

${table(['', 'answers', 'memory of the process'], rows)}

While signing in one by one: ${course(memories, afterStorm)}.
The floor at the same: ${course(floor.memories, floor.atRest)}.
`)
}

export async function stormAndQueue({ soak }) {
  const { gatepost, floor } = await build()
  const count = soak ? 2000 : 300
  const modes = [
    ['V8 as it comes', undefined],
    ['V8 collecting fully', COLLECTING],
  ]
  for (const [name, v8Flags] of modes) {
    const result = await run(gatepost, count, v8Flags)
    report(name, count, result, await control(floor, count, v8Flags))
  }
}
