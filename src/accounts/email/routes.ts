/** The address of an account: proving it, proving it again, moving to another one. */
import { emailAddress, newLink } from '../../credentials/mail-links'
import { passwordChangedMeanwhile, reauthenticate } from '../../credentials/reauth'
import { LinkUse, Message } from '../../credentials/schemas'
import { unguarded } from '../../http/actor'
import { endpoint, json, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import {
  addressChanged,
  addressWanted,
  changeRequested,
  confirmChange,
  verifyAddress,
} from '../../mail/texts'
import { hashSecretToken } from '../../security/secret-token'
import { EmailChange } from './schemas'
import { requestChange, requestVerification, useVerification } from './store'

export const changeEmail = endpoint(
  {
    method: 'put',
    path: '/api/users/me/email',
    operationId: 'changeEmail',
    summary: 'Ask for another e-mail address; nothing changes before the mailed link is used',
    tags: ['accounts'],
    access: 'account',
    limit: 'mail',
    hashes: true,
    request: { body: jsonBody(EmailChange) },
    responses: {
      202: json(
        Message,
        'A link is on its way to the new address, unless that is taken or had enough mails, which the answer does not tell',
      ),
      ...problems('wrong-password', 'busy', 'too-many-attempts'),
    },
  },
  async (c) => {
    const { email, password } = c.req.valid('json')
    const { failure, reauthenticated } = await reauthenticate(c, password)
    if (failure) return failure
    const { caller, now, settings, keys } = c.var
    const db = unguarded(c)
    const { account } = reauthenticated
    const link = await newLink('change', now)
    const to = await emailAddress(keys, email)
    const change = await requestChange(db, caller, reauthenticated, link, to, now)
    if (change.kind === 'wrong-password') return passwordChangedMeanwhile(c, reauthenticated)
    logSecurity(c, 'email_change_requested', caller.userId, caller.sessionId)
    switch (change.kind) {
      case 'stored':
        mailLater(c, confirmChange(settings.appOrigin, { ...account, email }, link.token))
        if (change.mayMail) mailLater(c, changeRequested(settings.appOrigin, account, email))
        break
      case 'taken':
        mailLater(c, addressWanted(settings.appOrigin, change.owner))
        break
      case 'too-many-mails':
        break
    }
    return c.json(
      { message: 'Open the link in the mail to the new address. At most three an hour go there.' },
      202,
    )
  },
)

const VERIFICATION = {
  stored: 'Open the link in the mail to your address.',
  'verified-before': 'Your address is confirmed already.',
  'too-many-mails':
    'Enough mails went to your address. Open the latest link, ask again in an hour, or reset your password, which confirms it too.',
}

export const sendVerification = endpoint(
  {
    method: 'post',
    path: '/api/users/me/verify-email',
    operationId: 'sendVerification',
    summary: 'Send the link that proves the e-mail address again',
    tags: ['accounts'],
    access: 'account',
    limit: 'mail',
    responses: {
      202: json(
        Message,
        'A link is on its way, unless the address is proven or had enough mails: `message` says which',
      ),
    },
  },
  async (c) => {
    const { caller, now, settings } = c.var
    const db = unguarded(c)
    const link = await newLink('verify', now)
    const asked = await requestVerification(db, caller, link, now)
    if (asked.kind === 'stored')
      mailLater(c, verifyAddress(settings.appOrigin, asked.user, link.token))
    return c.json({ message: VERIFICATION[asked.kind] }, 202)
  },
)

export const verifyEmail = endpoint(
  {
    method: 'post',
    path: '/api/users/verify-email',
    operationId: 'verifyEmail',
    summary: 'Use a mailed link: prove an address, or move to a new one',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'sign-in',
    request: { body: jsonBody(LinkUse) },
    responses: {
      204: nothing('The address is proven, and is that of the account'),
      ...problems('invalid-token', 'email-taken'),
    },
  },
  async (c) => {
    const { db, now, settings, location } = c.var
    const tokenHash = await hashSecretToken(c.req.valid('json').token)
    const use = tokenHash ? await useVerification(db, tokenHash, now, location()) : null
    switch (use?.kind) {
      case undefined:
        return problem(c, 'invalid-token', { detail: 'Invalid or expired verification token' })
      case 'taken':
        return problem(c, 'email-taken')
      case 'verified':
        logSecurity(c, 'email_verified', use.userId)
        return noContent(c)
      case 'changed':
        logSecurity(c, 'email_changed', use.userId)
        if (use.mayMail) mailLater(c, addressChanged(settings.appOrigin, use.former, use.email))
        return noContent(c)
    }
  },
)
