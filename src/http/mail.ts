/** Sends mail after the response, so that it neither delays a request nor makes it fail. */
import type { AnyContext } from '../context'
import { transportOf } from '../mail/provider'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'

/**
 * Sends the mail after the response; `delay` (milliseconds) hides the work from response timing.
 */
export function mailLater(c: AnyContext, mail: Mail | (() => Mail), delay = 0): void {
  const write = async () => {
    if (delay > 0) await scheduler.wait(delay)
    const written = typeof mail === 'function' ? mail() : mail
    const settings = c.get('settings')
    const transport = transportOf(settings, c.env.MAIL)
    await deliver(transport, settings.mailFrom, written, isAtHome(c))
  }
  c.executionCtx.waitUntil(write())
}

const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * True under `npm run dev`: APP_ORIGIN is this machine and the request has no `CF-Ray`, which
 * Cloudflare adds to every request. A deployed Worker never prints a link.
 */
const isAtHome = (c: AnyContext) =>
  LOCAL.test(c.var.settings.appOrigin) && c.req.header('CF-Ray') === undefined
