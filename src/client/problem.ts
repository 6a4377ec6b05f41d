/** What a failed request becomes: an error that says, in words for a person, what went wrong and at which field (RFC 9457). */

interface ProblemBody {
  type?: string
  title?: string
  detail?: string
  request_id?: string
  errors?: { pointer: string; detail: string }[]
}

/** `code` is the last part of the problem's `type`, e.g. `username-taken`; `offline` (status 0) when no answer came at all. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly title: string
  /** By member of the request: what is wrong there, reading on from its name (`must have at least 8 characters`). */
  readonly fields: Readonly<Record<string, string>>
  /** Seconds until another try makes sense (`Retry-After`). */
  readonly retryAfter: number | undefined
  readonly requestId: string | undefined

  constructor(
    status: number,
    body: ProblemBody,
    retryAfter?: number | undefined,
    options?: ErrorOptions,
  ) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`, options)
    this.status = status
    this.code = body.type?.split('/').pop() || 'unknown'
    this.title = body.title ?? 'Something went wrong'
    this.requestId = body.request_id
    this.retryAfter = retryAfter
    const fields: Record<string, string> = Object.create(null)
    for (const { pointer, detail } of body.errors ?? []) fields[member(pointer)] ??= detail
    this.fields = fields
  }
}

/** `#/full_name` → `full_name` (RFC 6901 §6). */
const member = (pointer: string) =>
  decodeURIComponent(pointer).replace(/^#\//, '').replaceAll('~1', '/').replaceAll('~0', '~')

export async function readProblem(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get('Content-Type')?.includes('json')
  const body = isProblem ? ((await response.json().catch(() => ({}))) as ProblemBody) : {}
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return new ApiProblem(response.status, body, Number.isFinite(seconds) ? seconds : undefined)
}

/** `fetch`, but no answer at all is an ApiProblem too; an abort stays what it is. */
export async function reach(
  fetch: typeof globalThis.fetch,
  url: RequestInfo | URL,
  init: RequestInit,
): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    const title = 'No connection'
    const detail = 'The server cannot be reached. Check the connection and try again.'
    throw new ApiProblem(0, { type: '/problems/offline', title, detail }, undefined, { cause })
  }
}
