// Runs built Workers in bare workerd, without Miniflare: one process, one Worker, one socket.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { modulesOf, ROOT } from './build.mjs'
import { memory, SECRET } from './server.mjs'

/** The workerd binary that Miniflare runs. */
const WORKERD = createRequire(createRequire(import.meta.url).resolve('miniflare'))(
  'workerd',
).default
const LONGEST = 30_000 // milliseconds until a process counts as stuck

/**
 * The code of the Worker behind every binding. As a service binding it has any method (RPC);
 * `limit` is the rate limit of the binding, without its period.
 */
const STUB = `import { WorkerEntrypoint } from 'cloudflare:workers'
const counts = new Map()
export default class extends WorkerEntrypoint {
  fetch() { return Response.json({}) }
  limit({ key }) {
    const { name, limit } = this.ctx.props
    const count = (counts.get(name + key) ?? 0) + 1
    counts.set(name + key, count)
    return { success: count <= limit }
  }
}`
/** The D1 class of workerd itself, with the stub in place of the database. */
const D1 = `wrapped = (moduleName = "cloudflare-internal:d1-api",
  innerBindings = [(name = "fetcher", service = "stub")])`

/**
 * Writes a binary configuration for a built Worker. Bindings have the names and kinds of its
 * wrangler.toml; none of them works beyond its shape.
 * @param {string} folder a built Worker
 * @param {{ root?: string, config?: string, entry?: { name: string, code: string }, v8Flags?:
 *   string }} options `root`: the checkout, this one by default; `config`: the wrangler.toml;
 *   `entry`: a module that becomes the main module in front of the others
 * @returns {string} the path of the configuration
 */
export function configure(folder, { root = ROOT, config, entry, v8Flags = '' } = {}) {
  const modules = modulesOf(folder).map(({ type, path }) => {
    const name = basename(path)
    return `(name = ${text(name)}, ${type === 'ESModule' ? 'esModule' : 'wasm'} = embed ${text(name)})`
  })
  if (entry) modules.unshift(`(name = ${text(entry.name)}, esModule = ${text(entry.code)})`)
  const { compatibilityDate } = optionsOf(root, 'wrangler.toml')
  const date = `compatibilityDate = ${text(compatibilityDate)}`
  const source = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "stub", worker = .stub)],
  v8Flags = [${v8Flags.split(' ').filter(Boolean).map(text).join(', ')}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const stub :Workerd.Worker = (
  modules = [(name = "stub.js", esModule = ${text(STUB)})],
  ${date},
);
const main :Workerd.Worker = (
  modules = [${modules.join(',\n    ')}],
  ${date},
  bindings = [${bindingsOf(root, config).join(',\n    ')}],
);
`
  const path = join(folder, 'workerd.capnp')
  writeFileSync(path, source)
  const compiled = join(folder, entry ? 'workerd-entry.bin' : 'workerd.bin')
  const maxBuffer = 64 * 1024 * 1024
  writeFileSync(compiled, execFileSync(WORKERD, ['compile', '--config-only', path], { maxBuffer }))
  return compiled
}
const text = (string) => JSON.stringify(string)

function optionsOf(root, config) {
  process.env.JWT_SECRET ??= SECRET // wrangler warns otherwise
  return unstable_getMiniflareWorkerOptions(join(root, config)).workerOptions
}

function bindingsOf(root, config) {
  if (!config) return []
  const options = optionsOf(root, config)
  const vars = { ...options.bindings, JWT_SECRET: SECRET }
  const names = (record) => Object.keys(record ?? {})
  const stubs = [
    ...names(options.serviceBindings),
    ...(options.email?.send_email ?? []).map(({ name }) => name),
    ...(options.assets?.binding ? [options.assets.binding] : []),
  ]
  return [
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...names(options.d1Databases).map((name) => `(name = ${text(name)}, ${D1})`),
    ...names(options.r2Buckets).map((name) => `(name = ${text(name)}, r2Bucket = "stub")`),
    ...names(options.kvNamespaces).map((name) => `(name = ${text(name)}, kvNamespace = "stub")`),
    ...stubs.map((name) => `(name = ${text(name)}, service = "stub")`),
    ...Object.entries(options.ratelimits ?? {}).map(([name, { simple }]) => {
      const props = JSON.stringify({ name, limit: simple.limit })
      return `(name = ${text(name)}, service = (name = "stub", props = (json = ${text(props)})))`
    }),
  ]
}

/**
 * Starts workerd and waits until it listens.
 * @returns {Promise<{ pid: number, port: number, inspector?: number, stop: () => void }>}
 */
export function serve(compiled, more = []) {
  const args = ['serve', '--binary', compiled, '--control-fd=3', ...more]
  const child = spawn(WORKERD, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const stop = () => child.kill('SIGKILL')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (data) => {
      output += data
    })
  return new Promise((done, fail) => {
    const timer = setTimeout(stop, LONGEST)
    child.on('close', () => {
      clearTimeout(timer)
      fail(new Error(`workerd ended before it listened:\n${output}`))
    })
    const ports = {}
    child.stdio[3].setEncoding('utf8').on('data', (lines) => {
      for (const line of lines.split('\n').filter(Boolean)) {
        const { event, port } = JSON.parse(line)
        ports[event] = port
      }
      if (ports.listen === undefined) return
      clearTimeout(timer)
      done({ pid: child.pid, port: ports.listen, inspector: ports['listen-inspector'], stop })
    })
  })
}

/** Requests a path and returns the text of a 200 response. */
export function fetchText(port, path) {
  return new Promise((done, fail) => {
    const outgoing = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () =>
        response.statusCode === 200
          ? done(body)
          : fail(new Error(`${path} returned ${response.statusCode}: ${body}`)),
      )
    })
    outgoing.setTimeout(LONGEST, () => outgoing.destroy(new Error(`${path} timed out`)))
    outgoing.on('error', fail)
  })
}

/**
 * Starts workerd, requests one path, and ends it.
 * @returns {Promise<{ wall: number, cpu: number, rss: number }>} milliseconds from spawn to the
 *   response, milliseconds of CPU of all threads, and resident MiB
 */
export async function firstResponse(compiled, path) {
  const begin = performance.now()
  const { pid, port, stop } = await serve(compiled)
  try {
    await fetchText(port, path)
    return { wall: performance.now() - begin, cpu: cpuOf(pid), rss: memory(pid) }
  } finally {
    stop()
  }
}

/** Returns the milliseconds of CPU that all threads of a process have used. */
export const cpuOf = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + cpuOfThread(pid, task), 0)

/** Returns the milliseconds of CPU of the main thread, which runs the JavaScript. */
export const mainThreadCpu = (pid) => cpuOfThread(pid, pid)

function cpuOfThread(pid, task) {
  const [nanoseconds] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}
