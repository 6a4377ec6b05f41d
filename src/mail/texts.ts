/** The texts of all mails. */
import { durationText, LINK_LIFETIME_MS } from '../limits'
import { compose, type Recipient } from './compose'
import type { Mail } from './send'

/** The fragment reaches no server, no log and no `Referer`; the page posts the token on a click. */
const linkTo = (origin: string, page: 'verify' | 'reset' | 'sign-in/link', token: string) =>
  `${origin}/${page}#token=${token}`

/** How long a link works, as the end of a sentence. */
const lifetime = (link: keyof typeof LINK_LIFETIME_MS) => durationText(LINK_LIFETIME_MS[link])

/** To a new account: asks to confirm the address. */
export function verifyAddress(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Confirm your email address', {
    before: [`An account at ${origin} was created with this address. Is it yours?`],
    link: linkTo(origin, 'verify', token),
    action: 'Review and confirm',
    after: [
      `The link works once, for ${lifetime('verify')}.`,
      'If you did not register, open the link and choose “I did not register”, or ignore this email.',
    ],
  })
}

/** To a user who forgot the password. */
export function resetPassword(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Reset your password', {
    before: [`We received a request to reset the password of your account at ${origin}.`],
    link: linkTo(origin, 'reset', token),
    action: 'Choose a new password',
    after: [
      `The link works once, for ${lifetime('reset')}. A newer link replaces it.`,
      'If you did not ask for it, ignore this email: your password stays as it is.',
    ],
  })
}

/** To a user who wants to sign in without a password. */
export function signInLink(origin: string, to: Recipient, token: string): Mail {
  return compose(to, 'Your sign-in link', {
    before: [`We received a request to sign in to your account at ${origin} by email.`],
    link: linkTo(origin, 'sign-in/link', token),
    action: 'Sign in',
    after: [
      `The link works once, for ${lifetime('signIn')}, in the browser where you asked for it. A newer link replaces it.`,
      'Do not forward this email. If you did not ask for it, ignore it: your account stays as it is.',
    ],
  })
}

/** To the new address of an account. Nothing changes before the link is used. */
export function confirmChange(origin: string, to: Pick<Recipient, 'email'>, token: string): Mail {
  return compose(
    { email: to.email, username: '', emailVerified: false },
    'Confirm your new email address',
    {
      before: [`An account at ${origin} asks to use this address. Is it yours?`],
      link: linkTo(origin, 'verify', token),
      action: 'Review and confirm',
      after: [
        `The link works once, for ${lifetime('change')}. Until then the account keeps its previous address.`,
        'If you do not know this account, open the link and say so, or ignore this email.',
      ],
    },
  )
}

/** To the current address, when a change is requested. */
export function changeRequested(origin: string, to: Recipient, newEmail: string): Mail {
  return compose(to, 'A change of your email address was requested', {
    before: [
      `A change of the email address of your account to ${to.emailVerified ? newEmail : 'another address'} was requested by a signed-in user.`,
      'Nothing has changed yet: the link that was sent to the new address must be used first.',
      `If this was not you, choose a new password now. That makes the link invalid: ${origin}/forgot`,
    ],
  })
}

/** To the previous address, when the change is done. */
export function addressChanged(origin: string, to: Recipient, newEmail: string): Mail {
  return compose(to, 'Your email address was changed', {
    before: [
      `Your account now uses ${to.emailVerified ? newEmail : 'another email address'}. Emails about it no longer come here.`,
      `If this was not you, another person has used your account. Contact the operator of ${origin}.`,
    ],
  })
}

/** To the owner of an address that another account wanted to use. */
export function addressWanted(origin: string, to: Recipient): Mail {
  return compose(to, 'Another account tried to use your email address', {
    before: [
      'Another account asked to use this address. It belongs to your account, so nothing was changed, and the other account was not told.',
      `If this was you and you want to merge two accounts, delete one of them first: ${origin}`,
    ],
  })
}

/** After a change with the current password. */
export function passwordChanged(origin: string, to: Recipient): Mail {
  return compose(to, 'Your password was changed', {
    before: [
      'The password of your account was changed, and all other devices were signed out.',
      `If this was not you, reset your password now: ${origin}/forgot`,
    ],
  })
}

/** After an account without a password got its first one. */
export function passwordSet(origin: string, to: Recipient): Mail {
  return compose(to, 'A password was set for your account', {
    before: [
      `Your account at ${origin} had no password. One was set, and it can be used to sign in. All other devices were signed out.`,
      wasNotYou(origin),
    ],
  })
}

