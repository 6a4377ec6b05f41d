/** The bytes of request bodies as they arrive: at a pace, within bounds. */
import type { Context } from 'hono'

export const KIB = 1024
/** Up to here a body is small, and needs no room of its own. */
const SMALL_BODY_BYTES = 64 * KIB
/** Bytes a second at which a body must come, on the whole, and the milliseconds that it may take beside: 2 MiB have 74 s. Who stalls is given up after these. */
const MIN_BYTES_PER_SECOND = 32 * KIB
const GRACE_MS = 10_000
/** Milliseconds in which so many bytes must have come. */
export const uploadTimeMs = (bytes: number) => GRACE_MS + (bytes / MIN_BYTES_PER_SECOND) * 1000
/** A body that nobody wants is read up to here and thrown away: many clients see no answer before they have sent all of it. */
const MAX_DRAINED_BYTES = 16 * 1024 * KIB

/** The size of the body as `Content-Length` tells it, 0 without a body; undefined if only its end will tell. No more than this can come (RFC 9112 §6.3). */
export function declaredLength(c: Context): number | undefined {
  // workerd shows none beside a Transfer-Encoding.
  const length = c.req.header('Content-Length')
  if (length !== undefined) return Number(length)
  return c.req.raw.body ? undefined : 0
}

/** The body. `enter` is asked for room once it shows that it is not small. What is refused is read on, and thrown away. */
export async function readBody(
  c: Context,
  max: number,
  enter: (bytes: number) => boolean,
): Promise<ArrayBuffer | 'too-large' | 'no-room' | 'late' | 'broken'> {
  const length = declaredLength(c)
  const { body } = c.req.raw
  if (!body || (length !== undefined && length <= SMALL_BODY_BYTES))
    // Half the time of chunks.
    return within(uploadTimeMs(SMALL_BODY_BYTES), c.req.raw.arrayBuffer()).catch(() => 'broken')
  let chunks: Uint8Array[] = []
  let size = 0
  let refusal: 'too-large' | 'no-room' | undefined
  const outcome = await readChunks(body, (chunk) => {
    const wasSmall = size <= SMALL_BODY_BYTES
    size += chunk.length
    if (size > max) refusal = 'too-large'
    else if (wasSmall && size > SMALL_BODY_BYTES && !enter(length ?? max)) refusal = 'no-room'
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

/** Reads what nobody has read of a body, as far as that makes sense, and keeps nothing. @returns the bytes read */
export async function drainBody(c: Context): Promise<number> {
  const { body, bodyUsed } = c.req.raw
  if (!body || bodyUsed || (declaredLength(c) ?? 0) > MAX_DRAINED_BYTES) return 0
  let size = 0
  await readChunks(body, (chunk) => {
    size += chunk.length
  })
  return size
}

/** Gives `take` a body chunk by chunk, to its end or for as long as it comes at the pace. */
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
