/** Mail that a request causes: sent behind the answer, so that it neither slows the request nor makes it fail. */
import type { AnyContext } from '../context'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'

/** Sends a mail once the transaction stands; after `delay` milliseconds, when it must not show in the time of any answer. */
export function mailLater(c: AnyContext, mail: Mail | (() => Mail), delay = 0): void {
  const write = async () => {
    if (delay > 0) await scheduler.wait(delay)
    const written = typeof mail === 'function' ? mail() : mail
    await deliver(c.env.MAIL, c.var.settings.mailFrom, written, isAtHome(c))
  }
  c.executionCtx.waitUntil(write())
}

const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** `npm run dev`: APP_ORIGIN is this machine, and the request did not come through Cloudflare, which adds `CF-Ray` to each. A deployed Worker never shows a link, even with the wrong APP_ORIGIN. */
const isAtHome = (c: AnyContext) =>
  LOCAL.test(c.var.settings.appOrigin) && c.req.header('CF-Ray') === undefined
