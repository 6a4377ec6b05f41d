// @ts-check
// HTTP load: each connection sends one request after the other, until a number of requests or a
// time is reached.
import { Agent, request } from 'node:http'
import { addUp } from './numbers.mjs'

let addresses = 0
/**
 * Returns the client address of the next request: 256 addresses in rotation, enough to stay below
 * every limit. A new address per request would be slow, because Miniflare's rate limiter scans all
 * clients of the minute for each new one.
 */
export const nextAddress = () => `10.0.0.${++addresses & 255}`

/**
 * @typedef {{ method?: string, path: string, token?: string, json?: unknown, form?: Record<string,
 *   string>, headers?: object, onResponse?: (response: Response) => void }} What a request
 * @typedef {{ status: number, ms: number, headers: import('node:http').IncomingHttpHeaders, text:
 *   string }} Response status 0 means no response; ms is milliseconds
 */

/**
 * Sends one request and reads the whole response.
 * @param {URL} url the address of the Worker
 * @param {What} what
 * @param {Agent} [agent]
 * @returns {Promise<Response>}
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
        const chunks = /** @type {Buffer[]} */ ([])
        answer.on('data', (chunk) => chunks.push(chunk))
        answer.on('end', () =>
          done({
            status: answer.statusCode ?? 0,
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
/** @param {number} start @returns {Response} */
const failed = (start) => ({ status: 0, ms: performance.now() - start, headers: {}, text: '' })

/**
 * Loads one Worker.
 * @param {URL} url
 * @param {(n: number) => What} make returns the n-th request
 * @param {{ connections: number, requests: number, ms: number }} bounds the first one reached ends
 *   the load
 * @returns {Promise<{ times: number[], perSecond: number, statuses: Map<number, number> }>} times
 *   are sorted milliseconds
 */
export async function load(url, make, bounds) {
  const { connections, requests, ms } = bounds
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times = /** @type {number[]} */ ([])
  const statuses = new Map()
  const start = performance.now()
  let sent = 0
  const connection = async () => {
    while (sent < requests && performance.now() - start < ms) {
      const what = make(sent++)
      const answer = await send(url, what, agent)
      what.onResponse?.(answer)
      times.push(answer.ms)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
  const seconds = (performance.now() - start) / 1000
  agent.destroy()
  return { times: times.sort((a, b) => a - b), perSecond: times.length / seconds, statuses }
}

/**
 * Sends the same request every 25 ms, without waiting for earlier responses. The returned function
 * ends it.
 * @param {URL} url
 * @param {What} what
 * @returns {() => Promise<{ times: number[], statuses: Map<number, number> }>} times are sorted
 *   milliseconds
 */
export function steadyReader(url, what) {
  const agent = new Agent({ keepAlive: true })
  const responses = /** @type {Promise<Response>[]} */ ([])
  const timer = setInterval(() => responses.push(send(url, what, agent)), 25)
  return async () => {
    clearInterval(timer)
    const all = await Promise.all(responses)
    agent.destroy()
    return {
      times: all.map(({ ms }) => ms).sort((a, b) => a - b),
      statuses: addUp(
        new Map(),
        all.map(({ status }) => [status, 1]),
      ),
    }
  }
}
