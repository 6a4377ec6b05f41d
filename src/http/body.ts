/** Request bodies: what their headers tell is checked first; they are kept only once limit and caller are known. */
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from '../context'
import { reserveBuffer } from './body-buffer'
import { declaredLength, drainBody, KIB, readBody, uploadTimeMs } from './body-reader'
import { problem } from './problem'

/** Milliseconds that a handler may work on a large body, before its room counts as free. */
const HANDLER_MS = 10_000
/** Deeper JSON than this is nobody's honest request. */
const MAX_DEPTH = 32

/** What a route takes: types, bytes at most, and whether no body at all, of any type, is fine too. */
export interface BodyRules {
  mediaTypes: readonly string[]
  maxBytes: number
  optional: boolean
}

/** Answers 413, which comes before all that follows: by `Content-Length`, or, of a chunked body that was refused unread, by counting what comes of it. */
export function bodyLimit({ maxBytes }: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const length = declaredLength(c)
    if (length !== undefined && length > maxBytes) return tooLarge(c, maxBytes)
    await next()
    if (length === undefined && (await drainBody(c)) > maxBytes) {
      const answer = tooLarge(c, maxBytes)
      // hono hands on the headers of the answer before.
      for (const name of ['Retry-After', 'WWW-Authenticate']) answer.headers.delete(name)
      c.res = undefined
      c.res = answer
    }
    return
  }
}

/** Throws 415 by the headers; not for optional bodies, since no body at all needs no type. */
export function requireContentType({ mediaTypes }: BodyRules): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    requireType(c, mediaTypes)
    return next()
  }
}

/**
 * Reads the body for `readText` and the handler. Answers 408 when it comes too slowly, 413 when a chunked one is too large, and 503 when there is no
 * room for another large one; throws 400 when it does not come whole.
 */
export function bufferBody({
  mediaTypes,
  maxBytes,
  optional,
}: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    let leave = () => {}
    const enter = (bytes: number) => {
      const now = Date.now()
      // Only routes that know their caller take large bodies.
      const userId = c.get('caller')?.userId ?? 0
      const lease = reserveBuffer(userId, bytes, now, now + uploadTimeMs(bytes) + HANDLER_MS)
      if (lease) leave = lease
      return lease !== null
    }
    try {
      const body = await readBody(c, maxBytes, enter)
      switch (body) {
        case 'too-large':
          return tooLarge(c, maxBytes)
        case 'no-room': {
          const detail = 'Too many large bodies at once. Try again in a moment.'
          return problem(c, 'busy', { detail, retryAfter: 1 })
        }
        case 'late':
          return problem(c, 'request-timeout')
        case 'broken':
          throw new HTTPException(400, { message: 'The body did not come whole. Send it again.' })
      }
      if (optional && body.byteLength > 0) requireType(c, mediaTypes)
      // hono keeps promises here, whatever its type says.
      c.req.bodyCache.arrayBuffer = Promise.resolve(body) as never
      return await next()
    } finally {
      leave()
    }
  }
}

const tooLarge = (c: Context, maxBytes: number) =>
  problem(c, 'too-large', { detail: `The body may have at most ${maxBytes / KIB} KiB.` })

/** The type of the body without its parameters, in lower case. */
export const mediaType = (c: Context) =>
  (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Parameters as RFC 9110 §5.6.6 writes them; hono reads no body of a type that ends in a semicolon. */
const hasSoundParameters = (c: Context) =>
  /^[^;]*(?:;\s*[\w!#$%&'*+.^`|~-]+=[^;]+)*$/.test(c.req.header('Content-Type') ?? '')

/** @throws HTTPException 415 */
function requireType(c: Context, mediaTypes: readonly string[]) {
  if (!mediaTypes.includes(mediaType(c)) || !hasSoundParameters(c))
    throw new HTTPException(415, { message: `Send the body as ${mediaTypes.join(' or ')}.` })
  const coding = c.req.header('Content-Encoding')?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity')
    throw new HTTPException(415, { message: 'Send the body without a Content-Encoding.' })
}

/** The received body as text; ill-formed UTF-8 is refused, since it would turn different secrets into the same U+FFFD. @throws HTTPException 400 */
export async function readText(c: Context): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      await c.req.arrayBuffer(),
    )
  } catch {
    throw new HTTPException(400, { message: 'The body is not well-formed UTF-8.' })
  }
}

/** Answers 400 for what is not UTF-8 or nested too deep; what is not JSON is found by the validator. An empty optional body reads as `{}`. */
export function parseJson(optional = false): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const text = await readText(c)
    if (isTooDeep(text)) {
      throw new HTTPException(400, {
        message: `The JSON is nested deeper than ${MAX_DEPTH} levels.`,
      })
    }
    c.req.bodyCache.text = Promise.resolve(optional && text === '' ? '{}' : text) as never
    return next()
  }
}

/** Counts brackets outside of strings, without parsing, so that depth costs nothing. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const ch = text.charCodeAt(i)
    if (inString) {
      if (ch === 92) i++
      else if (ch === 34) inString = false
    } else if (ch === 34) inString = true
    else if (ch === 123 || ch === 91) {
      if (++depth > MAX_DEPTH) return true
    } else if (ch === 125 || ch === 93) depth--
  }
  return false
}
