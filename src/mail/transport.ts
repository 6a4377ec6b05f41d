/** Passes a mail to a provider. */
import type { Settings } from '../settings'

export interface Message {
  from: Settings['mailFrom']
  to: string
  subject: string
  text: string
  html: string
}

/** Cloudflare's Email binding, or another provider with the same method. */
export interface Transport {
  /** Resolves when the provider took the message; rejects with an error that has a `code`. */
  send(message: Message): Promise<unknown>
}

/** The provider did not take the message. `code` is the provider's own, or `timeout`. */
export class MailFailed extends Error {
  override name = 'MailFailed'
  constructor(readonly code: string) {
    super(code)
  }
}
