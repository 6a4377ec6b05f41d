// Starts built Workers in Miniflare, each in a workerd process of its own, with the bindings of its
// wrangler.toml.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { convertV4MiniflareOptions, Miniflare, Response } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { modulesOf, ROOT } from './build.mjs'

/** The signing secret of this run: 32 random bytes. */
export const SECRET = [...crypto.getRandomValues(new Uint8Array(32))]
  .map((byte) => byte.toString(16).padStart(2, '0'))
  .join('')

/** Returns an access token of the baseline, valid for an hour. */
export const baselineToken = (userId) =>
  new SignJWT({ sub: String(userId) })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET))

/**
 * V8 flags that make every collection a full one. By default V8 collects old objects only near the
 * limit of its heap. Locally the heap has no limit (Cloudflare's is 128 MB), so old objects, and
 * the memory of the simulator that they refer to, would stay.
 */
export const COLLECTING = '--gc-global --min-semi-space-size=1 --max-semi-space-size=1'

/**
 * @param {string} folder a built Worker
 * @param {{ root?: string, config?: string, bindings?: object, migrations?: number, persist?:
 *   string, v8Flags?: string, cf?: object, onLog?: (log: { message: string }) => void }} options
 *   `root`: the checkout of the configuration and the migrations, this one by default;
 *   `migrations`: how many to apply, all by default; `cf`: the properties of `request.cf`; `onLog`:
 *   receives what the Worker logs
 * @returns {Promise<{ url: URL, db: D1Database, pid: number | null, crons: string[], scheduled:
 *   (time: Date, cron?: string) => Promise<unknown>, stop: () => Promise<void> }>} `scheduled`
 *   runs the scheduled handler at a simulated time
 */
export async function start(
  folder,
  {
    root = ROOT,
    config = 'wrangler.toml',
    bindings,
    migrations,
    persist,
    v8Flags = '',
    ...more
  } = {},
) {
  const { cf = false, onLog = () => undefined } = more
  process.env.JWT_SECRET ??= SECRET // wrangler warns otherwise
  process.env.MINIFLARE_WORKERD_V8_FLAGS = v8Flags
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, config))
  const newWorkerd = watchWorkerds()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      name: folder.split('/').at(-1),
      modules: modulesOf(folder),
      modulesRoot: folder,
      modulesRules: undefined,
      assets: undefined, // the assets layer would answer in place of the Worker
      serviceBindings: { ...workerOptions.serviceBindings, ...assetsOf(workerOptions, root) },
      bindings: { ...workerOptions.bindings, JWT_SECRET: SECRET, SECRET, ...bindings },
      host: '127.0.0.1',
      port: 0,
      cf,
      ...(persist && { resourcePersistencePath: persist }),
      handleStructuredLogs: onLog,
    }),
  )
  const url = await miniflare.ready
  const db = await miniflare.getD1Database('DB')
  await migrate(db, join(root, 'migrations'), migrations)
  const pid = newWorkerd()
  const crons = workerOptions.cronTriggers ?? []
  const scheduled = async (scheduledTime, cron = crons[0]) =>
    (await miniflare.getWorker()).scheduled({ scheduledTime, cron })
  return { url, db, pid, crons, scheduled, stop: () => miniflare.dispose() }
}

/** The binding of the static files, for the one file that a Worker reads: the API document. */
function assetsOf({ assets }, root) {
  if (!assets?.binding) return {}
  const path = join(root, 'dist/web/openapi.json')
  const headers = { 'Content-Type': 'application/json' }
  return { [assets.binding]: () => new Response(readFileSync(path), { headers }) }
}

/** Applies the migrations as wrangler does: in order, recorded in `d1_migrations`. */
async function migrate(db, folder, count = Number.POSITIVE_INFINITY) {
  await db.exec('create table if not exists d1_migrations (id integer primary key, name text)')
  const { results } = await db.prepare('select name from d1_migrations').all()
  const applied = new Set(results.map((row) => row.name))
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  for (const file of files.sort().slice(0, count)) {
    if (applied.has(file)) continue
    const sql = readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint')
    await db.batch([
      ...sql.map((statement) => db.prepare(statement)),
      db.prepare('insert into d1_migrations (name) values (?)').bind(file),
    ])
  }
}

/**
 * Begins to watch for a workerd that this process starts.
 * @returns {() => number | null} its process id; null where there is no /proc
 */
export function watchWorkerds() {
  const before = new Set(workerds())
  return () => workerds().find((pid) => !before.has(pid)) ?? null
}

/** Lists the workerd children of this process; empty where there is no /proc. */
function workerds() {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    return children
      .split(' ')
      .map(Number)
      .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd'))
  } catch {
    return []
  }
}

/** Returns the resident memory of a process in MiB; null for an unknown process. */
export const memory = (pid) => (pid === null ? null : statusOf(pid, 'VmRSS'))

/**
 * Begins to watch the peak of a process's resident memory (proc(5), clear_refs).
 * @returns {() => number | null} the growth from now to the highest peak since, in MiB
 */
export function peakMemory(pid) {
  if (pid === null) return () => null
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = memory(pid)
  return () => statusOf(pid, 'VmHWM') - before
}

const statusOf = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) /
  1024
