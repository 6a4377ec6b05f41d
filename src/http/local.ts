/** Whether the service runs on the machine of a developer. */
import type { AnyContext } from '../context'

const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * True under `npm run dev`: APP_ORIGIN is this machine and the request has no `CF-Ray`, which
 * Cloudflare adds to every request. A deployed Worker is never local.
 */
export const isLocal = (c: AnyContext) =>
  LOCAL.test(c.var.settings.appOrigin) && c.req.header('CF-Ray') === undefined
