/** Reads request bodies: at a minimum rate, up to a maximum size. */
import type { Context } from 'hono'
import { SMALL_BODY_BYTES } from './buffer'

export const KIB = 1024
/** Minimum average upload rate, beside a grace period. A body of 2 MiB may take 74 s. */
const MIN_BYTES_PER_SECOND = 32 * KIB
const GRACE_MS = 10_000
/** Milliseconds within which `bytes` must have arrived; a slower upload is aborted. */
export const uploadTimeMs = (bytes: number) => GRACE_MS + (bytes / MIN_BYTES_PER_SECOND) * 1000
/** Maximum bytes drained from a rejected body: many clients read no response before all is sent. */
const MAX_DRAINED_BYTES = 16 * 1024 * KIB

/**
 * The size of the body by `Content-Length`, 0 without a body; undefined for a chunked body. No more
 * than the declared length can arrive (RFC 9112 §6.3).
 */
export function declaredLength(c: Context): number | undefined {
  // workerd hides Content-Length when a Transfer-Encoding is present.
  const length = c.req.header('Content-Length')
  if (length !== undefined) return Number(length)
  return c.req.raw.body ? undefined : 0
}

/**
 * Reads the body. `reserve` is called with the bytes to hold before anything is read, and again
 * once a body exceeds the small size. A rejected body is drained and discarded.
 */
export async function readBody(
  c: Context,
  max: number,
  reserve: (bytes: number) => boolean,
): Promise<ArrayBuffer | 'too-large' | 'buffer-full' | 'late' | 'broken'> {
  const length = declaredLength(c)
  const { body } = c.req.raw
  if (!body) return new ArrayBuffer(0)
  if (!reserve(Math.min(length ?? max, SMALL_BODY_BYTES))) return 'buffer-full'
  if (length !== undefined && length <= SMALL_BODY_BYTES)
    // Takes half the time of reading chunks.
    return within(uploadTimeMs(SMALL_BODY_BYTES), c.req.raw.arrayBuffer()).catch(() => 'broken')
  let chunks: Uint8Array[] = []
  let size = 0
  let refusal: 'too-large' | 'buffer-full' | undefined
  const outcome = await readChunks(body, (chunk) => {
    const wasSmall = size <= SMALL_BODY_BYTES
    size += chunk.length
    if (size > max) refusal = 'too-large'
    else if (wasSmall && size > SMALL_BODY_BYTES && !reserve(length ?? max)) refusal = 'buffer-full'
    if (refusal) chunks = []
    else chunks.push(chunk)
  })
  if (refusal) return refusal
  if (outcome !== 'whole') return outcome
  return join(chunks, size).buffer
}

/** The chunks of a body in one, with `size` bytes together. */
export function join(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Drains what is unread of a body, up to a maximum. @returns the bytes read */
export async function drainBody(c: Context): Promise<number> {
  const { body, bodyUsed } = c.req.raw
  if (!body || bodyUsed || (declaredLength(c) ?? 0) > MAX_DRAINED_BYTES) return 0
  let size = 0
  await readChunks(body, (chunk) => {
    size += chunk.length
  })
  return size
}

/** Passes a body to `take` chunk by chunk, to its end or while it keeps the minimum rate. */
async function readChunks(
  body: ReadableStream<Uint8Array>,
  take: (chunk: Uint8Array) => void,
): Promise<'whole' | 'late' | 'broken'> {
  const reader = body.getReader()
  const start = Date.now()
  let size = 0
  while (size <= MAX_DRAINED_BYTES) {
    const read = await within(start + uploadTimeMs(size) - Date.now(), reader.read()).catch(
      () => 'broken' as const,
    )
    if (read === 'late' || read === 'broken') return read
    if (read.done) return 'whole'
    size += read.value.length
    take(read.value)
  }
  return 'broken'
}

/** The result of `work`, or `late` after `ms` milliseconds. */
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
