// Load: so many connections ask one after the other, until a number of requests or a time is reached.
import { Agent, request } from 'node:http'

let addresses = 0
/**
 * Requests come from 256 clients in turn, enough for none to reach its limits. Not each from one of its own: Miniflare's rate limiter
 * looks through all clients of the minute whenever a new one comes.
 */
export const nextAddress = () => `10.0.0.${++addresses & 255}`

/**
 * One request.
 * @param {URL} url where the Worker listens
 * @param {{ method?: string, path: string, token?: string, json?: unknown, form?: Record<string, string>, headers?: object }} what
 * @returns {Promise<{ status: number, ms: number, headers: object, text: string }>} status 0: no answer
 */
export function send(url, { method = 'GET', path, token, json, form, headers }, agent) {
  const body = json ? JSON.stringify(json) : form && new URLSearchParams(form).toString()
  return new Promise((done) => {
    const start = performance.now()
    const outgoing = request(
      {
        host: url.hostname,
        port: url.port,
        method,
        path,
        agent,
        headers: {
          'CF-Connecting-IP': nextAddress(),
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && {
            'Content-Type': json ? 'application/json' : 'application/x-www-form-urlencoded',
            'Content-Length': Buffer.byteLength(body),
          }),
          ...headers,
        },
      },
      (answer) => {
        const chunks = []
        answer.on('data', (chunk) => chunks.push(chunk))
        answer.on('end', () =>
          done({
            status: answer.statusCode,
            ms: performance.now() - start,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
        answer.on('error', () => done(failed(start)))
      },
    )
    outgoing.on('error', () => done(failed(start)))
    outgoing.end(body)
  })
}
const failed = (start) => ({ status: 0, ms: performance.now() - start, headers: {}, text: '' })

/**
 * Load on one Worker.
 * @param {(n: number) => object} make the n-th request, as `send` takes it
 * @param {{ connections: number, requests: number, ms: number }} bounds whichever is reached first
 * @returns {Promise<{ times: number[], perSecond: number, statuses: Map<number, number> }>} times in milliseconds, sorted
 */
export async function load(url, make, { connections, requests, ms }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times = []
  const statuses = new Map()
  const start = performance.now()
  let sent = 0
  const connection = async () => {
    while (sent < requests && performance.now() - start < ms) {
      const answer = await send(url, make(sent++), agent)
      times.push(answer.ms)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
  const seconds = (performance.now() - start) / 1000
  agent.destroy()
  return { times: times.sort((a, b) => a - b), perSecond: times.length / seconds, statuses }
}
