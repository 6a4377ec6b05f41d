/** Mailed links that prove an address: previewed, used or disowned by the recipient. */
import { LinkUse } from '../../credentials/schemas'
import { endpoint, json, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { addressChanged } from '../../mail/texts'
import { unusablePasswordHash } from '../../security/password'
import { hashSecretToken } from '../../security/secret-token'
import { LinkPreview } from './schemas'
import { disownLink, findLink, useVerification } from './verification-store'

const INVALID = { detail: 'Invalid or expired verification token' }

const verifyEmail = endpoint(
  {
    method: 'post',
    path: '/api/users/verify-email',
    operationId: 'verifyEmail',
    summary: 'Use a mailed link: confirm an address, or change to a new one',
    description:
      'Call this on a click of the user only. Mail scanners load pages and run their scripts.',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'sign-in',
    request: { body: jsonBody(LinkUse) },
    responses: {
      204: nothing('The address is confirmed and belongs to the account'),
      ...problems('invalid-token', 'email-taken'),
    },
  },
  async (c) => {
    const { db, now, settings, location } = c.var
    const tokenHash = await hashSecretToken(c.req.valid('json').token)
    const use = tokenHash ? await useVerification(db, tokenHash, now, location()) : null
    switch (use?.kind) {
      case undefined:
        return problem(c, 'invalid-token', INVALID)
      case 'taken':
        return problem(c, 'email-taken')
      case 'verified':
        logSecurity(c, 'email_verified', use.userId)
        return noContent(c)
      case 'changed':
        logSecurity(c, 'email_changed', use.userId)
        if (use.mayNotify) mailLater(c, addressChanged(settings.appOrigin, use.former, use.email))
        return noContent(c)
    }
  },
)

const previewLink = endpoint(
  {
    method: 'post',
    path: '/api/users/verify-email/preview',
    operationId: 'previewVerification',
    summary: 'The account that a mailed link is about; the link stays unused',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'sign-in',
    request: { body: jsonBody(LinkUse) },
    responses: { 200: json(LinkPreview, 'The account'), ...problems('invalid-token') },
  },
  async (c) => {
    const { db, now } = c.var
    const tokenHash = await hashSecretToken(c.req.valid('json').token)
    const found = tokenHash && (await findLink(db, tokenHash, now))
    return found ? c.json(found, 200) : problem(c, 'invalid-token', INVALID)
  },
)

const disownAddress = endpoint(
  {
    method: 'post',
    path: '/api/users/verify-email/disown',
    operationId: 'disownVerification',
    summary: 'Void a mailed link: the recipient did not ask for it',
    description:
      'While the address of the account is unconfirmed, its sessions end and its password is removed.',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'sign-in',
    request: { body: jsonBody(LinkUse) },
    responses: { 204: nothing('The link is void'), ...problems('invalid-token') },
  },
  async (c) => {
    const { db, now, location } = c.var
    const tokenHash = await hashSecretToken(c.req.valid('json').token)
    const disowned =
      tokenHash && (await disownLink(db, tokenHash, unusablePasswordHash(), now, location()))
    if (!disowned) return problem(c, 'invalid-token', INVALID)
    if (disowned.isReset) logSecurity(c, 'sessions_ended', disowned.userId)
    return noContent(c)
  },
)

export const verificationRoutes = [verifyEmail, previewLink, disownAddress] as const
