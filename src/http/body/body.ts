/**
 * Request bodies: headers are checked first; a body is buffered once its client passed the rate
 * limit.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AnyContext, AppEnv } from '../../context'
import { problem } from '../problem'
import { clientKey } from '../rate-limit'
import { reserveBuffer, SMALL_BODY_BYTES } from './buffer'
import { declaredLength, drainBody, KIB, readBody, uploadTimeMs } from './reader'

/** Milliseconds for which a handler may hold its body before the reservation expires. */
const HANDLER_MS = 10_000
/** Maximum JSON nesting depth. */
const MAX_DEPTH = 32

/** The rules of a body: media types, maximum bytes, and whether it may be absent. */
export interface BodyRules {
  mediaTypes: readonly string[]
  maxBytes: number
  optional: boolean
}

/**
 * Responds 413 before all later checks: by `Content-Length`, or, for a chunked body that was
 * rejected unread, by counting what arrives while it is drained.
 */
export function bodyLimit({ maxBytes }: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const length = declaredLength(c)
    if (length !== undefined && length > maxBytes) return tooLarge(c, maxBytes)
    await next()
    if (length === undefined && (await drainBody(c)) > maxBytes) {
      const answer = tooLarge(c, maxBytes)
      // hono copies the headers of the previous response.
      for (const name of ['Retry-After', 'WWW-Authenticate']) answer.headers.delete(name)
      c.res = undefined
      c.res = answer
    }
    return
  }
}

/** Throws 415 by the headers. An optional body that is absent needs no type. */
export function requireContentType({ mediaTypes, optional }: BodyRules): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    if (!optional || declaredLength(c) !== 0) requireType(c, mediaTypes)
    return next()
  }
}

/** The client that a buffered body counts against. */
function clientOf(c: Context<AppEnv>): string {
  const userId = c.get('caller')?.userId
  return userId ? `user:${userId}` : `address:${clientKey(c.req.header('CF-Connecting-IP'))}`
}

/** A reservation that grows with the body: a larger one replaces the former. */
function reservation(c: Context<AppEnv>) {
  let release = () => {}
  return {
    reserve(bytes: number): boolean {
      release()
      const now = Date.now()
      const lease = reserveBuffer(clientOf(c), bytes, now, now + uploadTimeMs(bytes) + HANDLER_MS)
      release = lease ?? (() => {})
      return lease !== null
    },
    release: () => release(),
  }
}

/**
 * Buffers the body for `readText` and the handler. Responds 408 when it arrives too slowly, 413
 * when a chunked one is too large, and 503 when the buffer is full; throws 400 when it is
 * incomplete.
 */
export function bufferBody({ maxBytes }: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { reserve, release } = reservation(c)
    try {
      const body = await readBody(c, maxBytes, reserve)
      switch (body) {
        case 'too-large':
          return tooLarge(c, maxBytes)
        case 'buffer-full':
          return bufferFull(c, maxBytes)
        case 'late':
          return problem(c, 'request-timeout')
        case 'broken':
          throw new HTTPException(400, { message: 'The body is incomplete. Send it again.' })
      }
      presetBody(c, { arrayBuffer: Promise.resolve(body) })
      return await next()
    } finally {
      release()
    }
  }
}

const bufferFull = (c: AnyContext, maxBytes: number) =>
  problem(c, 'busy', {
    detail: `Too many ${maxBytes > SMALL_BODY_BYTES ? 'large bodies' : 'requests'} at once. Try again in a moment.`,
    retryAfter: 1,
  })

/**
 * Sets what `c.req` returns as its body. hono keeps promises there, which its type does not say.
 */
export const presetBody = (
  c: Context,
  parts: { arrayBuffer?: Promise<ArrayBuffer>; text?: Promise<string>; formData?: FormData },
) => Object.assign(c.req.bodyCache, parts)

const tooLarge = (c: AnyContext, maxBytes: number) =>
  problem(c, 'too-large', { detail: `The body may have at most ${maxBytes / KIB} KiB.` })

/** The media type of the body without its parameters, in lower case. */
export const mediaType = (c: Context) =>
  (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** `parameters` of RFC 9110 §5.6.6: empty ones and white space around `;` are allowed. */
const PARAMETERS = /^(?:;[ \t]*(?:[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[^"]*")[ \t]*)?)*$/

const hasValidParameters = (c: Context) => {
  const header = c.req.header('Content-Type') ?? ''
  const semicolon = header.indexOf(';')
  return semicolon < 0 || PARAMETERS.test(header.slice(semicolon))
}

/** @throws HTTPException 415 */
function requireType(c: Context, mediaTypes: readonly string[]) {
  if (!mediaTypes.includes(mediaType(c)) || !hasValidParameters(c))
    throw new HTTPException(415, { message: `Send the body as ${mediaTypes.join(' or ')}.` })
  const coding = c.req.header('Content-Encoding')?.trim().toLowerCase() ?? ''
  if (coding !== '' && coding !== 'identity')
    throw new HTTPException(415, { message: 'Send the body without a Content-Encoding.' })
  if (!COMMON_TYPE.test(c.req.header('Content-Type') ?? '')) dropParameters(c)
}

/** The parameters that hono's validator accepts. */
const COMMON_TYPE = /^[\w/.+-]+(?:; ?charset=utf-8)?$/i

/** Removes the parameters of the Content-Type, which have no meaning here. */
function dropParameters(c: Context) {
  const headers = new Headers(c.req.raw.headers)
  headers.set('Content-Type', mediaType(c))
  c.req.raw = new Request(c.req.raw, { headers })
}

/**
 * The received body as text. Ill-formed UTF-8 is rejected: decoding would map different secrets to
 * the same U+FFFD.
 * @throws HTTPException 400
 */
export async function readText(c: Context): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      await c.req.arrayBuffer(),
    )
  } catch {
    throw new HTTPException(400, { message: 'The body is not well-formed UTF-8.' })
  }
}

/**
 * Responds 400 for text that is not UTF-8 or is nested too deep; the validator finds malformed
 * JSON. An empty optional body reads as `{}`.
 */
export function parseJson(optional = false): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const text = await readText(c)
    if (isTooDeep(text)) {
      throw new HTTPException(400, {
        message: `The JSON is nested deeper than ${MAX_DEPTH} levels.`,
      })
    }
    presetBody(c, { text: Promise.resolve(optional && text === '' ? '{}' : text) })
    return next()
  }
}

/** Counts brackets outside strings, without parsing. */
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
