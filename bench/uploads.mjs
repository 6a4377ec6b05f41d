// `npm run bench -- uploads`: many uploads of the largest picture at once, each of which stops one byte before its end: what does the Worker
// hold meanwhile, and what does it answer when the last byte has come? Twice, as in `-- load`.
import { connect } from 'node:net'
import { build } from './build.mjs'
import { nextAddress, send } from './load.mjs'
import { addUp, fixed, growth, histogram, table } from './numbers.mjs'
import { expect, register, tokenOf } from './people.mjs'
import { COLLECTING, memory, start } from './server.mjs'

const AT_ONCE = 160
const BYTES = 2 * 1024 * 1024
const wait = (ms) => new Promise((done) => setTimeout(done, ms))

/** Begins an upload; gives the function that ends it and resolves to the status of its answer, 0 when there is none. */
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

/** Everything in a process of its own. */
async function run(folder, ofWhom, chunked, v8Flags) {
  const worker = await start(folder, { v8Flags })
  try {
    const emails = await register(worker.url, 8)
    const tokens = await Promise.all(emails.map((email) => tokenOf(worker.url, email)))
    const token = {
      nobody: () => undefined,
      'one person': () => tokens[0],
      'eight people': (n) => tokens[n % tokens.length],
    }[ofWhom]
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
  for (const ofWhom of ['nobody', 'one person', 'eight people']) {
    for (const chunked of [false, true]) {
      const asItComes = await run(gatepost, ofWhom, chunked)
      const collecting = await run(gatepost, ofWhom, chunked, COLLECTING)
      rows.push([
        `${ofWhom}${chunked ? ', chunked' : ''}`,
        histogram(asItComes.statuses),
        ...[asItComes, collecting].map(({ mib }) => fixed(mib, 0)),
      ])
    }
  }
  process.stdout.write(`
## ${AT_ONCE} uploads of 2 MiB at once, each one byte short

${table(['token of', 'answers in the end', 'MiB more, V8 as it comes', 'V8 collecting'], rows)}
`)
}
