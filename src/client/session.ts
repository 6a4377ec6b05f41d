/**
 * Keeps one person signed in, in all tabs: the refresh token lives in a cookie that no script can read, the access
 * token in memory only, and one tab at a time asks for a new one.
 */
import type { UserPrivate } from '../user'
import { ApiProblem, reach, readProblem } from './problem'
import { exclusively, listen } from './tabs'

export type SessionState =
  | { status: 'starting' }
  | { status: 'signed-in'; user: UserPrivate }
  /** `ended`: by time, or by somebody elsewhere; `unreachable`: not known, the server does not answer. */
  | { status: 'signed-out'; because: 'never' | 'signed-out' | 'ended' | 'unreachable' }
type EndReason = 'never' | 'signed-out' | 'ended'

/** Remembers only that there may be a session, so that a visitor without one costs no request. Holds no secret. */
export interface Hint {
  read(): boolean
  write(mayBeSignedIn: boolean): void
}

export interface SessionOptions {
  /** Where the API is; empty: where the page is. Another origin must list the page's in ALLOWED_ORIGINS. */
  origin: string
  fetch: typeof globalThis.fetch
  /** Without one, every start asks the server. */
  hint?: Hint | undefined
}

/** The answer of `/api/session` and `/api/session/refresh`. */
interface Opened {
  access_token: string
  expires_in: number
  user: UserPrivate
}
interface Held {
  token: string
  /** Milliseconds since 1970, by this machine's clock. */
  expiresAt: number
  /** A token with less than this left is renewed before it is used, in ms. */
  margin: number
  user: UserPrivate
}
type News = { type: 'held'; held: Held } | { type: 'ended'; because: EndReason }

const DOOR_TIMEOUT_MS = 20_000
/** News of a tab may come a moment after the lock that it gave back. */
const NEWS_TIMEOUT_MS = 200

export type Session = ReturnType<typeof keepSession>

