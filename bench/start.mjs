// `npm run bench -- start`: the cost of a new isolate. Compares Gatepost with an empty Worker and
// with one Worker per library, shares the evaluation time among the modules, and times the first
// sign-in, the first /me and the first use of a passkey.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, bundleEntry, bundleLibrary, partOf } from './build.mjs'
import { send } from './load.mjs'
import { fixed, median, range, table } from './numbers.mjs'
import { newPasskey } from './passkey.mjs'
import { expect, register, signIn, tokenOf } from './people.mjs'
import { profiled, profileStart } from './profile.mjs'
import { baselineToken, start } from './server.mjs'
import { configure, cpuOf, firstResponse } from './workerd.mjs'

const ROUNDS = 15
const PROFILES = 9
const FIRST_REQUESTS = 5
const ORIGIN = 'http://localhost:8787' // APP_ORIGIN of wrangler.toml
const LIBRARIES = {
  'an empty Worker': 'empty',
  hono: 'hono',
  'hono + zod': 'zod',
  'hono + @hono/zod-openapi': 'zod-openapi',
  'hono + drizzle-orm': 'drizzle',
  'hono + jose': 'jose',
  'hono + zod + drizzle-orm + jose': 'together',
}

export async function startUp() {
  const { gatepost, baseline } = await build()
  await spawns(gatepost)
  await evaluation(gatepost)
  await firstRequests(gatepost, baseline)
}

/** Bare workerd, from spawn to the first response of /health, in turns. */
async function spawns(gatepost) {
  const contenders = []
  for (const [name, file] of Object.entries(LIBRARIES)) {
    const folder = await bundleLibrary(file)
    contenders.push({ name, compiled: configure(folder), samples: [] })
  }
  const compiled = configure(gatepost, { config: 'wrangler.toml' })
  contenders.push({ name: 'Gatepost', compiled, samples: [] })
  for (let round = -1; round < ROUNDS; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const { compiled, samples } = contenders[(i + round + contenders.length) % contenders.length]
      const sample = await firstResponse(compiled, '/health')
      if (round >= 0) samples.push(sample) // the first round fills the page cache
    }
  }
  const of = ({ samples }, key) => samples.map((sample) => sample[key])
  const empty = contenders[0]
  const rows = contenders.map((contender) => {
    const ratios = of(contender, 'cpu').map((ms, i) => ms / of(empty, 'cpu')[i])
    return [
      contender.name,
      fixed(median(of(contender, 'cpu')), 1),
      range(of(contender, 'cpu'), 1),
      fixed(median(ratios)),
      fixed(median(of(contender, 'wall')), 0),
      fixed(median(of(contender, 'rss')), 1),
    ]
  })
  const head = [`${ROUNDS} rounds`, 'CPU ms', 'min..max', '÷ empty', 'wall ms', 'RSS MiB']
  print('## Bare workerd, spawn to the first response', table(head, rows))
}

/**
 * The CPU of the evaluation, of the deployed bundle and by group of modules. The profiler samples
 * by wall time, which other load on the machine lengthens, so its samples give the shares only.
 */
async function evaluation(gatepost) {
  const args = ['--minify=false'] // minification would rename the functions
  const wrapped = await bundleEntry('bench/start/wrapped.mjs', 'start-wrapped', args)
  const deployed = profiled(gatepost, 'wrangler.toml')
  const byModule = profiled(wrapped, 'wrangler.toml')
  const [ours, theirs] = [[], []]
  for (let round = 0; round < PROFILES; round++) {
    ours.push(await profileStart(deployed))
    theirs.push(await profileStart(byModule))
  }
  const cpu = (rounds) => rounds.map((round) => round.cpu)
  const total = median(cpu(theirs))
  const rows = [...sharesOf(theirs)]
    .map(([group, share]) => [group, share * total])
    .filter(([, ms]) => ms >= 0.2)
    .sort(([, a], [, b]) => b - a)
    .map(([group, ms]) => [group, fixed(ms, 1)])
  print(
    '## Evaluation of the modules',
    `The deployed bundle takes ${fixed(median(cpu(ours)), 1)} ms of CPU under V8's profiler
(${range(cpu(ours), 1)}, ${PROFILES} rounds). The table shows an unminified bundle with one function per
module, which takes longer. A library's work counts for the module that calls it.`,
    table(['group', 'CPU ms'], [...rows, ['total', fixed(total, 1)]]),
  )
}

/** The share of each group in the samples of all rounds, each round with the same weight. */
function sharesOf(rounds) {
  const shares = new Map()
  for (const { active, modules } of rounds) {
    for (const [file, ms] of modules) {
      const group = groupOf(file)
      shares.set(group, (shares.get(group) ?? 0) + ms / active / rounds.length)
    }
  }
  return shares
}

