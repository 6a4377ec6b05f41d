/** What a flow or a store receives of a request. `http/actor.ts` builds it; no Hono is needed to use it. */
import type { Database } from './db'
import type { GuardedDatabase } from './db/session-guard'
import type { Keyring } from './security/keyring'
import type { Settings } from './settings'

/** What a token can be allowed to do (RFC 6749 §3.3). */
export const SCOPES = ['posts:write', 'account', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The user and session of a verified access token. Whether the session is active, only D1 knows. */
export interface Caller {
  userId: number
  sessionId: string
  clientId: string
  scope: readonly string[]
}

/** What every request has. */
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

/** The caller of a route with `access`. Its database executes only what the session guard permits. */
export interface Actor extends Circumstances {
  db: GuardedDatabase
  caller: Caller
}

/** The client of a route without `access`. */
export interface AnonymousActor extends Circumstances {
  db: Database
}
