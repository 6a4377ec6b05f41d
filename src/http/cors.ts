/** CORS for the exact origins of ALLOWED_ORIGINS; never reflected, never `*`. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv } from '../context'
import { logLine } from '../security/log-line'
import { isLocal } from './local'

const answer = cors({
  // `null` and unlisted origins get no header.
  origin: (origin, c) => (c.var.settings.allowedOrigins.has(origin) ? origin : null),
  credentials: true,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  // Without a list, hono echoes the headers that the preflight requests.
  allowHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'If-Match',
    'If-None-Match',
    'X-D1-Bookmark',
  ],
  exposeHeaders: [
    'ETag',
    'Location',
    'Retry-After',
    'WWW-Authenticate',
    'X-D1-Bookmark',
    'X-Request-Id',
  ],
  maxAge: 600,
})

/**
 * Requests from other origins, or without `Origin`, get no CORS headers; `Vary` separates caches.
 */
export const corsHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('Origin')
  const { allowedOrigins, appOrigin } = c.get('settings')
  if (origin && allowedOrigins.has(origin)) return answer(c, next)
  // The browser tells a page nothing about the reason; `npm run dev` shows this line once.
  if (origin && origin !== appOrigin && isLocal(c))
    console.log(logLine({ event: 'origin_not_listed', origin: origin.slice(0, 200) }))
  c.header('Vary', 'Origin', { append: true })
  return next()
}
