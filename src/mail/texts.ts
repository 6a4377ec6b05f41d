/** Every mail that Gatepost sends: plain text, and the same as HTML. Nothing in it was typed by a stranger but names and addresses. */
import type { Mail } from './send'

/** What is known of the recipient. */
export interface Recipient {
  email: string
  username: string
}

/** The page that reads the token posts it. In the fragment it reaches no server, no log and no `Referer`. */
const linkTo = (origin: string, page: 'verify' | 'reset', token: string) =>
  `${origin}/${page}#token=${token}`

/** To a new account: proves that the address is its owner's. */
export function verifyAddress(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Confirm your e-mail address', {
    before: ['Welcome to Gatepost. Open this link to confirm that this address is yours:'],
    link: linkTo(origin, 'verify', token),
    action: 'Confirm the address',
    after: [
      'The link works once, for 24 hours.',
      'If you did not make an account, do nothing: without the link nobody can prove that this address is theirs.',
    ],
  })
}

/** To somebody who forgot the password. */
export function resetPassword(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Reset your password', {
    before: [
      'Somebody, hopefully you, asked for a new password for your account. Open this link to choose one:',
    ],
    link: linkTo(origin, 'reset', token),
    action: 'Choose a new password',
    after: [
      'The link works once, for one hour. A newer link makes this one useless.',
      'If it was not you, do nothing: your password stays as it is.',
    ],
  })
}

/** To the new address of an account: nothing changes before the link is used. */
export function confirmChange(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Confirm your new e-mail address', {
    before: [`Open this link to make this the address of the account ${to.username}:`],
    link: linkTo(origin, 'verify', token),
    action: 'Use this address',
    after: [
      'The link works once, for 24 hours. Until then the account keeps its former address.',
      'If you do not know this account, do nothing.',
    ],
  })
}

/** To the present address, when a change is asked for. */
export function changeRequested(origin: string, to: Recipient, newEmail: string): Mail {
  return compose(to, 'A change of your e-mail address was requested', {
    before: [
      `Somebody who knows your password asked to change the address of your account to ${newEmail}.`,
      'Nothing has changed yet: the link that was sent there must be opened first.',
      `If it was not you, change your password now; that makes the link useless: ${origin}`,
    ],
  })
}

/** To the former address, when the change is done. */
export function addressChanged(origin: string, to: Recipient, newEmail: string): Mail {
  return compose(to, 'Your e-mail address was changed', {
    before: [
      `The address of your account is now ${newEmail}. Mails about the account no longer come here.`,
      `If it was not you, somebody else has your password: write to those who run ${origin}.`,
    ],
  })
}

/** To the owner of an address that somebody else wanted to move to. */
export function addressWanted(origin: string, to: Recipient): Mail {
  return compose(to, 'Somebody tried to use your e-mail address', {
    before: [
      'Somebody asked to make this the address of another account. Your account has it, so nothing was changed and nothing was told to them.',
      `If it was you, and you want to merge two accounts, delete one of them first: ${origin}`,
    ],
  })
}

/** After a change with the old password. */
export function passwordChanged(origin: string, to: Recipient): Mail {
  return compose(to, 'Your password was changed', {
    before: [
      'The password of your account was changed, and everybody else who was signed in to it is signed out.',
      `If it was not you, ask for a new password now: ${origin}/forgot`,
    ],
  })
}

/** After a reset through a mailed link. */
export function passwordWasReset(origin: string, to: Recipient): Mail {
  return compose(to, 'Your password was reset', {
    before: [
      'A new password was set for your account with a link from a mail to this address. Everybody who was signed in is signed out.',
      `If it was not you, somebody else reads your mail. Secure your mailbox, then ask for a new password: ${origin}/forgot`,
    ],
  })
}

/** After the account is gone. */
export function accountDeleted(origin: string, to: Recipient): Mail {
  return compose(to, 'Your account was deleted', {
    before: [
      `Your account at ${origin}, its posts and its picture are deleted. This is the last mail about it.`,
      'If it was not you, somebody else had your password: change it wherever you use it.',
    ],
  })
}

interface Content {
  before: string[]
  link?: string
  action?: string
  after?: string[]
}

function compose(
  to: Recipient,
  subject: string,
  { before, link, action, after = [] }: Content,
): Mail {
  const greeting = `Hello ${to.username},`
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

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (ch) => ENTITIES[ch] as string)
