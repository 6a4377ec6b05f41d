// `npm run test:hostile [n] [address]`: sends every n-th of the hostile requests, all by default,
// over real sockets to the built Worker (or to the address given, such as that of `npm run dev`),
// and fails for any answer of 500 or more, any hang, and any error of the API that is not JSON.
import { connect } from 'node:net'
import { build } from '../../bench/build.mjs'
import { start } from '../../bench/server.mjs'
import { FORM_TYPE, hostileRequests, JSON_TYPE } from './corpus.ts'

const HANG_MS = 5000
/** Below the limit of the hash queue, so that a 503 is a fault. */
const AT_ONCE = 6

/** The bytes of a request as it is given, chunked or not. */
function* bytesOf(url, { method, path, chunked, body = '', ...attack }, more) {
  const bytes = Buffer.from(body)
  const headers = { Host: url.host, Connection: 'close', ...more, ...attack.headers }
  if (chunked) headers['Transfer-Encoding'] = 'chunked'
  else if (bytes.length > 0) headers['Content-Length'] ??= `${bytes.length}`
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}\r\n`)
  yield Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  if (!chunked) return yield bytes
  for (let at = 0; at < bytes.length; at += 65_536) {
    const chunk = bytes.subarray(at, at + 65_536)
    yield Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ])
  }
  yield Buffer.from('0\r\n\r\n')
}

/**
 * The answer as far as it has come, or null: it is whole when its length, its last chunk or the end
 * of its head says so.
 */
function readAnswer(text, method) {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = text.slice(0, end)
  const body = text.slice(end + 4)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  if (status === 100) return readAnswer(body, method)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  const isWhole =
    method === 'HEAD' ||
    [204, 304].includes(status) ||
    (length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length))
  return { status, head, body, isWhole }
}

/** One request over a socket of its own; rejects after `HANG_MS` without a whole answer. */
function exchange(url, attack, more) {
  return new Promise((answered, failed) => {
    const socket = connect(Number(url.port), url.hostname)
    const received = []
    const read = () => readAnswer(Buffer.concat(received).toString('latin1'), attack.method)
    const end = (settle, value) => {
      clearTimeout(timer)
      socket.destroy()
      settle(value)
    }
    const timer = setTimeout(
      () => end(failed, new Error(`no answer within ${HANG_MS} ms`)),
      HANG_MS,
    )
    socket.on('data', (data) => {
      received.push(data)
      const answer = read()
      if (answer?.isWhole) end(answered, answer)
    })
    // The Worker answers before it has read 10 MB, and closes: that may reset what is still being
    // sent.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      const answer = read()
      if (answer) end(answered, answer)
      else
        end(
          failed,
          new Error(`closed without an answer: ${Buffer.concat(received).subarray(0, 100)}`),
        )
    })
    for (const bytes of bytesOf(url, attack, more)) socket.write(bytes)
  })
}

const address = (n) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`

/** An access token of a new user, whose password is not in the corpus. */
async function mallory(url) {
  const username = `m${Date.now().toString(36)}${Math.floor(Math.random() * 1e6)}`
  const password = `${username} and no other`
  const post = (path, type, body) =>
    fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'Content-Type': type, 'CF-Connecting-IP': username },
      body,
    })
  await post(
    '/api/users',
    JSON_TYPE,
    JSON.stringify({ username, email: `${username}@example.com`, password }),
  )
  const answer = await post(
    '/api/users/token',
    FORM_TYPE,
    `${new URLSearchParams({ username, password })}`,
  )
  return (await answer.json()).access_token
}

function faultOf({ path, method }, { status, head, body }) {
  // workerd itself refuses methods that it does not know, and CONNECT, before a Worker sees them;
  // in production Cloudflare's edge does.
  const refusedByRuntime = status === 501 || (status === 500 && method === 'CONNECT')
  if (refusedByRuntime && !/^x-request-id:/im.test(head)) return null
  if (status >= 500) return `status ${status}`
  const isOurs = /^\/(?:api|oauth)\//.test(path) && /^x-request-id:/im.test(head)
  const type = /^content-type: *([^;\r]*)/im.exec(head)?.[1] ?? ''
  if (isOurs && type.includes('html')) return 'HTML'
  if (isOurs && status >= 400 && method !== 'HEAD' && !type.includes('json'))
    return `an error as ${type}`
  // A stack frame begins a line, which JSON escapes.
  if (/\$argon2|(?:\\n|\n)\s+at [\w.]+ \(|D1_ERROR|SQLITE/.test(body)) return 'the inside shows'
  return null
}

/** For authenticator apps; without it their routes respond 503. */
const DATA_KEYS = 'tests-only-hR4vK2xQ9mT7bW3nZ8cY5fL1pJ6dS0gE'

const [, , stride = '1', given] = process.argv
const server = given
  ? { url: new URL(given), stop: () => undefined }
  : await start((await build()).gatepost, { bindings: { DATA_KEYS } })
const { url } = server
const started = performance.now()
let token = await mallory(url)
const statuses = {}
const faults = []
let sent = 0
let slowest = 0
const api = await (await fetch(new URL('/openapi.json', url))).json()
const list = [...hostileRequests(api)].filter((_, n) => n % Number(stride) === 0).values()

async function attacker() {
  for (const attack of list) {
    const n = ++sent
    if (n % 2000 === 0) {
      token = await mallory(url)
      console.log(`${n} sent, ${faults.length} faults`)
    }
    const more = {
      'CF-Connecting-IP': address(n),
      ...(n % 5 > 0 && { Authorization: `Bearer ${token}` }),
    }
    const line = `${attack.about}: ${attack.method} ${attack.path.slice(0, 120)} ${String(attack.body ?? '').slice(0, 120)}`
    const start = performance.now()
    try {
      const answer = await exchange(url, attack, more)
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const fault = faultOf(attack, answer)
      if (fault) faults.push(`${fault}: ${line}\n  ${answer.body.slice(0, 300)}`)
    } catch (error) {
      faults.push(`${error.message}: ${line}`)
    }
    slowest = Math.max(slowest, performance.now() - start)
  }
}

// One iterator, many hands.
await Promise.all(Array.from({ length: AT_ONCE }, attacker))
const ready = await fetch(new URL('/ready', url)).catch((error) => error)
await server.stop()
const seconds = Math.round((performance.now() - started) / 1000)
console.log(
  `${sent} hostile requests in ${seconds} s, the slowest ${Math.round(slowest)} ms: ${faults.length} faults; statuses ${JSON.stringify(statuses)}; afterwards /ready answers ${ready.status ?? ready}`,
)
for (const fault of faults.slice(0, 50)) console.log(fault)
process.exitCode = faults.length > 0 || !ready.ok ? 1 : 0
