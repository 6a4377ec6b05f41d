/** One mail to one person, through Cloudflare's Email binding. Everything is checked here, since the binding checks little. */

import { logLine } from '../security/log-line'
import type { Settings } from '../settings'

export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The link that the mail is about; printed to the console where somebody develops. */
  link?: string
}

/** A mail that must not leave the house; the message names the rule and no address. */
export class MailRefused extends Error {
  override name = 'MailRefused'
}

/** One address: no list, no name, nothing that could end the header or the envelope. */
const ADDRESS = /^[^\s<>@,;:"()[\]\\\p{Cc}]{1,250}@[^\s<>@,;:"()[\]\\\p{Cc}]{1,250}$/u
const SUBJECT = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u

/**
 * Sends a mail and resolves when the binding took it.
 * @throws MailRefused for what must not be sent, and whatever the binding throws.
 */
export async function send(
  binding: Pick<SendEmail, 'send'>,
  from: Settings['mailFrom'],
  { to, subject, text, html }: Mail,
): Promise<void> {
  if (!ADDRESS.test(to)) throw new MailRefused('the recipient must be one plain address')
  if (!SUBJECT.test(subject))
    throw new MailRefused('the subject must be one line of 1 to 200 characters')
  if (!text.trim() || !html.trim()) throw new MailRefused('the text is missing')
  await binding.send({ from, to, subject, text, html })
}

/**
 * Sends a mail whose failure must not matter to the request that caused it: for `waitUntil`. Never rejects; a failure is a
 * line in the log, with the binding's error code and without the address. With `show`, the console tells recipient,
 * subject and link, so that somebody who develops can open it; production must not, since a link is a secret.
 */
export async function deliver(
  binding: Pick<SendEmail, 'send'>,
  from: Settings['mailFrom'],
  mail: Mail,
  show: boolean,
): Promise<void> {
  if (show) {
    console.log(`Mail to ${mail.to}: ${mail.subject}${mail.link ? `\n  ${mail.link}` : ''}`)
  }
  try {
    await send(binding, from, mail)
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown }
    // The binding's message may quote the address (`email to … not allowed`): its code says enough.
    const reason = error instanceof MailRefused ? error.message : undefined
    console.error(
      logLine({
        event: 'mail_failed',
        subject: mail.subject,
        error: String(name),
        code,
        reason,
      }),
    )
  }
}
