// `npm run bench -- hash`: Gatepost's Argon2id against four others, interleaved in one run, and its
// effect on sign-in. Hashes are measured in CPU time, which other work on the machine disturbs
// less.

import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { hashRawSync } from '@node-rs/argon2'
import argon2 from 'argon2'
import { argon2id as hashWasm } from 'hash-wasm'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { runnerImport } from 'vite'
import { bundleEntry, modulesOf, ROOT } from './build.mjs'
import { load, send } from './load.mjs'
import { fixed, histogram, median, table } from './numbers.mjs'
import { register, signIn } from './people.mjs'
import { start, watchWorkerds } from './server.mjs'
import { cpuOf } from './workerd.mjs'

const ROUNDS = 60
const LONGEST = 60_000 // milliseconds; a busy machine completes fewer rounds
const HASHES = 8 // per request to the hashing Worker, so that the request itself is a small share
const SIGN_IN_ROUNDS = 5

const password = Buffer.from('correct horse battery staple')
const salt = Buffer.from('0123456789abcdef')
const COST = { m: 19_456, t: 2, p: 1 }
const THEIRS = { memoryCost: COST.m, timeCost: COST.t, parallelism: COST.p }

/** Gatepost's Argon2id in Node, with each memory-filling kernel. */
async function ours() {
  const folder = 'src/security/argon2'
  const import_ = async (name) => (await runnerImport(`./${folder}/${name}.ts`)).module
  const [{ argon2idOf }, { blake2bOf }, { kernelFill }, { hashWasmFill }] = await Promise.all(
    ['argon2', 'blake2b', 'kernel-fill', 'hash-wasm-fill'].map(import_),
  )
  const wasm = (name) => new WebAssembly.Module(readFileSync(join(ROOT, folder, `${name}.wasm`)))
  const blake2b = blake2bOf(wasm('blake2b'))
  return {
    own: argon2idOf(blake2b, kernelFill(wasm('kernel'))),
    kept: argon2idOf(blake2b, hashWasmFill(wasm('hash-wasm-argon2'))),
  }
}

async function inWorkerd() {
  const out = await bundleEntry('bench/hash/worker.mjs', 'hash')
  const newWorkerd = watchWorkerds()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'hash',
      modules: modulesOf(out),
      modulesRoot: out,
      compatibilityDate: '2026-10-30',
      host: '127.0.0.1',
      port: 0,
      cf: false,
    }),
  )
  const url = await miniflare.ready
  const pid = newWorkerd()
  if (pid === null) throw new Error('The CPU time of workerd is measured on Linux only.')
  const time = async (path) => {
    const begin = cpuOf(pid)
    const { status } = await send(url, { path })
    if (status !== 204) throw new Error(`${path} returned ${status}`)
    return cpuOf(pid) - begin
  }
  // The time of an empty request is subtracted.
  const hashes = (name) => async () =>
    ((await time(`/${name}?n=${HASHES}`)) - (await time(`/${name}?n=0`))) / HASHES
  return { own: hashes('own'), kept: hashes('hash-wasm'), stop: () => miniflare.dispose() }
}

