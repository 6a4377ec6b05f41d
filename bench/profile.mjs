// Profiles the evaluation of a Worker's modules: bare workerd imports the bundle while V8's CPU
// profiler runs, as `wrangler check startup` does.
import { basename } from 'node:path'
import { modulesOf } from './build.mjs'
import { configure, fetchText, mainThreadCpu, serve } from './workerd.mjs'

const INTERVAL = 100 // microseconds between samples

/** Prepares a built Worker for `profileStart`: a request to it imports the bundle. */
export function profiled(folder, config) {
  const [{ path }] = modulesOf(folder)
  const code = `export default { async fetch() {
    await import('./${basename(path)}')
    return new Response('ok')
  } }`
  return configure(folder, { config, entry: { name: 'profile-entry.js', code } })
}

/**
 * Imports the bundle in a new process under the profiler.
 * @returns {Promise<{ cpu: number, active: number, modules: Map<string, number> }>} milliseconds:
 *   CPU of the main thread, wall time of all samples, and that of the modules by file. Files are
 *   known in a bundle of start/wrapped.mjs only.
 */
export async function profileStart(compiled) {
  const { pid, port, inspector, stop } = await serve(compiled, ['--inspector-addr=127.0.0.1:0'])
  const socket = new WebSocket(`ws://127.0.0.1:${inspector}/main`)
  try {
    await new Promise((done, fail) => {
      socket.onopen = done
      socket.onerror = () => fail(new Error('The inspector of workerd refused the connection.'))
    })
    await command(socket, 1, 'Profiler.enable')
    await command(socket, 2, 'Profiler.setSamplingInterval', { interval: INTERVAL })
    await command(socket, 3, 'Profiler.start')
    const before = mainThreadCpu(pid)
    await fetchText(port, '/')
    const cpu = mainThreadCpu(pid) - before
    const { profile } = await command(socket, 4, 'Profiler.stop')
    return { cpu, ...summary(profile) }
  } finally {
    socket.close()
    stop()
  }
}

function command(socket, id, method, params = {}) {
  return new Promise((done, fail) => {
    socket.addEventListener('message', function listen({ data }) {
      const message = JSON.parse(data)
      if (message.id !== id) return
      socket.removeEventListener('message', listen)
      if (message.error) fail(new Error(`${method}: ${message.error.message}`))
      else done(message.result)
    })
    socket.send(JSON.stringify({ id, method, params }))
  })
}

/** Adds the time of each sample to the innermost module function on its stack. */
function summary({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((c) => [c, id])))
  const moduleOf = (id) => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const { functionName } = byId.get(at).callFrame
      if (/^(src|node_modules|scripts|migrations)\//.test(functionName)) return functionName
    }
    return 'workerd'
  }
  const modules = new Map()
  let active = 0
  samples.forEach((id, i) => {
    if (byId.get(id).callFrame.functionName === '(idle)') return
    const ms = timeDeltas[i] / 1000
    active += ms
    const module = moduleOf(id)
    modules.set(module, (modules.get(module) ?? 0) + ms)
  })
  return { active, modules }
}
