/** Builds the actor of a request, the only thing of it that flows and stores receive. */
import type { Context } from 'hono'
import type { Actor, AnonymousActor, Caller } from '../actor'
import type { AnyContext, AppEnv } from '../context'
import { type Database, openDatabase } from '../db'
import { GuardedDatabase, type StepUp } from '../db/session-guard'

/** The actor of a route without `access`. */
export function anonymousActor(c: Context<AppEnv>, db: Database): AnonymousActor {
  const location = c.get('location')
  return {
    db,
    now: c.get('now'),
    keys: c.get('keys'),
    settings: c.get('settings'),
    get location() {
      return location()
    },
  }
}

/** The actor of a route with `access`: each batch of its database requires `stepUp`. */
export function callerActor(c: Context<AppEnv>, caller: Caller, stepUp: StepUp = {}): Actor {
  const location = c.get('location')
  return {
    db: new GuardedDatabase(c.get('db'), stepUp),
    caller,
    now: c.get('now'),
    keys: c.get('keys'),
    settings: c.get('settings'),
    get location() {
      return location()
    },
  }
}

/**
 * A database for maintenance after the response, when the session of the caller may have ended. Not
 * for work on behalf of the caller.
 */
export const maintenanceDatabase = (c: AnyContext): Database =>
  openDatabase((c.env as Env).DB, { count: 0, ms: 0 })
