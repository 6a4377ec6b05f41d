// `npm run bench -- load`: many sign-ins and registrations at once beside a steady reader, then sign-ins one after the other: does the
// Worker answer, and does its memory stay? With `--soak`: 2 000 of them. Beside it the floor, which hashes as often and asks D1 as often, each
// time one SELECT written by hand: what its process grows by is the local simulator's.
import { Agent } from 'node:http'
import { build } from './build.mjs'
import { load, send } from './load.mjs'
import { addUp, fixed, histogram, quantile, table } from './numbers.mjs'
import { expect, register, registration, signIn, tokenOf } from './people.mjs'
import { memory, start } from './server.mjs'

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

/** Sign-ins one after the other; the memory after each tenth of them. */
async function queue(worker, emails, count) {
  const statuses = new Map()
  const memories = []
  for (let n = 1; n <= count; n++) {
    const { status } = await send(worker.url, signIn(emails[n % emails.length]))
    addUp(statuses, [[status, 1]])
    if (n % (count / 10) === 0) memories.push(memory(worker.pid))
  }
  return { statuses, memories }
}

/** What the floor's process grows by, in MiB, over as many hashes and trips to D1 as so many sign-ins make. */
async function control(folder, count) {
  const floor = await start(folder, { config: 'bench/floor/wrangler.toml', migrations: 1 })
  try {
    const ask = async (what) => expect(await send(floor.url, what), 200)
    const hash = { method: 'POST', path: '/hash' }
    await ask(hash)
    await ask({ path: '/posts' })
    const atRest = memory(floor.pid)
    for (let n = 0; n < count; n++) {
      await ask(hash)
      for (let trip = 0; trip < 2; trip++) await ask({ path: '/posts' })
    }
    return memory(floor.pid) - atRest
  } finally {
    await floor.stop()
  }
}

export async function stormAndQueue({ soak }) {
  const { gatepost, floor } = await build()
  const count = soak ? 2000 : 300
  const simulator = await control(floor, count)
  const worker = await start(gatepost)
  try {
    const emails = await register(worker.url, AT_ONCE)
    const token = await tokenOf(worker.url, emails[0])
    const atRest = memory(worker.pid)
    const { signIns, registrations, reader } = await storm(worker.url, emails, token)
    const afterStorm = memory(worker.pid)
    const { statuses, memories } = await queue(worker, emails, count)
    expect(await send(worker.url, { path: '/health' }), 200)
    const growth = (mib) =>
      mib === null ? 'memory unknown' : `${fixed(mib, 0)} MiB (${fixed(mib - atRest, 0)} more)`
    const spread = (Math.max(...memories) / Math.min(...memories) - 1) * 100
    const p95 = quantile(reader.times, 0.95)
    const rows = [
      ['at rest, after 64 registrations', '', growth(atRest)],
      [`${AT_ONCE} sign-ins at once`, histogram(signIns), ''],
      [`with ${AT_ONCE} registrations at once`, histogram(registrations), growth(afterStorm)],
      [`and reading /me: p95 ${fixed(p95, 0)} ms`, histogram(reader.statuses), ''],
      [`${count} sign-ins, one by one`, histogram(statuses), growth(memories.at(-1))],
      [`the floor: ${count} hashes, ${2 * count} SELECTs`, '', `${fixed(simulator, 0)} more`],
    ]
    process.stdout.write(`\n${table(['', 'answers', 'memory of the Worker'], rows)}\n`)
    process.stdout.write(
      `\nMemory while signing in one by one: ${memories.map((m) => fixed(m, 0)).join(', ')} MiB, a spread of ${fixed(spread, 1)} %.\n`,
    )
  } finally {
    await worker.stop()
  }
}
