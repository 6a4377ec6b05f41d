/** What each request carries: the bindings of the Worker, and what the first middleware puts beside them. */
import type { Context } from 'hono'
import type { Database, Trips } from './db'
import type { Keyring } from './security/keyring'
import type { Settings } from './settings'

/** What a token can be allowed to do (RFC 6749 §3.3). */
export const SCOPES = ['posts:write', 'account', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who asks, as the access token says; whether the session still lives is asked of D1 by `db/live`. */
export interface Caller {
  userId: number
  sessionId: string
  clientId: string
  scope: readonly string[]
}

export interface AppEnv {
  Bindings: Env
  Variables: {
    requestId: string
    /** The only clock of a request. */
    now: Date
    settings: Settings
    keys: Keyring
    db: Database
    trips: Trips
    /** Milliseconds spent in Argon2id. */
    hashMs: number
    /** Set where the route asks for a token, and only there. */
    caller?: Caller
    /** Coarse place of the client, e.g. `Vienna, AT`; null when Cloudflare does not know it. Asked only where it is kept: Cloudflare's word about a client is long. */
    location: () => string | null
  }
}

/** The context of a route that asks for a token. */
export interface CallerEnv extends AppEnv {
  Variables: AppEnv['Variables'] & { caller: Caller }
}

/** Any route's context: for what needs only `c.var` and fits every path and input. */
// biome-ignore lint/suspicious/noExplicitAny: hono's contexts of two paths do not fit each other
export type AnyContext = Context<any, any, any>
