// Stalled connections: one client sends requests without the last bytes of their bodies.
import { connect } from 'node:net'
import { bundleEntry } from '../build.mjs'
import { send } from '../load.mjs'
import { addUp, fixed, histogram } from '../numbers.mjs'
import { expect } from '../people.mjs'
import { COLLECTING, peakMemory } from '../server.mjs'
import { configure, serve } from '../workerd.mjs'
import { limited, noted } from './row.mjs'

const CONNECTIONS = 1500
const LONGEST = 20_000 // milliseconds for the Worker to end them
const MISSING = 36 // bytes of the body that never come
const FORM = 'application/x-www-form-urlencoded'
const KIB = 1024
const CASES = [
  { path: '/oauth/token', type: FORM, bytes: 8 * KIB },
  { path: '/oauth/token', type: FORM, bytes: 64 * KIB },
  { path: '/oauth/revoke', type: FORM, bytes: 8 * KIB },
  { path: '/api/session/refresh', type: 'application/json', bytes: 64 * KIB },
]

/**
 * Runs in bare workerd, so that Miniflare's own proxy in front of the Worker does not count. The
 * memory of workerd's connections is measured with a Worker that only discards, and subtracted.
 */
export async function connections(folder) {
  const compiled = configure(folder, { config: 'wrangler.toml', v8Flags: COLLECTING })
  const control = await bundleEntry('bench/abuse/discard.mjs', 'abuse-discard')
  const discarding = configure(control, { v8Flags: COLLECTING })
  const controls = new Map()
  const rows = []
  for (const one of CASES) {
    const { path, bytes } = one
    if (!controls.has(bytes)) controls.set(bytes, (await stalledAt(discarding, one)).growth)
    const { growth, statuses } = await stalledAt(compiled, one)
    const name = `${path}, ${bytes / KIB} KiB`
    const memory = `${fixed(growth, 0)}, ${fixed(controls.get(bytes), 0)} MiB`
    rows.push(
      limited(`${name}: growth beyond the control`, growth - controls.get(bytes), 64, MIB),
      noted(`${name}: peak growth, and of the control`, memory),
      noted(`${name}: statuses`, histogram(statuses)),
    )
  }
  return rows
}
const MIB = { unit: ' MiB' }

async function stalledAt(compiled, one) {
  const { pid, port, stop } = await serve(compiled)
  const url = new URL(`http://127.0.0.1:${port}`)
  try {
    expect(await send(url, { path: '/health' }), 200)
    const growth = peakMemory(pid)
    const sockets = []
    for (let n = 0; n < CONNECTIONS; n++) {
      sockets.push(stall(url, one))
      if (n % 50 === 0) await wait(20) // the listener accepts a bounded number at once
    }
    const end = performance.now() + LONGEST
    while (performance.now() < end && sockets.some(({ status }) => status() === 0)) await wait(200)
    const statuses = new Map()
    for (const { status } of sockets) addUp(statuses, [[status(), 1]])
    for (const { socket } of sockets) socket.destroy()
    expect(await send(url, { path: '/health' }), 200)
    return { growth: growth(), statuses }
  } finally {
    stop()
  }
}

/** Sends a request whose body lacks its end. `status` returns 0 until a response has come. */
function stall(url, { path, type, bytes }) {
  const socket = connect(Number(url.port), url.hostname)
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    text += data.toString('latin1')
  })
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${url.host}`,
    `Content-Type: ${type}`,
    `Content-Length: ${bytes}`,
    'CF-Connecting-IP: 198.51.100.1',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${'x'.repeat(bytes - MISSING)}`)
  return { socket, status: () => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0) }
}
const wait = (ms) => new Promise((done) => setTimeout(done, ms))
