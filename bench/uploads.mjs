// `npm run bench -- uploads`: sends many uploads of the largest picture at once, each stalled one
// byte before its end. Measures the memory held meanwhile and the statuses after the last byte,
// with V8's defaults and with full collections.
import { connect } from 'node:net'
import { build } from './build.mjs'
import { nextAddress, send } from './load.mjs'
import { addUp, fixed, growth, histogram, table } from './numbers.mjs'
import { expect, register, tokenOf } from './people.mjs'
import { COLLECTING, memory, start } from './server.mjs'

const AT_ONCE = 160
const BYTES = 2 * 1024 * 1024
const wait = (ms) => new Promise((done) => setTimeout(done, ms))

/**
 * Begins an upload. Returns a function that sends the last byte and resolves to the status of the
 * response; 0 means no response.
 */
async function begin(url, { token, chunked }) {
  const socket = connect(Number(url.port), url.hostname)
  let text = ''
  const answered = new Promise((done) => {
    socket.on('error', () => undefined)
    socket.on('close', () => done(0))
    socket.on('data', (data) => {
      text += data.toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
      if (text.includes('\r\n\r\n')) done(Number(status))
    })
  })
  const head = [
    'PUT /api/users/me/avatar HTTP/1.1',
    `Host: ${url.host}`,
    'Content-Type: image/png',
    `CF-Connecting-IP: ${nextAddress()}`,
    chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${BYTES}`,
    ...(token ? [`Authorization: Bearer ${token}`] : []),
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  if (chunked) socket.write(`${BYTES.toString(16)}\r\n`)
  const body = Buffer.alloc(BYTES - 1)
  const taken = new Promise((done) => socket.write(body, done))
  await Promise.race([taken, answered, wait(5000)])
  return async () => {
    socket.write(chunked ? '\0\r\n0\r\n\r\n' : '\0')
    const status = await Promise.race([answered, wait(5000).then(() => 0)])
    socket.destroy()
    return status
  }
}

/** Runs one case in a workerd process of its own. */
async function run(folder, sender, chunked, v8Flags) {
  const worker = await start(folder, { v8Flags })
  try {
    const emails = await register(worker.url, 8)
    const tokens = await Promise.all(emails.map((email) => tokenOf(worker.url, email)))
    const token = {
      anonymous: () => undefined,
      'one account': () => tokens[0],
      'eight accounts': (n) => tokens[n % tokens.length],
    }[sender]
    const atRest = memory(worker.pid)
    const ends = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) => begin(worker.url, { token: token(n), chunked })),
    )
    await wait(500)
    const held = memory(worker.pid)
    const statuses = new Map()
    for (const status of await Promise.all(ends.map((end) => end()))) addUp(statuses, [[status, 1]])
    expect(await send(worker.url, { path: '/health' }), 200)
    return { statuses, mib: growth(held, atRest) }
  } finally {
    await worker.stop()
  }
}

export async function uploads() {
  const { gatepost } = await build()
  const rows = []
  for (const sender of ['anonymous', 'one account', 'eight accounts']) {
    for (const chunked of [false, true]) {
      const byDefault = await run(gatepost, sender, chunked)
      const collecting = await run(gatepost, sender, chunked, COLLECTING)
      rows.push([
        `${sender}${chunked ? ', chunked' : ''}`,
        histogram(byDefault.statuses),
        ...[byDefault, collecting].map(({ mib }) => fixed(mib, 0)),
      ])
    }
  }
  process.stdout.write(`
## ${AT_ONCE} uploads of 2 MiB at once, each stalled one byte before its end

${table(['token of', 'statuses', 'growth MiB', 'growth MiB, full collections'], rows)}
`)
}
