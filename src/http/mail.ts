/** Sends mail after the response, so that it neither delays a request nor makes it fail. */
import type { AnyContext } from '../context'
import { transportOf } from '../mail/provider'
import type { Mail } from '../mail/send'
import { deliver } from '../mail/send'
import { isLocal } from './local'

/** Sends the mail after the response. */
export function mailLater(c: AnyContext, mail: Mail): void {
  c.executionCtx.waitUntil(sendNow(c, mail))
}

/**
 * Composes and sends the mail after the response and a random delay, so that response times do not
 * show whether an address gets one.
 */
export function mailAfterDelay(c: AnyContext, composeMail: () => Mail): void {
  const send = async () => {
    await scheduler.wait(50 + Math.random() * 200)
    await sendNow(c, composeMail())
  }
  c.executionCtx.waitUntil(send())
}

async function sendNow(c: AnyContext, mail: Mail): Promise<void> {
  const settings = c.get('settings')
  const transport = transportOf(settings, c.env.MAIL)
  await deliver(transport, settings.mailFrom, mail, isLocal(c))
}
