/**
 * The HTTP client of the tests: requests to the Worker, each from an IP address of its own by
 * default.
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import worker from '../../src'
import { checkAnswer, ORIGIN } from './openapi'

export { ORIGIN }

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
  cookie?: string | undefined
  /** The location of the client according to Cloudflare. */
  cf?: { city?: string; country?: string; colo?: string }
}

let addresses = 0
/** An IPv4 address that no other request of this run has, so that edge limits are separate. */
export const freshAddress = () => {
  const n = ++addresses + 0x0a000000
  return [n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255].join('.')
}

function request(method: string, path: string, options: Call) {
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
  const cf = options.cf && ({ cf: options.cf } as RequestInit)
  return new Request(new URL(path, ORIGIN), { method, headers, body, redirect: 'manual', ...cf })
}

/**
 * Asks the Worker. Each answer is checked against `/openapi.json` and the promises of the contract;
 * a broken one fails the test.
 */
export async function call(method: string, path: string, options: Call = {}): Promise<Response> {
  const asked = request(method, path, options)
  const { headers } = asked
  const response = await exports.default.fetch(asked)
  await checkAnswer({ method, path, headers }, response)
  return response
}

/**
 * A `call` to a Worker with other vars, secrets or bindings on the same database; undefined takes
 * one away.
 */
export function workerWith(settings: Record<string, unknown>): typeof call {
  const bindings = { ...env, ...settings } as Env
  return async (method, path, options = {}) => {
    const asked = request(method, path, options)
    const { headers } = asked
    const context = createExecutionContext()
    const response = await worker.fetch(asked, bindings, context)
    await checkAnswer({ method, path, headers }, response)
    await waitOnExecutionContext(context)
    return response
  }
}

/** The D1 round trips that an answer says it took. */
export const trips = (response: Response) =>
  Number(/trips=(\d+)/.exec(response.headers.get('Server-Timing') ?? '')?.[1] ?? Number.NaN)
