/** Request bodies: their size and type are checked before anything else looks at them, their text once the caller is known. */
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from '../context'
import { problem } from './problem'

export const KIB = 1024
/** A body that is too large is read to its end up to here and thrown away: many clients see no answer before they have sent all of it. */
const DISCARDED_MAX = 16 * 1024 * KIB
/** Deeper JSON than this is nobody's honest request. */
const MAX_DEPTH = 32

/**
 * Answers 413 and throws 415, then keeps the bytes for `parseText`. The size is counted as the bytes arrive, since
 * `Content-Length` may be missing (chunked). With `optional`, no body at all is fine in any type.
 */
export function receiveBody(
  mediaTypes: readonly string[],
  maxBytes: number,
  optional = false,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const bytes = await readAtMost(c, maxBytes)
    if (!bytes)
      return problem(c, 'too-large', { detail: `The body may have at most ${maxBytes / KIB} KiB.` })
    const isAccepted = mediaTypes.includes(mediaType(c)) && hasSoundParameters(c)
    if (!(optional && bytes.length === 0) && !isAccepted) {
      throw new HTTPException(415, { message: `Send the body as ${mediaTypes.join(' or ')}.` })
    }
    const coding = c.req.header('Content-Encoding')?.trim().toLowerCase() ?? ''
    if (bytes.length > 0 && coding !== '' && coding !== 'identity') {
      throw new HTTPException(415, { message: 'Send the body without a Content-Encoding.' })
    }
    // hono keeps promises here, whatever its type says.
    c.req.bodyCache.arrayBuffer = Promise.resolve(bytes.buffer) as never
    return next()
  }
}

/** The type of the body without its parameters, in lower case. */
export const mediaType = (c: Context) =>
  (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Parameters as RFC 9110 §5.6.6 writes them; hono reads no body of a type that ends in a semicolon. */
const hasSoundParameters = (c: Context) =>
  /^[^;]*(?:;\s*[\w!#$%&'*+.^`|~-]+=[^;]+)*$/.test(c.req.header('Content-Type') ?? '')

/** The body, or null when it is larger. */
async function readAtMost(c: Context, max: number): Promise<Uint8Array | null> {
  const body = c.req.raw.body
  if (Number(c.req.header('Content-Length') ?? 0) > DISCARDED_MAX) return null
  if (!body) return new Uint8Array()
  // No more than this can come (RFC 9112 §6.3): workerd shows no Content-Length beside a Transfer-Encoding. Half the time of chunks.
  const length = c.req.header('Content-Length')
  if (length !== undefined && Number(length) <= max)
    return new Uint8Array(await c.req.raw.arrayBuffer())
  let chunks: Uint8Array[] = []
  let size = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > DISCARDED_MAX) {
      await reader.cancel().catch(() => undefined)
      return null
    }
    if (size <= max) chunks.push(value)
    else chunks = []
  }
  if (size > max) return null
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
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
