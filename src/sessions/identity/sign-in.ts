/** Sign-in at an identity provider: the browser leaves for it, and comes back with its response. */
import type { AppContext } from '../../context'
import { ProviderParam } from '../../credentials/identities/schemas'
import { flowCookie } from '../../credentials/identity-providers/cookie'
import { beginFlow, FLOW_SECONDS, findProvider } from '../../credentials/identity-providers/flow'
import { safeNext } from '../../credentials/identity-providers/next-path'
import { flowCookieHeader, identityCookieHeader, redirectHeader } from '../../http/docs/headers'
import { endpoint, formBody, type InvalidHook, nothing, seeOther } from '../../http/endpoint'
import { logRejectedIdentity } from '../../http/log'
import { completeFlow, failOnSignIn } from './flow'
import { resubmitPage } from './resubmit'
import { CallbackForm, CallbackQuery, SignInQuery } from './schemas'

const startIdentitySignIn = endpoint(
  {
    method: 'get',
    path: '/api/identity-providers/{provider}/sign-in',
    operationId: 'startIdentitySignIn',
    summary: 'Sign in at an identity provider: link to this, do not fetch it',
    tags: ['sessions'],
    access: 'anyone',
    limit: 'sign-in',
    request: { params: ProviderParam, query: SignInQuery },
    responses: {
      303: {
        ...nothing('To the provider, or to `/sign-in` with `problem` in the query'),
        headers: { ...redirectHeader, ...flowCookieHeader },
      },
    },
  },
  async (c) => {
    const { actor, settings } = c.var
    const { provider: name } = c.req.valid('param')
    const next = safeNext(c.req.valid('query').next, settings.appOrigin)
    const provider = findProvider(settings, name)
    if (!provider) return seeOther(c, failOnSignIn(c, 'provider-unknown', { next }))
    const begun = await beginFlow(actor, provider, { next, link: null })
    if (begun.kind === 'failed') {
      logRejectedIdentity(c, name, begun.reason, { userId: null })
      return seeOther(c, failOnSignIn(c, begun.problem, { provider: name, next }))
    }
    flowCookie.set(c, begun.cookie, FLOW_SECONDS)
    return seeOther(c, begun.location)
  },
  toSignIn('provider-unknown'),
)

/** Input that no page of this service and no provider sends. The browser gets a page, not JSON. */
function toSignIn(problem: 'provider-unknown' | 'identity-rejected'): InvalidHook {
  return (_, c) => seeOther(c, failOnSignIn(c, problem, {}))
}

const callbackResponse = {
  303: {
    ...nothing(
      'To the requested page, with a session; to `/welcome`, as a new user; to `/account/security`, after a connection; or to `/sign-in` with a pending sign-in or a problem',
    ),
    headers: { ...redirectHeader, ...identityCookieHeader },
  },
}

const finishIdentitySignIn = endpoint(
  {
    method: 'get',
    path: '/api/identity-providers/{provider}/callback',
    operationId: 'finishIdentitySignIn',
    summary: 'The redirect URI: the response of the provider in the query',
    tags: ['sessions'],
    access: 'anyone',
    limit: 'sign-in',
    request: { params: ProviderParam, query: CallbackQuery },
    responses: callbackResponse,
  },
  async (c) =>
    seeOther(c, await completeFlow(c, c.req.valid('param').provider, c.req.valid('query'))),
  toSignIn('identity-rejected'),
)

const finishIdentitySignInForm = endpoint(
  {
    method: 'post',
    path: '/api/identity-providers/{provider}/callback',
    operationId: 'finishIdentitySignInForm',
    summary: 'The redirect URI: the response of the provider in a form',
    description:
      'Browsers send no `Lax` cookie with a form of another site. The response is then a page that sends the form again, from this origin.',
    tags: ['sessions'],
    access: 'anyone',
    limit: 'sign-in',
    request: { params: ProviderParam, body: formBody(CallbackForm) },
    responses: {
      200: {
        description: 'A page that sends the same form again',
        content: { 'text/html': { schema: { type: 'string' } } },
      },
      ...callbackResponse,
    },
  },
  async (c) => {
    const form = c.req.valid('form')
    if (flowCookie.read(c) === '' && form.again === undefined) return pageOf(c, resubmitPage(form))
    return seeOther(c, await completeFlow(c, c.req.valid('param').provider, form))
  },
  toSignIn('identity-rejected'),
)

function pageOf(c: AppContext, { html, policy }: { html: string; policy: string }): Response {
  c.set('contentSecurityPolicy', policy)
  return c.body(html, 200, { 'Content-Type': 'text/html; charset=utf-8' })
}

export const identitySignInRoutes = [
  startIdentitySignIn,
  finishIdentitySignIn,
  finishIdentitySignInForm,
] as const
