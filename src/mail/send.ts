/** One mail to one person. Everything is checked here, because the providers check little. */
import { logLine } from '../security/log-line'
import { explain } from './failure'
import type { Message, Transport } from './transport'

export interface Mail extends Omit<Message, 'from'> {
  /** The link that the mail is about; printed to the console under `npm run dev`. */
  link?: string
}

/** A mail that must not be sent. The message names the rule and no address. */
export class MailRefused extends Error {
  override name = 'MailRefused'
}

/** One address: no list, no name, no character that ends a header or the envelope. */
const ADDRESS = /^[^\s<>@,;:"()[\]\\\p{Cc}]{1,250}@[^\s<>@,;:"()[\]\\\p{Cc}]{1,250}$/u
const SUBJECT = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u

/**
 * Sends a mail and resolves when the provider took it.
 * @throws MailRefused for a mail that must not be sent, and whatever the transport throws.
 */
export async function send(
  transport: Transport,
  from: Message['from'],
  { to, subject, text, html }: Mail,
): Promise<void> {
  if (!ADDRESS.test(to)) throw new MailRefused('the recipient must be one plain address')
  if (!SUBJECT.test(subject))
    throw new MailRefused('the subject must be one line of 1 to 200 characters')
  if (!text.trim() || !html.trim()) throw new MailRefused('the text is missing')
  await transport.send({ from, to, subject, text, html })
}

/**
 * Sends a mail whose failure must not matter to the request that caused it: for `waitUntil`. Never
 * rejects. A failure is one line in the log, with the provider's code, advice, and no address. With
 * `show`, the console shows recipient, subject and link; production must not, since a link is a
 * secret.
 */
export async function deliver(
  transport: Transport,
  from: Message['from'],
  mail: Mail,
  show: boolean,
): Promise<void> {
  if (show) {
    console.log(`Mail to ${mail.to}: ${mail.subject}${mail.link ? `\n  ${mail.link}` : ''}`)
  }
  try {
    await send(transport, from, mail)
  } catch (error) {
    console.error(logLine({ event: 'mail_failed', subject: mail.subject, ...describe(error) }))
  }
}

/** Without the error's message, which may quote the address (`email to … not allowed`). */
function describe(error: unknown) {
  if (error instanceof MailRefused) return { error: error.name, reason: error.message }
  const { name, code } = error as { name?: unknown; code?: unknown }
  return { error: String(name), code, ...explain(code) }
}