/** After a reset through a mailed link. */
export function passwordWasReset(origin: string, to: Recipient): Mail {
  return compose(to, 'Your password was reset', {
    before: [
      'A new password was set with a link from an email to this address. All devices were signed out.',
      `If this was not you, another person can read your email. Secure your mailbox, then reset your password: ${origin}/forgot`,
    ],
  })
}

/** After a passkey was added. */
export function passkeyAdded(origin: string, to: Recipient): Mail {
  return compose(to, 'A passkey was added to your account', {
    before: [
      `A passkey was added to your account at ${origin}. It can be used to sign in. All other devices were signed out.`,
      `If this was not you, another person has used your account: sign in, remove the passkey, and change your password. If you cannot sign in, reset your password: ${origin}/forgot`,
    ],
  })
}

/** After a passkey was removed. */
export function passkeyRemoved(origin: string, to: Recipient): Mail {
  return compose(to, 'A passkey was removed from your account', {
    before: [
      `A passkey of your account at ${origin} was removed. It can no longer be used to sign in. All other devices were signed out.`,
      `If this was not you, another person has used your account: sign in, check your passkeys, and change your password. If you cannot sign in, reset your password: ${origin}/forgot`,
    ],
  })
}

/** After a valid signature with an old counter, which two copies of a security key produce. */
export function passkeyCounterFell(origin: string, to: Recipient): Mail {
  return compose(to, 'A sign-in with one of your passkeys was refused', {
    before: [
      `A passkey of your account at ${origin} was used with an outdated counter, so the sign-in was refused. This can mean that the passkey was copied.`,
      'The passkey is still registered. If you did not just try to sign in, sign in another way and remove the passkey.',
    ],
  })
}

/** After the account is deleted. */
export function accountDeleted(origin: string, to: Recipient): Mail {
  return compose(to, 'Your account was deleted', {
    before: [
      `Your account at ${origin}, its posts and its picture are deleted. This is the last email about it.`,
      'If this was not you, another person has used your account. If it had a password that you use elsewhere, change it there.',
    ],
  })
}

/** After a recovery code was used. */
export function recoveryCodeUsed(origin: string, to: Recipient): Mail {
  return compose(to, 'A recovery code was used', {
    before: [
      `A recovery code of your account at ${origin} was used to confirm your identity. It does not work again.`,
      `If this was not you, another person has your codes. Change your password and make new codes: ${origin}/account`,
    ],
  })
}

/** After new recovery codes replaced the former ones. */
export function recoveryCodesMade(origin: string, to: Recipient): Mail {
  return compose(to, 'New recovery codes were made', {
    before: [
      `New recovery codes were made for your account at ${origin}. The former ones no longer work.`,
      wasNotYou(origin),
    ],
  })
}

/** After an authenticator app was enabled. */
export function totpEnabled(origin: string, to: Recipient): Mail {
  return compose(to, 'An authenticator app was set up', {
    before: [
      `Signing in to your account at ${origin} with the password now needs a code of an authenticator app. New recovery codes were made, and all other devices were signed out.`,
      wasNotYou(origin),
    ],
  })
}

/** After an authenticator app was removed. */
export function totpDisabled(origin: string, to: Recipient): Mail {
  return compose(to, 'Your authenticator app was removed', {
    before: [
      `The authenticator app of your account at ${origin} was removed. All other devices were signed out.`,
      wasNotYou(origin),
    ],
  })
}

/** After an admin removed the factors of a user who had lost them. */
export function factorsRemoved(origin: string, to: Recipient, hasPassword: boolean): Mail {
  const next = hasPassword
    ? 'Your password is unchanged.'
    : `Your account has no password. Sign in with a connected account, or choose a password: ${origin}/forgot`
  return compose(to, 'Your second factors were removed', {
    before: [
      `An administrator of ${origin} removed the authenticator app, passkeys and recovery codes of your account, and signed out all devices. ${next}`,
      `If you did not ask for this, contact the operator of ${origin}.`,
    ],
  })
}

/** After an identity was linked. `provider` is its name for people. */
export function identityLinked(origin: string, to: Recipient, provider: string): Mail {
  return compose(to, `Your ${provider} account was connected`, {
    before: [
      `Signing in to your account at ${origin} is now possible with an account of ${provider}.`,
      wasNotYou(origin),
    ],
  })
}

/** After an identity was unlinked. */
export function identityUnlinked(origin: string, to: Recipient, provider: string): Mail {
  return compose(to, `Your ${provider} account was disconnected`, {
    before: [
      `The account of ${provider} no longer signs in to your account at ${origin}. All other devices were signed out.`,
      wasNotYou(origin),
    ],
  })
}

const wasNotYou = (origin: string) =>
  `If this was not you, another person has used your account. Reset your password now, then check how you sign in: ${origin}/forgot`
