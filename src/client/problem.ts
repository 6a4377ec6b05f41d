/** The error of this client: a sentence for a person, and a code for programs. */
import type { Problem, ProblemCode } from './api'

/**
 * A code of the API, or one of the client's own (status 0 where no answer could be read):
 * `offline`, `origin-not-allowed`, `unexpected-response`.
 */
export type Code =
  | ProblemCode
  | 'offline'
  | 'origin-not-allowed'
  | 'unexpected-response'
  | (string & {})

/** A problem document (RFC 9457 §3.1) as far as it could be read. */
export type ProblemBody = Partial<Problem> & { [member: string]: unknown }

interface Details {
  /** Seconds. */
  retryAfter?: number | undefined
  cause?: unknown
}

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  /** The HTTP status; 0 when no answer could be read. */
  readonly status: number
  /** The last part of the problem's `type`, such as `username-taken`. */
  readonly code: Code
  readonly title: string
  /**
   * The broken rule of each member of the request. It continues a sentence that begins with the
   * member's name: `must have at least 8 characters`.
   */
  readonly fields: Readonly<Record<string, string>>
  /** Seconds to wait before another try makes sense (`Retry-After`). */
  readonly retryAfter: number | undefined
  /** Names the request in the server's log. */
  readonly requestId: string | undefined
  /** The whole problem document, with members that only some problems have. */
  readonly body: Readonly<ProblemBody>

  constructor(status: number, body: ProblemBody, { retryAfter, cause }: Details = {}) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`, { cause })
    this.status = status
    this.code = codeOf(body) ?? 'unexpected-response'
    this.title = body.title ?? 'Something went wrong'
    this.fields = fieldsOf(body)
    this.retryAfter = retryAfter
    this.requestId = body.request_id
    this.body = body
  }
}

const codeOf = ({ type }: ProblemBody) => type?.split('/').pop()

function fieldsOf({ errors = [] }: ProblemBody): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (const { pointer, detail } of errors) fields[memberOf(pointer)] ??= detail
  return fields
}

/** `#/full_name` → `full_name` (RFC 6901 §6). */
const memberOf = (pointer: string) =>
  decode(pointer).replace(/^#\//, '').replaceAll('~1', '/').replaceAll('~0', '~')

function decode(text: string) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Sentences for a person, where the API's own are for developers. */
const WORDS: Partial<Record<ProblemCode, string>> = {
  unauthenticated: 'Sign in first.',
  'invalid-access-token': 'Your session has ended. Sign in again.',
}

const isText = (value: unknown) => typeof value === 'string'
const isTextOrAbsent = (value: unknown) => value === undefined || isText(value)
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Whether a body is a problem of this API, not the error of something in front of it. */
function isProblem(body: unknown): body is ProblemBody {
  if (!isObject(body)) return false
  const { type, title, detail, request_id, errors = [] } = body
  return (
    isText(type) &&
    [title, detail, request_id].every(isTextOrAbsent) &&
    Array.isArray(errors) &&
    errors.every((error) => isObject(error) && isText(error.pointer) && isText(error.detail))
  )
}

const isJson = ({ headers }: Response) => /[/+]json\b/i.test(headers.get('Content-Type') ?? '')

/** The JSON of a response; null: it has none. @throws ApiProblem when the connection breaks */
export async function readJson(response: Response): Promise<unknown> {
  if (!isJson(response)) return null
  try {
    return await response.json()
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error instanceof TypeError ? offline(error) : error
  }
}

export function offline(cause: unknown): ApiProblem {
  const detail = 'The server cannot be reached. Check the connection and try again.'
  return new ApiProblem(0, { type: 'offline', title: 'No connection', detail }, { cause })
}

/** Reads the problem from a failed response. */
export async function readProblem(response: Response): Promise<ApiProblem> {
  const { status } = response
  const retryAfter = secondsOf(response.headers.get('Retry-After'))
  const body = await readJson(response)
  if (isObject(body) && isText(body.error)) {
    // RFC 6749 §5.2: `/oauth/*` answers so.
    const { error, error_description: detail, ...rest } = body
    const title = 'OAuth error'
    const told = { ...rest, title, type: `${error}`, detail: `${detail ?? error}` }
    return new ApiProblem(status, told as ProblemBody, { retryAfter })
  }
  if (!isProblem(body)) return unexpected(response, { retryAfter })
  const detail = WORDS[codeOf(body) as ProblemCode] ?? body.detail
  return new ApiProblem(status, { ...body, ...(detail && { detail }) }, { retryAfter })
}

/** Seconds of `Retry-After`, which is a number or a date (RFC 9110 §10.2.3). */
function secondsOf(text: string | null): number | undefined {
  if (!text) return undefined
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

/** A response that is not the API's: the error page of a proxy, or another site's page. */
export function unexpected({ status, ok }: Response, details: Details = {}): ApiProblem {
  let detail = `The server answered ${status} in a form that this app cannot read.`
  if (ok) detail = 'The server answered with a page instead of data. Check the address of the API.'
  if (status === 429) detail = 'Too many requests. Wait a moment and try again.'
  if (status >= 500) detail = `The server is not available (${status}). Try again in a moment.`
  return new ApiProblem(status, { title: 'Unexpected response', detail }, details)
}

/** The JSON object of a good response. @throws ApiProblem for anything else */
export async function readObject(response: Response): Promise<Record<string, unknown>> {
  const body = await readJson(response)
  if (!isObject(body)) throw unexpected(response)
  return body
}
