/** Whether the service runs on the machine of a developer. */
import type { AnyContext } from '../context'
import { isLoopback } from '../security/loopback'

/**
 * True under `npm run dev`: APP_ORIGIN is this machine and the request has no `CF-Ray`, which
 * Cloudflare adds to every request. A deployed Worker is never local.
 */
export const isLocal = (c: AnyContext) =>
  isLoopback(new URL(c.get('settings').appOrigin)) && c.req.header('CF-Ray') === undefined
