/**
 * The context of every request (id, clock, settings, database), its response headers and log line.
 */
import type { Context, MiddlewareHandler, Next } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from '../context'
import { openDatabase } from '../db'
import { openKeyring } from '../security/keyring'
import { logLine } from '../security/log-line'
import { ConfigurationError, readSettings } from '../settings'
import { anonymousActor } from './actor'
import { drainBody } from './body/reader'
import { readBookmark, setBookmark } from './bookmark'
import { problem } from './problem'
import { logRequest, serverTiming } from './request-log'

/** Security headers of every response of the Worker. Static assets get theirs from `_headers`. */
const defaultHeaders = secureHeaders({
  strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  // SPAs on other origins read the API and show pictures; CORS decides which.
  crossOriginResourcePolicy: 'cross-origin',
  crossOriginOpenerPolicy: 'same-origin',
  // For obsolete plug-ins and browsers.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  removePoweredBy: false,
})

/** The security headers, with the policy of a page that needs one of its own. */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await defaultHeaders(c, next)
  const policy = c.get('contentSecurityPolicy')
  if (policy) c.res.headers.set('Content-Security-Policy', policy)
}

/**
 * Sets the request's id and clock, logs it, and adds Server-Timing while SERVER_TIMING is on.
 * Registered with `waitUntil` so that the request completes even if the client disconnects;
 * otherwise its log line and leases would be lost. Cloudflare allows 30 seconds.
 */
export const requestContext: MiddlewareHandler<AppEnv> = (c, next) => {
  const done = handleRequest(c, next)
  c.executionCtx.waitUntil(done)
  return done
}

async function handleRequest(c: Context<AppEnv>, next: Next): Promise<void> {
  const start = performance.now()
  const requestId = crypto.randomUUID()
  c.set('requestId', requestId)
  c.set('now', new Date())
  c.set('trips', { count: 0, ms: 0 })
  c.set('hashing', { ms: 0, release: null })
  c.set('outcome', {})
  // Reading `request.cf` re-parses it on every access, so the location is computed lazily and
  // cached.
  let location: string | null | undefined
  c.set('location', () => {
    if (location === undefined) location = clientLocation(c)
    return location
  })
  await next()
  // c.header() would copy the finished Response for each header, and c.var copies every variable.
  const { headers } = c.res
  headers.set('X-Request-Id', requestId)
  setBookmark(c)
  if (c.get('settings')?.serverTiming) headers.set('Server-Timing', serverTiming(c))
  // Responses are not stored unless they say so.
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  logRequest(c, performance.now() - start)
  // With `Expect: 100-continue` the client has not sent a body yet; there is nothing to drain.
  if (!c.req.header('Expect')) await drainBody(c)
}

/**
 * Reads the settings and opens keys and database, or responds 503 and names the wrong setting (ASVS
 * 13.3).
 */
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

/** City and country of the client by Cloudflare; coarse, because the account's owner sees it. */
function clientLocation(c: Context<AppEnv>): string | null {
  const cf = c.req.raw.cf
  const parts = [cf?.city, cf?.country].filter((p): p is string => typeof p === 'string')
  return parts.length > 0 ? parts.join(', ').slice(0, 100) : null
}
