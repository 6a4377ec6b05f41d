/** Sends mail after the response, so that it neither delays a request nor makes it fail. */
import type { AnyContext } from '../context'
import { transportOf } from '../mail/provider'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'
import { isLocal } from './local'

/**
 * Sends the mail after the response; `delay` (milliseconds) hides the work from response timing.
 */
export function mailLater(c: AnyContext, mail: Mail | (() => Mail), delay = 0): void {
  const write = async () => {
    if (delay > 0) await scheduler.wait(delay)
    const written = typeof mail === 'function' ? mail() : mail
    const settings = c.get('settings')
    const transport = transportOf(settings, c.env.MAIL)
    await deliver(transport, settings.mailFrom, written, isLocal(c))
  }
  c.executionCtx.waitUntil(write())
}
