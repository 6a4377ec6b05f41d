/** The door that every test of the API goes through: HTTP to the Worker, each request from an address of its own unless told. */
import { exports } from 'cloudflare:workers'

export const ORIGIN = 'http://localhost:8787'

export interface Call {
  /** Access token. */
  token?: string | undefined
  /** Sent as JSON. */
  json?: unknown
  /** Sent as `application/x-www-form-urlencoded`. */
  form?: Record<string, string> | [string, string][]
  /** Sent as it is. */
  body?: BodyInit
  headers?: Record<string, string>
  cookie?: string
}

let addresses = 0
/** An IPv4 address that no other request of this run came from, so that edge limits do not meet. */
export const freshAddress = () => {
  const n = ++addresses + 0x0a000000
  return [n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255].join('.')
}

export async function call(method: string, path: string, options: Call = {}): Promise<Response> {
  const headers = new Headers({ 'CF-Connecting-IP': freshAddress() })
  let body: BodyInit | null = options.body ?? null
  if (options.json !== undefined) {
    headers.set('Content-Type', 'application/json')
    body = JSON.stringify(options.json)
  }
  if (options.form) {
    headers.set('Content-Type', 'application/x-www-form-urlencoded')
    body = new URLSearchParams(options.form).toString()
  }
  if (options.token) headers.set('Authorization', `Bearer ${options.token}`)
  if (options.cookie) headers.set('Cookie', options.cookie)
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
  return exports.default.fetch(new URL(path, ORIGIN), { method, headers, body, redirect: 'manual' })
}

/** The D1 round trips that an answer says it took. */
export const trips = (response: Response) =>
  Number(/trips=(\d+)/.exec(response.headers.get('Server-Timing') ?? '')?.[1] ?? Number.NaN)