export function keepSession({ origin, fetch, hint }: SessionOptions) {
  const name = `gatepost ${origin}`
  const listeners = new Set<(state: SessionState) => void>()
  let state: SessionState = { status: 'starting' }
  let held: Held | undefined
  let starting: Promise<void> | undefined
  let refreshing: Promise<boolean> | undefined
  /** What D1 last told: a later read may then be served by a replica that is at least as new. */
  let bookmark: string | undefined

  const news = listen<News>(name, (message) => {
    if (message.type === 'held') keep(message.held)
    else if (held) end(message.because)
  })

  function become(next: SessionState) {
    state = next
    for (const listener of listeners) listener(state)
  }
  /** Until the state changes, but no longer than so many milliseconds. */
  const nextState = (ms: number) =>
    new Promise<void>((done) => {
      listeners.add(finish)
      const timer = setTimeout(finish, ms)
      function finish() {
        clearTimeout(timer)
        listeners.delete(finish)
        done()
      }
    })
  function keep(next: Held) {
    held = next
    become({ status: 'signed-in', user: next.user })
  }
  function end(because: EndReason) {
    held = undefined
    hint?.write(false)
    become({ status: 'signed-out', because })
  }
  /** Keeps what the door answered, and gives it to the other tabs. */
  function open({ access_token: token, expires_in, user }: Opened) {
    const lifetime = expires_in * 1000
    keep({
      token,
      expiresAt: Date.now() + lifetime,
      margin: Math.min(60_000, lifetime / 4),
      user,
    })
    hint?.write(true)
    if (held) news.tell({ type: 'held', held })
  }
  function close(because: EndReason) {
    end(because)
    news.tell({ type: 'ended', because })
  }

  /** The only requests that carry the cookie on purpose, also to another origin. */
  const door = (method: string, path: string, body?: object) =>
    reach(fetch, `${origin}/api/session${path}`, {
      method,
      credentials: 'include',
      // Other tabs wait for this one.
      signal: AbortSignal.timeout(DOOR_TIMEOUT_MS),
      // A page that is left in this moment still gets the cookie of the rotation.
      keepalive: true,
      ...(body && {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })

  /** A newer access token than `stale`, by one request for all tabs. False: there is no session. @throws ApiProblem */
  function refresh(stale?: string): Promise<boolean> {
    refreshing ??= exclusively(name, async (hasWaited) => {
      if (held?.token === stale) await nextState(hasWaited ? NEWS_TIMEOUT_MS : 0)
      if (held && held.token !== stale) return true
      if (stale && !held) return false
      const response = await door('POST', '/refresh')
      if (response.status === 401) {
        close(stale || hint ? 'ended' : 'never')
        return false
      }
      if (!response.ok) throw await readProblem(response)
      open(await response.json())
      return true
    }).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function restore() {
    if (hint && !hint.read()) return become({ status: 'signed-out', because: 'never' })
    try {
      await refresh()
    } catch (error) {
      starting = undefined // the next call tries again
      become({ status: 'signed-out', because: 'unreachable' })
      if (!(error instanceof ApiProblem)) throw error
    }
  }

  /** Finds out, once, whether somebody is signed in. */
  function start(): Promise<void> {
    if (state.status === 'signed-in') return Promise.resolve()
    starting ??= restore()
    return starting
  }

  async function signIn(login: string, password: string): Promise<UserPrivate> {
    const user = await exclusively(name, async () => {
      const response = await door('POST', '', { login, password })
      if (!response.ok) throw await readProblem(response)
      const opened: Opened = await response.json()
      open(opened)
      return opened.user
    })
    return user
  }

  /** Ends the session at the server, then in all tabs. @throws ApiProblem while the server cannot be reached */
  async function signOut(): Promise<void> {
    await exclusively(name, async () => {
      const response = await door('DELETE', '')
      if (!response.ok && response.status !== 401) throw await readProblem(response)
      close('signed-out')
    })
  }

  async function send(input: RequestInfo | URL, init: RequestInit, token?: string) {
    const headers = new Headers(init.headers)
    if (token) headers.set('Authorization', `Bearer ${token}`)
    if (bookmark) headers.set('X-D1-Bookmark', bookmark)
    const response = await reach(fetch, input, { ...init, headers })
    bookmark = response.headers.get('X-D1-Bookmark') ?? bookmark
    return response
  }

  /** `fetch` with the access token: renewed before it expires, and once more after a 401. A body must be repeatable, not a stream. */
  async function authorized(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    await start()
    if (held && held.expiresAt - Date.now() < held.margin) {
      const { expiresAt } = held
      await refresh(held.token).catch((error) => {
        if (expiresAt <= Date.now()) throw error
      })
    }
    const used = held?.token
    const response = await send(input, init, used)
    if (response.status !== 401 || !used || !(await refresh(used))) return response
    return send(input, init, held?.token)
  }

  /** What another tab did while this one slept (the back-forward cache, a frozen tab) shows in the hint. */
  function catchUp() {
    if (!hint || state.status === 'starting') return
    if (held && !hint.read()) end('signed-out')
    else if (!held && hint.read()) {
      starting = undefined
      void start()
    }
  }
  globalThis.addEventListener?.('pageshow', (event) => event.persisted && catchUp())
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden || catchUp())

  return {
    get state() {
      return state
    },
    /** Calls back on every change, in any tab. Returns what ends it. */
    subscribe(listener: (state: SessionState) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start,
    signIn,
    signOut,
    /** After the account was deleted: the server has ended everything already. */
    forget: () => close('signed-out'),
    /** Takes over what the person changed about themselves, in all tabs. */
    update(user: UserPrivate) {
      if (!held) return
      keep({ ...held, user })
      news.tell({ type: 'held', held })
    },
    fetch: authorized,
    /** `fetch` without a token, for what anybody may read. */
    anonymous: (input: RequestInfo | URL, init: RequestInit = {}) =>
      send(input, { ...init, credentials: 'omit' }),
  }
}
