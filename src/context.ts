/** Hono's context: the bindings of the Worker, and the variables that middleware sets. */
import type { Context } from 'hono'
import type { Actor, AnonymousActor, Caller } from './actor'
import type { Database, Trips } from './db'
import type { Keyring } from './security/keyring'
import type { Settings } from './settings'

interface Variables {
  requestId: string
  /** The only clock of a request. */
  now: Date
  settings: Settings
  keys: Keyring
  trips: Trips
  /** Milliseconds spent in Argon2id, and the function that ends the admission of the request. */
  hashing: { ms: number; release: (() => void) | null }
  /** For the log: the code of the problem, or of the OAuth error, that was answered. */
  outcome?: { problem?: string }
  /** The policy of a response that is a page. Every other response has the strictest one. */
  contentSecurityPolicy?: string
  /** Set on routes that require a token, and on those that accept one and got a valid one. */
  caller?: Caller
  /** Approximate client location, e.g. `Vienna, AT`, or null. */
  location: () => string | null
}

/** The context of a route for anyone, and of middleware. */
export interface AppEnv {
  Bindings: Env
  Variables: Variables & { db: Database; actor: AnonymousActor }
}

/** The context of a route with `access`. It has no database but the guarded one of its actor. */
export interface CallerEnv {
  Bindings: Omit<Env, 'DB'>
  Variables: Variables & { caller: Caller; actor: Actor }
}

/** The common part of the contexts of all routes. */
interface CommonEnv {
  Bindings: Omit<Env, 'DB'>
  Variables: Variables
}
/** The context of a route for anyone, whatever its path and input. */
// biome-ignore lint/suspicious/noExplicitAny: paths and inputs of two routes do not fit each other
export type AppContext = Context<AppEnv, any, any>
/** The context of a route with `access`, whatever its path and input. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type CallerContext = Context<CallerEnv, any, any>
/** Any route's context, for what only reads it. hono's `set` would tie it to one kind of route. */
// biome-ignore lint/suspicious/noExplicitAny: paths and inputs of two routes do not fit each other
export type AnyContext = Omit<Context<CommonEnv, any, any>, 'set'>
