/** Requests a link that signs in (optional: EMAIL_SIGN_IN). */
import { browserCookieHeader } from '../../http/docs/headers'
import { endpoint, json, jsonBody } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailAfterDelay } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { signInLink } from '../../mail/texts'
import { newSecretToken } from '../../security/secret-token'
import { emailAddress } from '../email-tokens'
import { askingBrowser, rememberBrowser } from './browser'
import { EmailSignIn, SignInLinkRequest, SignInLinkSent } from './schemas'
import { requestLink } from './store'

/** The detail of the problem when the operator has not switched sign-in links on. */
export const OFF = { detail: 'This service does not send sign-in links. Sign in another way.' }

export const readEmailSignIn = endpoint(
  {
    method: 'get',
    path: '/api/session/email',
    operationId: 'readEmailSignIn',
    summary: 'Whether users can sign in with a mailed link',
    tags: ['sessions'],
    access: 'anyone',
    responses: { 200: json(EmailSignIn, 'The setting EMAIL_SIGN_IN') },
  },
  (c) => {
    c.header('Cache-Control', 'no-store')
    return c.json({ available: c.var.settings.emailSignIn }, 200)
  },
)

export const requestSignInLink = endpoint(
  {
    method: 'post',
    path: '/api/session/email',
    operationId: 'requestSignInLink',
    summary: 'Ask for a mailed link that signs in',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'mail',
    request: { body: jsonBody(SignInLinkRequest) },
    responses: {
      202: {
        ...json(SignInLinkSent, 'The same, whether the address is known or not'),
        headers: browserCookieHeader,
      },
      ...problems('not-found'),
    },
  },
  async (c) => {
    const { actor, keys, settings } = c.var
    if (!settings.emailSignIn) return problem(c, 'not-found', OFF)
    const { token, tokenHash } = await newSecretToken()
    const { browser, cookie } = await askingBrowser(c)
    const address = await emailAddress(keys, c.req.valid('json').email)
    const { isRefused, user, hasLink } = await requestLink(actor, address, {
      tokenHash,
      ...browser,
    })
    logSecurity(c, isRefused ? 'attempt_refused' : 'sign_in_link_requested', user?.id ?? null)
    if (user && hasLink) mailAfterDelay(c, () => signInLink(settings.appOrigin, user, token))
    rememberBrowser(c, cookie)
    c.header('Cache-Control', 'no-store')
    const message = 'If an account has confirmed this address, a link is on its way to it.'
    return c.json({ message, code: browser.code }, 202)
  },
)
