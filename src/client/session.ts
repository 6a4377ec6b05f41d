/**
 * Keeps one person signed in, in all tabs. The access token is in memory only; one tab at a time
 * requests the next one, and sends it to the others.
 */
import type { UserPrivate } from './api'
import { observable } from './observable'
import type { BodyOf, PathValues } from './operations'
import { ApiProblem, offline } from './problem'
import type { Grant, SessionStorage, SignInOperation } from './storage'
import { openChannel, withLock } from './tabs'

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
type TabMessage =
  /** A new session or a new token; with `isAnswer`, the present one, for a tab that asked. */
  | { type: 'held'; held: Held; refreshToken?: string | undefined; isAnswer: boolean }
  | { type: 'user'; user: UserPrivate }
  | { type: 'ended'; because: EndReason }
  | { type: 'asked' }

/** A message of another tab may come a moment after the lock that the tab released. */
const MESSAGE_TIMEOUT_MS = 200

export class KeptSession {
  readonly state = observable<SessionState>({ status: 'starting' })
  readonly #name: string
  readonly #storage: SessionStorage
  readonly #tabs: { send(message: TabMessage): void }
  #held: Held | undefined
  #starting: Promise<void> | undefined
  #refreshing: Promise<boolean> | undefined

  /** `name` is that of the lock and the channel which the tabs share. */
  constructor(name: string, storage: SessionStorage) {
    this.#name = name
    this.#storage = storage
    this.#tabs = openChannel<TabMessage>(name, (message) => this.#receive(message))
    globalThis.addEventListener?.('pageshow', ({ persisted }) => persisted && this.#catchUp())
    globalThis.document?.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#catchUp()
    })
  }

  /** The access token and its user; undefined: signed out, or not known yet. */
  get held(): Held | undefined {
    return this.#held
  }

  /** Finds out, once, whether there is a session. Never rejects: an app does not wait for it. */
  start(): Promise<void> {
    if (this.#held) return Promise.resolve()
    this.#starting ??= this.#restore()
    return this.#starting
  }

  /** @throws ApiProblem */
  signInWith<K extends SignInOperation>(
    operation: K,
    body: BodyOf<K>,
    path?: PathValues,
  ): Promise<UserPrivate> {
    return withLock(this.#name, async () => {
      const grant = await this.#storage.signIn(operation, body, path)
      this.#open(grant)
      return grant.user
    })
  }

  /** Called before the page leaves for a sign-in. @throws TypeError for the wrong storage */
  leaving(): void {
    this.#storage.leaving()
  }

  /** @throws ApiProblem */
  signOut(): Promise<void> {
    return withLock(this.#name, async () => {
      await this.#storage.signOut()
      this.#close('signed-out')
    })
  }

  /** Takes over another access token of the same session. */
  renew(token: Omit<Grant, 'user'>): void {
    if (this.#held) this.#open({ ...token, user: this.#held.user })
  }

  forget(): void {
    this.#close('signed-out')
  }

  update(user: UserPrivate): void {
    this.#show(user)
    this.#tabs.send({ type: 'user', user })
  }

  /**
   * Gets a newer access token than `stale`, by one request for all tabs. False: there is no
   * session. @throws ApiProblem
   */
  refresh(stale?: string): Promise<boolean> {
    this.#refreshing ??= withLock(this.#name, (hasWaited) =>
      this.#refreshAlone(stale, hasWaited),
    ).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refreshAlone(stale: string | undefined, hasWaited: boolean): Promise<boolean> {
    if (this.#held?.token === stale) {
      await this.state.nextChange(hasWaited ? MESSAGE_TIMEOUT_MS : 0)
    }
    if (this.#held && this.#held.token !== stale) return true
    if (stale && !this.#held) return false
    const grant = await this.#storage.refresh(this.#held?.user)
    if (grant) this.#open(grant)
    else this.#close(stale || this.#storage.mayExist() ? 'ended' : 'never')
    return grant !== undefined
  }

  async #restore(): Promise<void> {
    if (this.#storage.isPerTab) {
      this.#tabs.send({ type: 'asked' })
      await this.state.nextChange(MESSAGE_TIMEOUT_MS)
      if (this.#held) return
    }
    if (this.#storage.mayExist() === false) {
      return this.state.set({ status: 'signed-out', because: 'never' })
    }
    try {
      await this.refresh()
    } catch (error) {
      this.#starting = undefined // the next call tries again
      const problem = error instanceof ApiProblem ? error : offline(error)
      this.state.set({ status: 'signed-out', because: 'unreachable', problem })
    }
  }

  #receive(message: TabMessage): void {
    switch (message.type) {
      case 'asked':
        this.#share(true)
        break
      case 'held':
        // An answer may be older than the token that a refresh has just brought here.
        if (message.isAnswer && this.#held) return
        this.#storage.opened(message.refreshToken)
        this.#keep(message.held)
        break
      case 'user':
        this.#show(message.user)
        break
      case 'ended':
        if (this.#held) this.#end(message.because)
    }
  }

  #share(isAnswer: boolean): void {
    const held = this.#held
    const refreshToken = this.#storage.share()
    if (held) this.#tabs.send({ type: 'held', held, refreshToken, isAnswer })
  }

  #open({ access_token: token, expires_in, user }: Grant): void {
    const lifetime = expires_in * 1000
    const margin = Math.min(60_000, lifetime / 4)
    this.#keep({ token, expiresAt: Date.now() + lifetime, margin, user })
    this.#storage.opened()
    this.#share(false)
  }

  #close(because: EndReason): void {
    this.#end(because)
    this.#tabs.send({ type: 'ended', because })
  }

  #keep(held: Held): void {
    this.#held = held
    this.state.set({ status: 'signed-in', user: held.user })
  }

  #show(user: UserPrivate): void {
    if (this.#held) this.#keep({ ...this.#held, user })
  }

  #end(because: EndReason): void {
    this.#held = undefined
    this.#storage.ended()
    this.state.set({ status: 'signed-out', because })
  }

  /** Follows what other tabs did while this one slept (back-forward cache, frozen tab). */
  #catchUp(): void {
    const mayExist = this.#storage.mayExist()
    if (mayExist === undefined || this.state.get().status === 'starting') return
    if (this.#held && !mayExist) this.#end('signed-out')
    else if (!this.#held && mayExist) {
      this.#starting = undefined
      void this.start()
    }
  }
}
