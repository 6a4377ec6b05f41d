/** The part of a request that flows and stores receive. It depends on no HTTP framework. */
import type { Database } from './db'
import type { GuardedDatabase } from './db/session-guard'
import type { Keyring } from './security/keyring'
import type { Settings } from './settings'

/** The scopes of access tokens (RFC 6749 §3.3). */
export const SCOPES = ['posts:write', 'account', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The user and session of a verified access token. Only D1 knows if the session is active. */
export interface Caller {
  userId: number
  sessionId: string
  clientId: string
  scope: readonly string[]
}

/** The part that all requests have. */
interface Circumstances {
  /** The only clock of a request. */
  now: Date
  /**
   * Approximate client location, e.g. `Vienna, AT`, or null. Computed on first use, because reading
   * `request.cf` is slow.
   */
  readonly location: string | null
  keys: Keyring
  settings: Settings
}

/** The caller of a route with `access`. Its database executes guarded statements only. */
export interface Actor extends Circumstances {
  db: GuardedDatabase
  caller: Caller
}

/** The client of a route without `access`. */
export interface AnonymousActor extends Circumstances {
  db: Database
}
