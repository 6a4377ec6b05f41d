/** `fetch` of the API as the person who is signed in. */
import type { Fetch } from './network'
import type { KeptSession } from './session'

/**
 * Whether a 401 is about the access token (RFC 6750 §3.1). Others are about a code, or ask for a
 * more recent sign-in (RFC 9470 §3), which a refresh would not change.
 */
function isTokenRefused({ status, headers }: Response): boolean {
  const challenge = headers.get('WWW-Authenticate')
  return status === 401 && (!challenge || challenge.includes('invalid_token'))
}

/** Where D1 was at a response: a later read is served by a replica at least as new. */
const BOOKMARK = 'X-D1-Bookmark'

export function authorizeFetch(session: KeptSession, origin: string, fetch: Fetch) {
  let bookmark: string | undefined

  /** An access token never leaves for another origin than the API's. */
  function resolve(address: string | URL): URL {
    const base = origin || globalThis.location?.origin
    const url = new URL(address, base)
    if (url.origin === new URL(base).origin) return url
    throw new TypeError(`${url.href} is not an address of ${base}. Use fetch() for other servers.`)
  }

  async function send(url: URL, init: RequestInit, token?: string): Promise<Response> {
    const headers = new Headers(init.headers)
    if (token) headers.set('Authorization', `Bearer ${token}`)
    if (bookmark) headers.set(BOOKMARK, bookmark)
    const response = await fetch(url, { ...init, headers })
    bookmark = response.headers.get(BOOKMARK) ?? bookmark
    return response
  }

  /** The access token, renewed when it is about to expire; undefined: signed out. */
  async function accessToken(): Promise<string | undefined> {
    await session.start()
    const held = session.held
    if (held && held.expiresAt - Date.now() < held.margin) {
      await session.refresh(held.token).catch((error) => {
        if (held.expiresAt <= Date.now()) throw error
      })
    }
    return session.held?.token
  }

  /** Reports why the session is unknown, instead of asking a user to sign in who may be. */
  function throwIfUnreachable() {
    const state = session.state.get()
    if (state.status === 'signed-out' && state.because === 'unreachable') throw state.problem
  }

  return {
    accessToken,
    async authorized(address: string | URL, init: RequestInit = {}): Promise<Response> {
      const url = resolve(address)
      const token = await accessToken()
      const response = await send(url, init, token)
      if (response.status === 401 && !token) throwIfUnreachable()
      if (!token || !isTokenRefused(response) || !(await session.refresh(token))) return response
      return send(url, init, session.held?.token)
    },
    anonymous: async (address: string | URL, init: RequestInit = {}): Promise<Response> =>
      send(resolve(address), { credentials: 'omit', ...init }),
  }
}
