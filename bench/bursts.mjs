// `npm run bench -- load`: sends bursts of sign-ins and registrations beside a steady reader, then
// sign-ins one by one (300, or 2 000 with `--soak`). Measures statuses, latency and memory. It runs
// with V8's defaults and with full collections, which separates live memory from uncollected
// garbage. The baseline runs the same number of hashes as a control.
import { build } from './build.mjs'
import { load, send, steadyReader } from './load.mjs'
import { addUp, fixed, growth, histogram, quantile, table } from './numbers.mjs'
import { expect, register, registration, signIn, tokenOf } from './people.mjs'
import { COLLECTING, memory, start } from './server.mjs'

const AT_ONCE = 64

/** Sends all requests at once, each on its own connection. */
const burst = async (url, make) => {
  const result = await load(url, make, { connections: AT_ONCE, requests: AT_ONCE, ms: 60_000 })
  return result.statuses
}

async function bursts(url, emails, token) {
  const endReading = steadyReader(url, { path: '/api/users/me', token })
  const [signIns, registrations] = await Promise.all([
    burst(url, (n) => signIn(emails[n])),
    burst(url, registration),
  ])
  return { signIns, registrations, reader: await endReading() }
}

/** Sends requests one by one and samples the memory after each tenth of them. */
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

/** Runs the bursts and the queue in a workerd process of its own. */
async function run(folder, count, v8Flags) {
  const worker = await start(folder, { v8Flags })
  try {
    const emails = await register(worker.url, AT_ONCE)
    const token = await tokenOf(worker.url, emails[0])
    const atRest = memory(worker.pid)
    const burst = await bursts(worker.url, emails, token)
    const afterBursts = memory(worker.pid)
    const { statuses, memories } = await queue(
      worker,
      (n) => signIn(emails[n % emails.length]),
      count,
    )
    expect(await send(worker.url, { path: '/health' }), 200)
    return { ...burst, statuses, memories, atRest, afterBursts }
  } finally {
    await worker.stop()
  }
}

/** The baseline's hash, behind an edge limit and between two writes. */
const hash = { method: 'POST', path: '/limited/hash' }

/** Runs the same queue on the baseline. */
async function control(folder, count, v8Flags) {
  const worker = await start(folder, {
    config: 'bench/baseline/wrangler.toml',
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

function report(name, count, result, baseline) {
  const { signIns, registrations, reader, statuses, memories, atRest, afterBursts } = result
  const size = (mib) => `${fixed(mib, 0)} MiB (+${fixed(growth(mib, atRest), 0)})`
  const course = (memories, before) => {
    const spread = (Math.max(...memories) / Math.min(...memories) - 1) * 100
    return `${memories.map((m) => fixed(m, 0)).join(', ')} MiB; growth ${fixed(growth(memories.at(-1), before), 0)} MiB, highest ÷ lowest +${fixed(spread, 1)} %`
  }
  const p95 = quantile(reader.times, 0.95)
  const rows = [
    ['at rest, after 64 registrations', '', size(atRest)],
    [`${AT_ONCE} sign-ins at once`, histogram(signIns), ''],
    [`with ${AT_ONCE} registrations at once`, histogram(registrations), size(afterBursts)],
    [`beside a reader of /me, p95 ${fixed(p95, 0)} ms`, histogram(reader.statuses), ''],
    [`${count} sign-ins, one by one`, histogram(statuses), size(memories.at(-1))],
  ]
  process.stdout.write(`
## ${name}

${table(['', 'statuses', 'memory of the process'], rows)}

Memory over the ${count} sign-ins: ${course(memories, afterBursts)}.
Memory over ${count} hashes of the baseline: ${course(baseline.memories, baseline.atRest)}.
`)
}

export async function burstsAndQueue({ soak }) {
  const { gatepost, baseline } = await build()
  const count = soak ? 2000 : 300
  const modes = [
    ["V8's defaults", undefined],
    ['V8 with full collections', COLLECTING],
  ]
  for (const [name, v8Flags] of modes) {
    const result = await run(gatepost, count, v8Flags)
    report(name, count, result, await control(baseline, count, v8Flags))
  }
}
