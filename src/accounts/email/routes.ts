/** Requests a link that proves or changes the address of the caller's account. */
import { emailAddress, newLink } from '../../credentials/email-tokens'
import { passwordChangedMeanwhile, reauthenticate } from '../../credentials/reauth'
import { Message } from '../../credentials/schemas'
import { endpoint, json, jsonBody } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problems } from '../../http/problem'
import { addressWanted, changeRequested, confirmChange, verifyAddress } from '../../mail/texts'
import { requestChange, requestVerification } from './change-store'
import { EmailChange } from './schemas'

export const changeEmail = endpoint(
  {
    method: 'put',
    path: '/api/users/me/email',
    operationId: 'changeEmail',
    summary:
      'Request a change of the email address; nothing changes before the mailed link is used',
    tags: ['accounts'],
    access: 'account',
    limit: 'mail',
    hash: 'other',
    request: { body: jsonBody(EmailChange) },
    responses: {
      202: json(
        Message,
        'A link was sent to the new address, unless the address is taken or had too many mails; the response is the same',
      ),
      ...problems('wrong-password', 'step-up-required', 'busy', 'too-many-attempts'),
    },
  },
  async (c) => {
    const { email, password } = c.req.valid('json')
    const { failure, reauthenticated } = await reauthenticate(c, password)
    if (failure) return failure
    const { actor, caller, now, settings, keys } = c.var
    const { account } = reauthenticated
    const link = await newLink('change', now)
    const to = await emailAddress(keys, email)
    const change = await requestChange(actor, reauthenticated, link, to)
    if (change.kind === 'wrong-password') return passwordChangedMeanwhile(c, reauthenticated)
    logSecurity(c, 'email_change_requested', caller.userId, caller.sessionId)
    switch (change.kind) {
      case 'stored':
        mailLater(c, confirmChange(settings.appOrigin, { email }, link.token))
        if (change.mayNotify) mailLater(c, changeRequested(settings.appOrigin, account, email))
        break
      case 'taken':
        mailLater(c, addressWanted(settings.appOrigin, change.owner))
        break
      case 'too-many-mails':
        break
    }
    return c.json(
      {
        message:
          'We sent a link to the new address. Open it to confirm. At most three are sent per hour.',
      },
      202,
    )
  },
)

const VERIFICATION = {
  stored: 'We sent a link to your address. Open it to confirm.',
  'verified-before': 'Your address is already confirmed.',
  'too-many-mails':
    'Your address had too many emails. Open the latest link, try again in an hour, or reset your password, which confirms it too.',
}

export const sendVerification = endpoint(
  {
    method: 'post',
    path: '/api/users/me/verify-email',
    operationId: 'sendVerification',
    summary: 'Resend the link that confirms the email address',
    tags: ['accounts'],
    access: 'account',
    limit: 'mail',
    responses: {
      202: json(
        Message,
        'A link was sent, unless the address is confirmed or had too many mails; `message` says which',
      ),
    },
  },
  async (c) => {
    const { actor, now, settings } = c.var
    const link = await newLink('verify', now)
    const asked = await requestVerification(actor, link)
    if (asked.kind === 'stored')
      mailLater(c, verifyAddress(settings.appOrigin, asked.user, link.token))
    return c.json({ message: VERIFICATION[asked.kind] }, 202)
  },
)
