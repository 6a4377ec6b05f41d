/**
 * Keeps one person signed in, in all tabs. The access token is in memory only; one tab at a time
 * requests the next one, and sends it to the others.
 */
import type { UserPrivate } from './api'
import { observable } from './observable'
import type { BodyOf } from './operations'
import { ApiProblem, offline } from './problem'
import type { Grant, SessionStorage, SignInOperation } from './storage'
import { openChannel, withLock } from './tabs'

export type SessionState =
  | { status: 'starting' }
  | { status: 'signed-in'; user: UserPrivate }
  /** `ended`: it expired, or was ended elsewhere. */
  | { status: 'signed-out'; because: EndReason }
  /** The server could not be asked whether there is a session; `problem` says why. */
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
type TabMessage =
  /** A new session or a new token; with `isAnswer`, the one at hand for a tab that asked. */
  | { type: 'held'; held: Held; refreshToken?: string | undefined; isAnswer: boolean }
  | { type: 'user'; user: UserPrivate }
  | { type: 'ended'; because: EndReason }
  | { type: 'asked' }

/** A message of another tab may come a moment after the lock that the tab released. */
const MESSAGE_TIMEOUT_MS = 200

export type KeptSession = ReturnType<typeof keepSession>

/** `name` is that of the lock and the channel which the tabs share. */
export function keepSession(name: string, storage: SessionStorage) {
  const state = observable<SessionState>({ status: 'starting' })
  let held: Held | undefined
  let starting: Promise<void> | undefined
  let refreshing: Promise<boolean> | undefined

  const tabs = openChannel<TabMessage>(name, (message) => {
    switch (message.type) {
      case 'asked':
        return shareHeld(true)
      case 'held':
        // An answer may be older than the token that a refresh has just brought here.
        if (message.isAnswer && held) return
        storage.opened(message.refreshToken)
        return keep(message.held)
      case 'user':
        return showUser(message.user)
      case 'ended':
        if (held) end(message.because)
    }
  })
  function shareHeld(isAnswer: boolean) {
    if (held) tabs.send({ type: 'held', held, refreshToken: storage.share(), isAnswer })
  }
  function keep(next: Held) {
    held = next
    state.set({ status: 'signed-in', user: next.user })
  }
  function showUser(user: UserPrivate) {
    if (held) keep({ ...held, user })
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
    shareHeld(false)
  }
  function close(because: EndReason) {
    end(because)
    tabs.send({ type: 'ended', because })
  }

  /**
   * Gets a newer access token than `stale`, by one request for all tabs. False: there is no
   * session. @throws ApiProblem
   */
  function refresh(stale?: string): Promise<boolean> {
    refreshing ??= withLock(name, async (hasWaited) => {
      if (held?.token === stale) await state.nextChange(hasWaited ? MESSAGE_TIMEOUT_MS : 0)
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
      tabs.send({ type: 'asked' })
      await state.nextChange(MESSAGE_TIMEOUT_MS)
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
    withLock(name, async () => {
      const grant = await storage.signIn(operation, body)
      open(grant)
      return grant.user
    })

  /** Follows what other tabs did while this one slept (back-forward cache, frozen tab). */
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
      await withLock(name, async () => {
        await storage.signOut()
        close('signed-out')
      })
    },
    forget: () => close('signed-out'),
    update(user: UserPrivate) {
      showUser(user)
      tabs.send({ type: 'user', user })
    },
  }
}
