/** Request bodies: what their headers tell is checked first; they are kept only once limit and caller are known. */
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from '../context'
import { takeRoom } from './body-room'
import { problem } from './problem'

export const KIB = 1024
/** Up to here a body is small, and needs no room of its own. */
const SMALL = 64 * KIB
/** Bytes a second at which a body must come, on the whole, and the milliseconds that it may take beside: 2 MiB have 74 s. Who stalls is given up after these. */
const PACE = 32 * KIB
const GRACE_MS = 10_000
const timeFor = (bytes: number) => GRACE_MS + (bytes / PACE) * 1000
/** Milliseconds that a handler may work on a large body, before its room counts as free. */
const HANDLER_MS = 10_000
/** A body that nobody wants is read up to here and thrown away: many clients see no answer before they have sent all of it. */
const DISCARDED_MAX = 16 * 1024 * KIB
/** Deeper JSON than this is nobody's honest request. */
const MAX_DEPTH = 32

/** What a route takes: types, bytes at most, and whether no body at all, of any type, is fine too. */
export interface BodyRules {
  mediaTypes: readonly string[]
  maxBytes: number
  optional: boolean
}

/** Answers 413, which comes before all that follows: by `Content-Length`, or, of a chunked body that was refused unread, by counting it to its end. */
export function checkSize({ maxBytes }: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const length = declaredLength(c)
    if (length !== undefined && length > maxBytes) return tooLarge(c, maxBytes)
    await next()
    if (length === undefined && (await discardBody(c)) > maxBytes) {
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
export function checkType({ mediaTypes }: BodyRules): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    requireType(c, mediaTypes)
    return next()
  }
}

/**
 * Reads the body for `readText` and the handler. Answers 408 when it comes too slowly, 413 when a chunked one is too large, and 503 when there is no
 * room for another large one; throws 400 when it does not come whole.
 */
export function keepBody({ mediaTypes, maxBytes, optional }: BodyRules): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    let leave = () => {}
    const enter = (bytes: number) => {
      const now = Date.now()
      // Only routes that know their caller take large bodies.
      const userId = c.get('caller')?.userId ?? 0
      const lease = takeRoom(userId, bytes, now, now + timeFor(bytes) + HANDLER_MS)
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

/** Reads what nobody has read of a body, as far as that makes sense, and keeps nothing. @returns the bytes read */
export async function discardBody(c: Context): Promise<number> {
  const { body, bodyUsed } = c.req.raw
  if (!body || bodyUsed || (declaredLength(c) ?? 0) > DISCARDED_MAX) return 0
  let size = 0
  await readChunks(body, (chunk) => {
    size += chunk.length
  })
  return size
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

/** The size of the body as `Content-Length` tells it, 0 without a body; undefined if only its end will tell. No more than this can come (RFC 9112 §6.3). */
function declaredLength(c: Context): number | undefined {
  // workerd shows none beside a Transfer-Encoding.
  const length = c.req.header('Content-Length')
  if (length !== undefined) return Number(length)
  return c.req.raw.body ? undefined : 0
}

/** The body. `enter` is asked for room once it shows that it is not small. What is refused is read on, and thrown away. */
async function readBody(
  c: Context,
  max: number,
  enter: (bytes: number) => boolean,
): Promise<ArrayBuffer | 'too-large' | 'no-room' | 'late' | 'broken'> {
  const length = declaredLength(c)
  const { body } = c.req.raw
  if (!body || (length !== undefined && length <= SMALL))
    // Half the time of chunks.
    return within(timeFor(SMALL), c.req.raw.arrayBuffer()).catch(() => 'broken')
  let chunks: Uint8Array[] = []
  let size = 0
  let refusal: 'too-large' | 'no-room' | undefined
  const outcome = await readChunks(body, (chunk) => {
    const wasSmall = size <= SMALL
    size += chunk.length
    if (size > max) refusal = 'too-large'
    else if (wasSmall && size > SMALL && !enter(length ?? max)) refusal = 'no-room'
    if (refusal) chunks = []
    else chunks.push(chunk)
  })
  if (refusal) return refusal
  if (outcome !== 'whole') return outcome
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole.buffer
}

/** Gives `take` a body chunk by chunk, to its end or for as long as it comes at the pace. */
async function readChunks(
  body: ReadableStream<Uint8Array>,
  take: (chunk: Uint8Array) => void,
): Promise<'whole' | 'late' | 'broken'> {
  const reader = body.getReader()
  const start = Date.now()
  let size = 0
  while (size <= DISCARDED_MAX) {
    const read = await within(start + timeFor(size) - Date.now(), reader.read()).catch(
      () => 'broken' as const,
    )
    if (read === 'late' || read === 'broken') return read
    if (read.done) return 'whole'
    size += read.value.length
    take(read.value)
  }
  return 'broken'
}

/** What the work comes to, or `late` after so many milliseconds. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>((done) => {
    timer = setTimeout(done, ms, 'late')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
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
