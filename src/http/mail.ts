/** Mail that a request causes: sent behind the answer, so that it neither slows the request nor makes it fail. */
import type { AnyContext } from '../context'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'

/** Sends a mail once the transaction stands. */
export function mailLater(c: AnyContext, mail: Mail): void {
  c.executionCtx.waitUntil(deliver(c.env.MAIL, c.var.settings.mailFrom, mail, isAtHome(c)))
}

const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/** `npm run dev`: APP_ORIGIN is this machine, and the request did not come through Cloudflare, which adds `CF-Ray` to each. A deployed Worker never shows a link, even with the wrong APP_ORIGIN. */
const isAtHome = (c: AnyContext) =>
  LOCAL.test(c.var.settings.appOrigin) && c.req.header('CF-Ray') === undefined
