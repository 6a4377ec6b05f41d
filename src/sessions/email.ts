/** Sign-in with a mailed link: one factor. */
import type { AppContext } from '../context'
import { forgetBrowser, presentBrowser } from '../credentials/sign-in-links/browser'
import { OFF } from '../credentials/sign-in-links/request'
import { SignInLinkUse } from '../credentials/sign-in-links/schemas'
import { useLink } from '../credentials/sign-in-links/store'
import { endpoint, jsonBody } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { hashSecretToken } from '../security/secret-token'
import { browserSessionView } from './cookie'
import { BEARER, browserSignedIn, secondFactorRequired } from './responses'
import { type Started, startBrowserSession } from './start/start'

type LinkSignedIn =
  | Extract<Started, { kind: 'signed-in' | 'second-factor-required' }>
  | { kind: 'code-required' | 'wrong-code' | 'ended' }

const WRONG_CODE = 'The code is wrong. Enter the one of the page where you asked for the link.'
const ENDED = 'This link was used, was replaced by a newer one, or has expired. Ask for a new one.'

export const useSignInLink = endpoint(
  {
    method: 'post',
    path: '/api/session/email/use',
    operationId: 'useSignInLink',
    summary: 'Sign in from a browser with a mailed link; replaces the session of the cookie',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'sign-in',
    request: { body: jsonBody(SignInLinkUse) },
    responses: {
      200: browserSignedIn,
      ...problems(
        'invalid-token',
        'link-code-required',
        'wrong-code',
        'second-factor-required',
        'not-found',
      ),
    },
  },
  async (c) => {
    if (!c.var.settings.emailSignIn) return problem(c, 'not-found', OFF)
    const { token, code } = c.req.valid('json')
    const result = await signInWithLink(c, token, code)
    switch (result.kind) {
      case 'signed-in':
        return c.json(browserSessionView(c, result.grant), 200)
      case 'second-factor-required':
        return secondFactorRequired(c, result.pending)
      case 'code-required':
        return problem(c, 'link-code-required', BEARER)
      case 'wrong-code':
        return problem(c, 'wrong-code', { ...BEARER, detail: WRONG_CODE })
      case 'ended':
        return problem(c, 'invalid-token', { detail: ENDED })
    }
  },
)

/** One round trip to use the link up, and one to start the session. */
async function signInWithLink(
  c: AppContext,
  token: string,
  code: string | undefined,
): Promise<LinkSignedIn> {
  const tokenHash = await hashSecretToken(token)
  if (!tokenHash) return { kind: 'ended' }
  const browserHash = await presentBrowser(c)
  const { verdict, account } = await useLink(c.var.actor, { tokenHash, browserHash, code })
  if (verdict !== 'used') {
    if (verdict !== 'code-required' && account) logSecurity(c, 'login_failed', account.id)
    return { kind: verdict }
  }
  if (!account) return { kind: 'ended' }
  const started = await startBrowserSession(c, { account, methods: ['email'] })
  forgetBrowser(c)
  switch (started.kind) {
    case 'signed-in':
    case 'second-factor-required':
      return started
    default:
      return { kind: 'ended' }
  }
}
