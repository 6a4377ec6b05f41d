/** The form of all mails. */
import { escapeHtml } from '../security/html'
import type { Mail } from './send'

/**
 * The account that a mail is about. A mail to an unproven address contains no words that its
 * account chose: a stranger may have registered the address to send them.
 */
export interface Recipient {
  email: string
  username: string
  emailVerified: boolean
}

/** The paragraphs of a mail, with a link between them. */
interface Content {
  before: string[]
  link?: string
  action?: string
  after?: string[]
}

/** Puts a mail together, as plain text and as HTML. */
export function compose(
  to: Recipient,
  subject: string,
  { before, link, action, after = [] }: Content,
): Mail {
  const greeting = to.emailVerified ? `Hello ${to.username},` : 'Hello,'
  const paragraphs = (texts: string[]) => texts.map((text) => `<p>${escapeHtml(text)}</p>`)
  const button = link
    ? [`<p><a href="${escapeHtml(link)}">${escapeHtml(action ?? link)}</a></p>`]
    : []
  const copy = link ? [`<p>Or copy it: ${escapeHtml(link)}</p>`] : []
  return {
    to: to.email,
    subject,
    text: [greeting, ...before, ...(link ? [link] : []), ...after, 'Gatepost'].join('\n\n') + '\n',
    html: [
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head><body>`,
      ...paragraphs([greeting, ...before]),
      ...button,
      ...copy,
      ...paragraphs([...after, 'Gatepost']),
      '</body></html>',
    ].join('\n'),
    ...(link && { link }),
  }
}
