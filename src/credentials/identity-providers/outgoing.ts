/** Requests to identity providers. A response may have any content, size and speed. */
import { join, KIB } from '../../http/body/reader'

/** Maximum time of a request with its response, in milliseconds. */
const TIMEOUT_MS = 5000
/** Maximum size of a response, in bytes. The JWK set of a large provider has some 20 KiB. */
const MAX_BYTES = 128 * KIB

/** The headers of a response that the protocol needs. */
const HEADERS = ['Content-Type', 'WWW-Authenticate'] as const

interface Outgoing {
  method?: string
  headers?: Record<string, string>
  body?: BodyInit | null | undefined
}

/**
 * Sends a request and reads the whole response. Redirects are not followed, since they would carry
 * the request to another host.
 * @throws an error when the provider is unreachable, too slow, or responds with too much
 */
export async function send(
  url: string,
  { method = 'GET', headers = {}, body = null }: Outgoing,
): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(url, {
    method,
    headers: { ...headers, 'User-Agent': 'gatepost' },
    body,
    redirect: 'manual', // workerd lacks 'error'
    signal,
  })
  const bytes = await readAll(response, signal)
  // `Response` accepts no body with a status such as 204, and no status below 200.
  const { status } = response
  const read = new Response(bytes.length > 0 ? bytes : null, {
    status: status < 200 ? 502 : status,
  })
  for (const name of HEADERS) {
    const value = response.headers.get(name)
    if (value !== null) read.headers.set(name, value)
  }
  return read
}

/** The body, as long as it is within the bounds of size and time. */
async function readAll({ body }: Response, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (!body) return new Uint8Array()
  const reader = body.getReader()
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  const parts: Uint8Array[] = []
  try {
    for (let length = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), late])
      if (done) return join(parts, length)
      length += value.length
      if (length > MAX_BYTES) throw new RangeError('The response is too large')
      parts.push(value)
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
