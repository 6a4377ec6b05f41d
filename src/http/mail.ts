/** Mail that a request causes: sent behind the answer, so that it neither slows the request nor makes it fail. */
import type { Context } from 'hono'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'

/** Sends a mail once the transaction stands. */
// biome-ignore lint/suspicious/noExplicitAny: fits any route's context
export function mailLater(c: Context<any, any, any>, mail: Mail): void {
  c.executionCtx.waitUntil(deliver(c.env.MAIL, c.var.settings.mailFrom, mail, isAtHome(c)))
}

const LOCAL = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/

/** `npm run dev`: both the configured origin and the address that was asked are this machine. A deployed Worker has neither. */
// biome-ignore lint/suspicious/noExplicitAny: fits any route's context
const isAtHome = (c: Context<any, any, any>) =>
  LOCAL.test(c.var.settings.appOrigin) && LOCAL.test(c.req.url)