/** Times all contenders in turns, rotating the order each round. Returns sorted milliseconds. */
async function inTurns(contenders) {
  const times = new Map(contenders.map(({ name }) => [name, []]))
  const begin = performance.now()
  for (let round = -5; round < ROUNDS && performance.now() - begin < LONGEST; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const { name, hash } = contenders[(i + round + contenders.length * 5) % contenders.length]
      const ms = await hash()
      if (round >= 0) times.get(name).push(ms) // the first five rounds warm up
    }
  }
  for (const list of times.values()) list.sort((a, b) => a - b)
  return times
}
/** Returns the milliseconds of CPU that all threads of this process use for the work. */
const timed = (work) => async () => {
  const begin = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

async function compare() {
  const { own, kept } = await ours()
  const workerd = await inWorkerd()
  const input = { ...COST, password, salt, tagLength: 32 }
  const published = {
    ...{ password, salt, memorySize: COST.m, iterations: COST.t, parallelism: COST.p },
    ...{ hashLength: 32, outputType: 'binary' },
  }
  const reference = { ...THEIRS, type: argon2.argon2id, hashLength: 32, salt, raw: true }
  const rust = { ...THEIRS, algorithm: 2, outputLen: 32, salt }
  const work = {
    ours: () => own(input),
    'npm argon2, the reference C': () => argon2.hash(password, reference),
    '@node-rs/argon2, Rust with AVX2': () => hashRawSync(password, rust),
    'hash-wasm as published': () => hashWasm(published),
    'hash-wasm on a kept instance': () => kept(input),
  }
  const tags = await Promise.all(
    Object.values(work).map(async (hash) => Buffer.from(await hash()).toString('hex')),
  )
  if (new Set(tags).size !== 1) throw new Error(`The implementations disagree: ${tags.join(', ')}`)
  try {
    const times = await inTurns([
      ...Object.entries(work).map(([name, hash]) => ({ name, hash: timed(hash) })),
      { name: 'ours in workerd', hash: workerd.own },
      { name: 'hash-wasm on a kept instance in workerd', hash: workerd.kept },
    ])
    const c = median(times.get('npm argon2, the reference C'))
    const wasm = median(times.get('hash-wasm as published'))
    const rows = [...times].map(([name, list]) => [
      name,
      fixed(list[0], 1),
      fixed(median(list), 1),
      fixed(median(list) / c),
      fixed(median(list) / wasm),
    ])
    const head = [
      `${times.get('ours').length} rounds`,
      'min CPU ms',
      'median CPU ms',
      '÷ reference C',
      '÷ hash-wasm',
    ]
    process.stdout.write(
      `\nArgon2id, 19 MiB, 2 passes, 1 lane; Node ${process.version}, ${cpus().length} × ${cpus()[0].model}\n\n`,
    )
    process.stdout.write(`${table(head, rows)}\n`)
  } finally {
    await workerd.stop()
  }
}

/** Measures sign-in with each kernel, interleaved. */
async function signingIn() {
  const back = ['--alias', './argon2/own-kernel:./src/security/argon2/hash-wasm.ts']
  const out = {
    own: await bundleEntry('src/index.ts', 'gatepost-own'),
    'hash-wasm': await bundleEntry('src/index.ts', 'gatepost-hash-wasm', back),
  }
  const workers = []
  for (const name of ['hash-wasm', 'own']) {
    const worker = await start(out[name])
    const emails = await register(worker.url, 32)
    workers.push({ name, worker, emails, one: [], many: [] })
  }
  const statuses = new Map()
  try {
    for (let round = -1; round < SIGN_IN_ROUNDS; round++) {
      for (const { worker, emails, one, many } of round % 2 ? workers : workers.toReversed()) {
        const make = (n) => signIn(emails[n % emails.length])
        for (const [connections, list] of [
          [1, one],
          [16, many],
        ]) {
          const result = await load(worker.url, make, { connections, requests: 100, ms: 1500 })
          if (round >= 0) list.push(result)
          for (const [s, n] of result.statuses) statuses.set(s, (statuses.get(s) ?? 0) + n)
        }
      }
    }
  } finally {
    await Promise.all(workers.map(({ worker }) => worker.stop()))
  }
  const rows = workers.map(({ name, one, many }) => [
    name === 'own' ? 'our kernel' : 'hash-wasm on a kept instance',
    fixed(median(one.map(({ times }) => median(times))), 1),
    fixed(median(one.map(({ perSecond }) => perSecond)), 1),
    fixed(median(many.map(({ perSecond }) => perSecond)), 1),
  ])
  const head = ['sign in, with', 'ms at 1', 'per second at 1', 'per second at 16']
  process.stdout.write(`\n${table(head, rows)}\n(${histogram(statuses)})\n`)
}

export async function hash() {
  await compare()
  await signingIn()
}
