// Behaviour of real connections: whether clients read the response to a body that is refused, and
// what clients that disconnect leave behind.
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { build } from '../../bench/build.mjs'
import { register, tokenOf } from '../../bench/people.mjs'
import { start } from '../../bench/server.mjs'

const MIB = 1024 * 1024
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms))

let worker: Awaited<ReturnType<typeof start>>
let token: string
beforeAll(async () => {
  worker = await start((await build()).gatepost)
  const [email] = await register(worker.url, 1)
  token = await tokenOf(worker.url, email)
}, 60_000)
afterAll(() => worker.stop())

/** Sends this number of bytes that are no PNG, with a Content-Length or chunked. */
async function put(path: string, bytes: number, { chunked = false, method = 'PUT', as = '' } = {}) {
  const whole = new Uint8Array(bytes)
  const body = chunked ? new Blob([whole]).stream() : whole
  const answer = await fetch(new URL(path, worker.url), {
    method,
    headers: { 'Content-Type': 'image/png', ...(as && { Authorization: `Bearer ${as}` }) },
    body,
    ...(chunked && { duplex: 'half' }),
  } as RequestInit)
  await answer.arrayBuffer()
  return answer.status
}

it.each([false, true])(
  'a client that is still sending a large body reads the response, chunked: %s',
  async (chunked) => {
    const avatar = '/api/users/me/avatar'
    for (let round = 0; round < 3; round++) {
      expect(await put(avatar, 12 * MIB, { chunked })).toBe(413)
      expect(await put(avatar, 2 * MIB, { chunked })).toBe(401)
      expect(await put(avatar, 2 * MIB, { chunked, as: token })).toBe(415)
      expect(await put('/api/nothing', 12 * MIB, { chunked })).toBe(404)
      expect(await put('/api/session', 12 * MIB, { chunked })).toBe(405)
      expect(await put('/api/session', 12 * MIB, { chunked, method: 'DELETE' })).toBe(204)
    }
  },
)

/** One connection: sends a head and so much of a body of 2 MiB, and gives what comes back. */
function open(headers: Record<string, string>, sent: number) {
  const socket = connect(Number(worker.url.port), worker.url.hostname)
  const state = { socket, text: '' }
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    state.text += data.toString('latin1')
  })
  const lines = Object.entries({ Host: 'x', 'Content-Type': 'image/png', ...headers })
  socket.write(
    `PUT /api/users/me/avatar HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`,
  )
  if (headers['Transfer-Encoding']) socket.write('200000\r\n')
  socket.write(Buffer.alloc(sent))
  return state
}

it.each(['Content-Length', 'Transfer-Encoding'])(
  'a client that disconnects during an upload releases its buffer (%s)',
  async (framing) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      [framing]: framing === 'Content-Length' ? `${2 * MIB}` : 'chunked',
    }
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const uploads = [open(headers, MIB), open(headers, MIB)]
      await wait(300)
      expect(await put('/api/users/me/avatar', 2 * MIB, { as: token }), 'two are under way').toBe(
        503,
      )
      for (const { socket } of uploads) socket[leave]()
      await wait(300)
      expect(await put('/api/users/me/avatar', 2 * MIB, { as: token }), leave).toBe(415)
    }
  },
)

it('a request after a refused body on the same connection is answered', async () => {
  const next = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const state = open({ 'Content-Length': `${2 * MIB}` }, 2 * MIB)
  state.socket.write(next)
  await new Promise((done) => state.socket.on('close', done))
  expect(state.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
})

it('Expect: 100-continue → the refusal at once, before the body', async () => {
  const state = open({ 'Content-Length': `${2 * MIB}`, Expect: '100-continue' }, 0)
  await expect.poll(() => state.text, { timeout: 5000 }).toMatch(/^HTTP\/1\.1 401/)
  state.socket.destroy()
})
