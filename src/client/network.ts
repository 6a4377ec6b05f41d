/** `fetch` that throws an ApiProblem when no response can be read, with the likely reason. */
import { ApiProblem, offline } from './problem'

export type Fetch = typeof globalThis.fetch

const PROBE_TIMEOUT_MS = 5_000

const isTimeout = (error: unknown) => error instanceof Error && error.name === 'TimeoutError'

function originNotAllowed(page: string, api: string, cause: unknown) {
  const detail = `${page} may not call ${api}. Add ${page} to ALLOWED_ORIGINS of that server.`
  const title = 'Origin not allowed'
  return new ApiProblem(0, { type: 'origin-not-allowed', title, detail }, { cause })
}

/** `fetch` of the API at `origin` (empty: the page's own). An abort throws its own reason. */
export function openNetwork(origin: string, fetch: Fetch): Fetch {
  /** CORS let this page read a response before, so its origin is allowed. */
  let isAllowed = false

  const answers = (mode: RequestMode) =>
    fetch(`${origin}/health`, {
      mode,
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    }).then(
      () => true,
      () => false,
    )

  /**
   * Browsers hide from a page whether CORS made a request fail. A server that answers a request
   * without CORS, but not one with it, does not list the page's origin.
   */
  async function diagnose(cause: unknown): Promise<ApiProblem> {
    const page = globalThis.location?.origin
    const isElsewhere = Boolean(origin && page && origin !== page)
    if (!isElsewhere || isAllowed || isTimeout(cause)) return offline(cause)
    if ((await answers('cors')) || !(await answers('no-cors'))) return offline(cause)
    return originNotAllowed(page, origin, cause)
  }

  return async (input, init) => {
    try {
      const response = await fetch(input, init)
      isAllowed = true
      return response
    } catch (cause) {
      if (init?.signal?.aborted && !isTimeout(cause)) throw cause
      throw await diagnose(cause)
    }
  }
}
