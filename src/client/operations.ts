/** Calls of any operation by its name, `METHOD /path`, with the types of the OpenAPI document. */
import type { Operations } from './api'
import { readJson, readProblem, unexpected } from './problem'

export interface RequestOptions {
  /** Ends the request; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Sends no access token, and does not wait for the session to start. For public reads. */
  anonymous?: boolean | undefined
  /** The credentials mode of `fetch`. Default: `same-origin`, or `omit` if `anonymous` is set. */
  credentials?: RequestCredentials | undefined
}

/** The input of an operation: those of `path`, `query`, `headers`, `body`, `form` that it has. */
export type InputOf<K extends keyof Operations> = Omit<Operations[K], 'answer'>
/** The value that an operation resolves to. */
export type AnswerOf<K extends keyof Operations> = Operations[K]['answer']
export type QueryOf<K extends keyof Operations> = Operations[K] extends { query?: infer Query }
  ? NonNullable<Query>
  : never
export type BodyOf<K extends keyof Operations> = Operations[K] extends { body: infer Body }
  ? Body
  : undefined

/** The values of an operation's path, by name. */
export type PathValues = Record<string, string | number>

/** The last argument of a call, which may be left out where everything in it is optional. */
export type Arguments<K extends keyof Operations> =
  object extends InputOf<K>
    ? [options?: InputOf<K> & RequestOptions]
    : [options: InputOf<K> & RequestOptions]

/** A good response. */
export interface Reply<Body> {
  status: number
  headers: Headers
  body: Body
}

/** The input of any operation, for code that does not know which one it is. */
interface AnyInput extends RequestOptions {
  path?: PathValues
  query?: Record<string, unknown>
  headers?: Record<string, string | undefined>
  body?: unknown
  form?: Record<string, string | undefined>
}

export type Send = (address: string, init?: RequestInit) => Promise<Response>

/** `/api/posts/{id}` → `/api/posts/7`. A segment of dots would name another operation. */
export function fillPath(template: string, values: PathValues = {}): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(values[name] ?? '')
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`path.${name} must be an id, got "${value}"`)
    return encodeURIComponent(value)
  })
}

/** The members that have a value, as texts; a list has its name once for each item. */
function present(values: Record<string, unknown> = {}): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    [value]
      .flat()
      .filter((item) => item !== undefined && item !== null)
      .map((item): [string, string] => [name, String(item)]),
  )
}

function bodyOf({ body, form }: AnyInput): { body?: BodyInit; type?: string } {
  if (form) return { body: new URLSearchParams(present(form)) }
  if (body === undefined || body instanceof Blob) return { ...(body && { body }) }
  return { body: JSON.stringify(body), type: 'application/json' }
}

/** @throws ApiProblem for a page where data was due */
async function readBody(response: Response): Promise<unknown> {
  const type = response.headers.get('Content-Type') ?? ''
  if (response.status === 204 || !type) return undefined
  if (/json/.test(type)) {
    const body = await readJson(response)
    if (body === null) throw unexpected(response)
    return body
  }
  if (/html/.test(type)) throw unexpected(response)
  return response.blob()
}

/** Both send the access token, unless a call is anonymous. */
export function callOperations(authorized: Send, anonymous: Send) {
  async function request<K extends keyof Operations>(
    operation: K,
    ...options: Arguments<K>
  ): Promise<Reply<AnswerOf<K>>> {
    const input: AnyInput = options[0] ?? {}
    const [method = '', template = ''] = operation.split(' ')
    const query = new URLSearchParams(present(input.query)).toString()
    const address = fillPath(template, input.path) + (query && `?${query}`)
    const { body, type } = bodyOf(input)
    const headers = new Headers(present(input.headers))
    if (type) headers.set('Content-Type', type)
    const send = input.anonymous ? anonymous : authorized
    const response = await send(address, {
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(input.signal && { signal: input.signal }),
      ...(input.credentials && { credentials: input.credentials }),
    })
    if (!response.ok) throw await readProblem(response)
    const { status } = response
    // The document says what the body is; test/client compares the two.
    return { status, headers: response.headers, body: (await readBody(response)) as AnswerOf<K> }
  }

  async function fetch<K extends keyof Operations>(
    operation: K,
    ...options: Arguments<K>
  ): Promise<AnswerOf<K>> {
    return (await request(operation, ...options)).body
  }
  return {
    /** Any operation by its name; resolves to status, headers and body. @throws ApiProblem */
    request,
    /** Any operation by its name; resolves to the body. @throws ApiProblem */
    fetch,
  }
}
export type Calls = ReturnType<typeof callOperations>
