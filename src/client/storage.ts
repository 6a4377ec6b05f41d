/** Where the refresh token is kept, and the requests that use it. */
import type { Operations, UserPrivate } from './api'
import type { BodyOf, PathValues } from './operations'

/**
 * `cookie`: in a cookie that no script can read, for an app of the same site as the API.
 * `memory`: until the last tab closes; `localStorage`: until it expires. Both work on any site, and
 * a script that gets into the page can read both.
 */
export type StorageKind = 'cookie' | 'memory' | 'localStorage'

/** The result of signing in and of refreshing. */
export interface Grant {
  access_token: string
  /** Seconds. */
  expires_in: number
  user: UserPrivate
}

/** Operations that sign in: those that answer as `POST /api/session` does. */
export type SignInOperation = {
  [K in keyof Operations]: Operations[K]['answer'] extends Operations['POST /api/session']['answer']
    ? K
    : never
}[keyof Operations]

export interface SessionStorage {
  /** Whether a session may exist; undefined: only the server knows. */
  mayExist(): boolean | undefined
  /** Whether another tab may have a session that this one cannot find by itself. */
  readonly isPerTab: boolean
  /** `path`: the values of the operation's path. @throws ApiProblem */
  signIn<K extends SignInOperation>(
    operation: K,
    body: BodyOf<K>,
    path?: PathValues,
  ): Promise<Grant>
  /** Undefined: there is no session. `user` is the one known already. @throws ApiProblem */
  refresh(user?: UserPrivate): Promise<Grant | undefined>
  /** @throws ApiProblem */
  signOut(): Promise<void>
  /** Called after a session was opened, here or in another tab that sends its refresh token. */
  opened(refreshToken?: string): void
  /** Called before the page leaves for a sign-in that ends in the cookie. @throws TypeError */
  leaving(): void
  ended(): void
  /** The refresh token for other tabs, where they cannot read it themselves. */
  share(): string | undefined
}
