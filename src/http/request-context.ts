/** What surrounds every request: its id, clock, settings and database; the headers, the log line and the timing of its answer. */
import type { Context, MiddlewareHandler, Next } from 'hono'
import { matchedRoutes } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from '../context'
import { openDatabase } from '../db'
import { openKeyring } from '../security/keyring'
import { logLine } from '../security/log-line'
import { ConfigurationError, readSettings } from '../settings'
import { anonymousActor } from './actor'
import { drainBody } from './body-reader'
import { readBookmark, setBookmark } from './bookmark'
import { problem } from './problem'

/** Headers of every answer of the Worker. Pages and docs, which are files, have theirs from `_headers`. */
export const securityHeaders = secureHeaders({
  strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  // A SPA on a listed origin reads the API and shows pictures; CORS decides who may.
  crossOriginResourcePolicy: 'cross-origin',
  crossOriginOpenerPolicy: 'same-origin',
  // Of use to plug-ins and browsers that are gone.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  removePoweredBy: false,
})

/**
 * Gives the request its id and clock, logs it, and tells its cost while SERVER_TIMING is on. A request whose client has gone still goes to its
 * end: workerd would forget it between two steps, with its log line and what it holds of the isolate, were there nothing to wait for.
 * On Cloudflare that is 30 seconds at most.
 */
export const frame: MiddlewareHandler<AppEnv> = (c, next) => {
  const done = handleRequest(c, next)
  c.executionCtx.waitUntil(done)
  return done
}

async function handleRequest(c: Context<AppEnv>, next: Next): Promise<void> {
  const start = performance.now()
  const requestId = crypto.randomUUID()
  const trips = { count: 0, ms: 0 }
  c.set('requestId', requestId)
  c.set('now', new Date())
  c.set('trips', trips)
  c.set('hashStats', { ms: 0 })
  // Cloudflare's word about a client is parsed anew at each look at it.
  let location: string | null | undefined
  c.set('location', () => {
    if (location === undefined) location = place(c)
    return location
  })
  await next()
  // Not c.header(), which makes a new Response of the finished one for each header, nor c.var, which copies every variable.
  const { headers } = c.res
  const hashMs = c.get('hashStats').ms
  headers.set('X-Request-Id', requestId)
  setBookmark(c)
  if (c.get('settings')?.serverTiming) {
    headers.set(
      'Server-Timing',
      `d1;dur=${trips.ms.toFixed(1)};desc="trips=${trips.count}", hash;dur=${hashMs.toFixed(1)}`,
    )
  }
  // Personal answers are never stored; a public one says so itself.
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  console.log(
    logLine({
      event: 'request',
      request_id: requestId,
      method: c.req.method,
      route: routeOf(c),
      status: c.res.status,
      trips: trips.count,
      d1_ms: Math.round(trips.ms),
      hash_ms: Math.round(hashMs),
      ms: Math.round(performance.now() - start),
      user_id: c.get('caller')?.userId,
    }),
  )
  // Who asked first (Expect: 100-continue) has sent nothing yet, and need not.
  if (!c.req.header('Expect')) await drainBody(c)
}

/** The pattern of the route that answered: the first that is more than middleware of all, since `/users/me` also fits `/users/:id`. */
const routeOf = (c: Context<AppEnv>) =>
  matchedRoutes(c).find(({ path }) => !path.includes('*'))?.path ?? '/*'

/** Reads the settings, or answers 503 with the name of the one that is wrong (ASVS 13.3); opens what needs them. */
export const loadSettings: MiddlewareHandler<AppEnv> = async (c, next) => {
  try {
    const settings = readSettings(c.env)
    c.set('settings', settings)
    c.set('keys', await openKeyring(settings))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    console.error(logLine({ event: 'misconfigured', error: error.message }))
    return problem(c, 'misconfigured', { detail: error.message, retryAfter: 60 })
  }
  const db = openDatabase(c.env.DB, c.get('trips'), readBookmark(c))
  c.set('db', db)
  c.set('actor', anonymousActor(c, db))
  return next()
}

/** City and country as Cloudflare saw the client; coarse on purpose, it is shown to the account's owner. */
function place(c: Context<AppEnv>): string | null {
  const cf = c.req.raw.cf
  const parts = [cf?.city, cf?.country].filter((p): p is string => typeof p === 'string')
  return parts.length > 0 ? parts.join(', ').slice(0, 100) : null
}
