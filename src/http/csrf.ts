/** Rejects cross-site requests with cookies (ASVS 3.5), except from ALLOWED_ORIGINS. */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../context'
import { problem } from './problem'

/**
 * Browsers send `Origin` with every POST and DELETE, and `Sec-Fetch-Site`, which no page can set.
 * Both must agree. A client that sends neither is no browser, so no other site can use its cookie.
 */
export const csrf: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { appOrigin, allowedOrigins } = c.var.settings
  const origin = c.req.header('Origin')
  const site = c.req.header('Sec-Fetch-Site')
  const listed = origin !== undefined && allowedOrigins.has(origin)
  const sameOrigin =
    (origin === undefined || origin === appOrigin) &&
    (site === undefined || site === 'same-origin' || site === 'none')
  if (!listed && !sameOrigin) return problem(c, 'cross-site')
  return next()
}
