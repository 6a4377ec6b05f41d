/**
 * Keeps one person signed in, in all tabs. The access token is in memory only; one tab at a time
 * asks for the next one, and tells the others.
 */
import type { UserPrivate } from './api'
import { observable } from './observable'
import type { BodyOf } from './operations'
import { ApiProblem, offline } from './problem'
import type { Grant, SessionStorage, SignInOperation } from './storage'
import { exclusively, listen } from './tabs'

export type SessionState =
  | { status: 'starting' }
  | { status: 'signed-in'; user: UserPrivate }
  /** `ended`: it expired, or was ended elsewhere. */
  | { status: 'signed-out'; because: EndReason }
  /** The server did not say whether there is a session; `problem` says why. */
  | { status: 'signed-out'; because: 'unreachable'; problem: ApiProblem }
type EndReason = 'never' | 'signed-out' | 'ended'

export interface Held {
  token: string
  /** Milliseconds since 1970, by this machine's clock. */
  expiresAt: number
  /** A token with less than this left is renewed before it is used, in milliseconds. */
  margin: number
  user: UserPrivate
}
type News =
  | { type: 'held'; held: Held; refreshToken?: string | undefined }
  | { type: 'ended'; because: EndReason }
  | { type: 'asked' }

/** A message of another tab may come a moment after the lock that the tab released. */
const NEWS_TIMEOUT_MS = 200

export type KeptSession = ReturnType<typeof keepSession>

/** `name` is that of the lock and the channel which the tabs share. */
export function keepSession(name: string, storage: SessionStorage) {
  const state = observable<SessionState>({ status: 'starting' })
  let held: Held | undefined
  let starting: Promise<void> | undefined
  let refreshing: Promise<boolean> | undefined

  const news = listen<News>(name, (message) => {
    if (message.type === 'asked') tellHeld()
    else if (message.type === 'held') {
      storage.opened(message.refreshToken)
      keep(message.held)
    } else if (held) end(message.because)
  })
  function tellHeld() {
    if (held) news.tell({ type: 'held', held, refreshToken: storage.share() })
  }
  function keep(next: Held) {
    held = next
    state.set({ status: 'signed-in', user: next.user })
  }
  function end(because: EndReason) {
    held = undefined
    storage.ended()
    state.set({ status: 'signed-out', because })
  }
  function open({ access_token: token, expires_in, user }: Grant) {
    const lifetime = expires_in * 1000
    const margin = Math.min(60_000, lifetime / 4)
    keep({ token, expiresAt: Date.now() + lifetime, margin, user })
    storage.opened()
    tellHeld()
  }
  function close(because: EndReason) {
    end(because)
    news.tell({ type: 'ended', because })
  }

  /**
   * Gets a newer access token than `stale`, by one request for all tabs. False: there is no
   * session. @throws ApiProblem
   */
  function refresh(stale?: string): Promise<boolean> {
    refreshing ??= exclusively(name, async (hasWaited) => {
      if (held?.token === stale) await state.nextChange(hasWaited ? NEWS_TIMEOUT_MS : 0)
      if (held && held.token !== stale) return true
      if (stale && !held) return false
      const grant = await storage.refresh(held?.user)
      if (grant) open(grant)
      else close(stale || storage.mayExist() ? 'ended' : 'never')
      return grant !== undefined
    }).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  /** Never rejects: an app calls it without waiting. */
  async function restore() {
    if (storage.isPerTab) {
      news.tell({ type: 'asked' })
      await state.nextChange(NEWS_TIMEOUT_MS)
      if (held) return
    }
    if (storage.mayExist() === false) return state.set({ status: 'signed-out', because: 'never' })
    try {
      await refresh()
    } catch (error) {
      starting = undefined // the next call tries again
      const problem = error instanceof ApiProblem ? error : offline(error)
      state.set({ status: 'signed-out', because: 'unreachable', problem })
    }
  }
  function start(): Promise<void> {
    if (held) return Promise.resolve()
    starting ??= restore()
    return starting
  }

  const signInWith = <K extends SignInOperation>(operation: K, body: BodyOf<K>) =>
    exclusively(name, async () => {
      const grant = await storage.signIn(operation, body)
      open(grant)
      return grant.user
    })

  /** What another tab did while this one slept (back-forward cache, frozen tab). */
  function catchUp() {
    const mayExist = storage.mayExist()
    if (mayExist === undefined || state.get().status === 'starting') return
    if (held && !mayExist) end('signed-out')
    else if (!held && mayExist) {
      starting = undefined
      void start()
    }
  }
  globalThis.addEventListener?.('pageshow', (event) => event.persisted && catchUp())
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden || catchUp())

  return {
    state,
    held: () => held,
    start,
    refresh,
    signInWith,
    async signOut() {
      await exclusively(name, async () => {
        await storage.signOut()
        close('signed-out')
      })
    },
    forget: () => close('signed-out'),
    update(user: UserPrivate) {
      if (!held) return
      keep({ ...held, user })
      tellHeld()
    },
  }
}