function groupOf(file) {
  if (file === 'workerd') return 'workerd: loading, collections'
  if (!file.startsWith('src/')) return partOf(file)
  const [, folder, ...rest] = file.split('/')
  return rest.length > 0 ? `src/${folder}/` : file
}

/** The first request of a new Miniflare process, beside the same request of the baseline. */
async function firstRequests(gatepost, baseline) {
  const persist = mkdtempSync(join(tmpdir(), 'bench-start-'))
  try {
    const requests = await prepare(gatepost, baseline, persist)
    for (let round = 0; round < FIRST_REQUESTS; round++) {
      for (const request of round % 2 ? requests : requests.toReversed())
        request.samples.push(await firstRequest(request))
    }
    const rows = requests.map(({ name, samples, against }) => {
      const of = (key) => samples.map((sample) => sample[key])
      const other = requests.find((request) => request.name === against)
      const ratio = other && median(samples.map(({ cpu }, i) => cpu / other.samples[i].cpu))
      return [
        name,
        fixed(median(of('cpu')), 1),
        range(of('cpu'), 1),
        fixed(median(of('ms')), 1),
        ratio ? fixed(ratio) : '',
      ]
    })
    const head = [`${FIRST_REQUESTS} rounds`, 'CPU ms', 'min..max', 'wall ms', 'CPU ÷ baseline']
    print('## The first request of a new isolate, in Miniflare', table(head, rows))
  } finally {
    rmSync(persist, { recursive: true })
  }
}

/** Registers one account in both databases and returns the requests to time. */
async function prepare(gatepost, baseline, persist) {
  const ours = { folder: gatepost, options: { persist: join(persist, 'gatepost') } }
  const theirs = {
    folder: baseline,
    options: {
      persist: join(persist, 'baseline'),
      config: 'bench/baseline/wrangler.toml',
      migrations: 1,
    },
  }
  const worker = await start(ours.folder, ours.options)
  const [email] = await register(worker.url, 1)
  const token = await tokenOf(worker.url, email)
  const user = await worker.db.prepare('select * from users').first()
  const assertions = await passkeyOf(worker, user)
  await worker.stop()
  const other = await start(theirs.folder, theirs.options)
  await other.db
    .prepare(
      `insert into users (id, username, username_key, email, email_key, password_hash, created_at)
       values (?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(user.id, user.username, user.username, email, email, user.password_hash, user.created_at)
    .run()
  await other.stop()
  const hash = { method: 'POST', path: '/limited/hash' }
  const me = { path: '/me', token: await baselineToken(user.id) }
  const requests = [
    { name: 'baseline: hash', ...theirs, what: hash },
    { name: 'sign in', ...ours, what: signIn(email), against: 'baseline: hash' },
    { name: 'baseline: me', ...theirs, what: me },
    { name: 'me', ...ours, what: { path: '/api/users/me', token }, against: 'baseline: me' },
    { name: 'passkey options', ...ours, what: OPTIONS, against: 'baseline: me' },
    { name: 'passkey sign-in', ...ours, what: () => assertions.pop(), against: 'baseline: me' },
  ]
  return requests.map((request) => ({ ...request, samples: [] }))
}

const FROM_PAGE = { Origin: ORIGIN }
const OPTIONS = { method: 'POST', path: '/api/passkeys/sign-in-options', headers: FROM_PAGE }

/** Stores a passkey, and returns a sign-in for each round: a challenge works once. */
async function passkeyOf({ url, db }, user) {
  const passkey = newPasskey(ORIGIN, user.handle)
  await db
    .prepare(
      `insert into passkeys (id, user_id, key, counter, backup_eligible, backed_up, aaguid, rp_id,
         name, created_at) values (?, ?, ?, 0, 0, 0, ?, ?, 'bench', ?)`,
    )
    .bind(
      passkey.id,
      user.id,
      passkey.key,
      '00000000-0000-0000-0000-000000000000',
      passkey.rpId,
      user.created_at,
    )
    .run()
  const signIns = []
  while (signIns.length < FIRST_REQUESTS) {
    const { challenge } = JSON.parse(expect(await send(url, OPTIONS), 200).text)
    const json = passkey.assert(challenge)
    signIns.push({ method: 'POST', path: '/api/session/passkey', headers: FROM_PAGE, json })
  }
  return signIns
}

async function firstRequest({ folder, options, what }) {
  const { url, pid, stop } = await start(folder, options)
  try {
    const request = typeof what === 'function' ? what() : what
    const before = cpuOf(pid)
    const { ms } = expect(await send(url, request), 200)
    return { ms, cpu: cpuOf(pid) - before }
  } finally {
    await stop()
  }
}

const print = (...blocks) => process.stdout.write(`\n${blocks.join('\n\n')}\n`)
