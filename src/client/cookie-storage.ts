/** Sessions of `/api/session`: the refresh token is in an `HttpOnly` cookie of the API's host. */
import type { Fetch } from './network'
import { type BodyOf, fillPath, type PathValues } from './operations'
import { readObject, readProblem } from './problem'
import type { Grant, SessionStorage, SignInOperation } from './storage'

/** Remembers only that there may be a session: without one, a visit costs no request. */
export interface Hint {
  read(): boolean
  write(mayBeSignedIn: boolean): void
  /**
   * The page leaves for a sign-in at a provider: `read` returns true in this tab until a session is
   * found, or the sign-in takes too long.
   */
  leave(): void
}

/** Other tabs wait for this one. */
export const SESSION_TIMEOUT_MS = 20_000
/** As long as a session can last (`REFRESH_MAX_DAYS`). */
const HINT_SECONDS = 90 * 24 * 3600
/** Maximum duration of a sign-in at a provider in milliseconds; the service allows as much. */
const DEPARTURE_MS = 10 * 60 * 1000

/** The storage of the tab; null where the browser forbids it, as with blocked cookies. */
function tabStorage(): Storage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}

/**
 * A hint in a cookie of the page, `<name>=1`. Safari deletes it after a week without a visit; the
 * user then signs in again. The storage of the tab holds the time of a departure. A cookie would be
 * deleted too early: by another tab, which finds no session yet, or by this one when the user goes
 * back and forward.
 */
export function cookieHint(name = 'signed-in'): Hint {
  const left = `${name} left`
  const hasJustLeft = () => Date.now() - Number(tabStorage()?.getItem(left) ?? 0) < DEPARTURE_MS
  return {
    read: () => document.cookie.split('; ').includes(`${name}=1`) || hasJustLeft(),
    write(mayBeSignedIn) {
      const age = mayBeSignedIn ? HINT_SECONDS : 0
      // biome-ignore lint/suspicious/noDocumentCookie: many browsers lack the Cookie Store API
      document.cookie = `${name}=1; Path=/; SameSite=Lax; Max-Age=${age}`
      if (mayBeSignedIn) tabStorage()?.removeItem(left)
    },
    leave: () => tabStorage()?.setItem(left, String(Date.now())),
  }
}

/** A grant in the answer of an operation that signs in. @throws ApiProblem */
async function readGrant(response: Response): Promise<Grant> {
  if (!response.ok) throw await readProblem(response)
  return (await readObject(response)) as unknown as Grant
}

export function cookieStorage(origin: string, fetch: Fetch, hint?: Hint): SessionStorage {
  /** The only requests that send the cookie to another origin. */
  const send = (method: string, path: string, body?: unknown) =>
    fetch(origin + path, {
      method,
      credentials: 'include',
      signal: AbortSignal.timeout(SESSION_TIMEOUT_MS),
      // A page that closes now still stores the cookie of the response.
      keepalive: true,
      ...(body !== undefined && {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })

  return {
    mayExist: () => hint?.read(),
    isPerTab: false,
    signIn<K extends SignInOperation>(operation: K, body: BodyOf<K>, path?: PathValues) {
      const [method = '', template = ''] = operation.split(' ')
      return send(method, fillPath(template, path), body).then(readGrant)
    },
    async refresh() {
      const response = await send('POST', '/api/session/refresh')
      return response.status === 401 ? undefined : readGrant(response)
    },
    async signOut() {
      const response = await send('DELETE', '/api/session')
      if (!response.ok && response.status !== 401) throw await readProblem(response)
    },
    leaving: () => hint?.leave(),
    opened: () => hint?.write(true),
    ended: () => hint?.write(false),
    share: () => undefined,
  }
}
