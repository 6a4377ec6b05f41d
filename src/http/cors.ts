/** Which other origins may call: the exact list of ALLOWED_ORIGINS, never reflected, never `*`. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv } from '../context'

const answer = cors({
  // `null` and anything unlisted get no header at all.
  origin: (origin, c) => (c.var.settings.allowedOrigins.has(origin) ? origin : null),
  credentials: true,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  // A fixed list: hono would otherwise echo what the preflight asks for.
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

/** Any other origin, and none, goes on without a word of CORS; `Vary` keeps caches from mixing the two. */
export const corsHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('Origin')
  if (origin && c.var.settings.allowedOrigins.has(origin)) return answer(c, next)
  c.header('Vary', 'Origin', { append: true })
  return next()
}
