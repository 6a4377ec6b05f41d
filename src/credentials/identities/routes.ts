/** The identity providers of the service, and the identities of the caller. */
import { flowCookieHeader } from '../../http/docs/headers'
import { endpoint, json, noContent, nothing } from '../../http/endpoint'
import { logRejectedIdentity, logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { identityUnlinked } from '../../mail/texts'
import { flowCookie } from '../identity-providers/cookie'
import { beginFlow, FLOW_SECONDS, findProvider } from '../identity-providers/flow'
import { FRESH } from '../step-up'
import {
  IdentityIdParam,
  IdentityList,
  ProviderIdParam,
  ProviderList,
  Redirect,
  viewIdentity,
} from './schemas'
import { listIdentities, mayLink, unlinkIdentity } from './store'

const readProviders = endpoint(
  {
    method: 'get',
    path: '/api/identity-providers',
    operationId: 'readProviders',
    summary: 'The identity providers that users can sign in with',
    description: 'For each one, a link to `/api/identity-providers/{name}/sign-in`.',
    tags: ['sessions'],
    access: 'anyone',
    responses: { 200: json(ProviderList, 'The providers, in the order of the setting') },
  },
  (c) => {
    const { identityProviders } = c.var.settings
    const providers = identityProviders.map(({ name, label }) => ({ name, label }))
    return c.json({ providers }, 200)
  },
)

const linkIdentity = endpoint(
  {
    method: 'post',
    path: '/api/users/me/identities/{id}',
    operationId: 'linkIdentity',
    summary: 'Connect an account at an identity provider',
    description:
      'Here the last segment is the name of the provider, for example `google`. The provider sends the browser back to `/account/security`, with `linked` or `problem` in the query.',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    request: { params: ProviderIdParam },
    responses: {
      200: { ...json(Redirect, 'Where the user agrees'), headers: flowCookieHeader },
      ...problems(
        'email-not-verified',
        'provider-unknown',
        'too-many-identities',
        'provider-unavailable',
      ),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const { userId, sessionId } = caller
    const permission = await mayLink(actor)
    const provider = findProvider(settings, c.req.valid('param').id)
    if (!provider) return problem(c, 'provider-unknown')
    if (permission === 'unproven') return problem(c, 'email-not-verified')
    if (permission === 'too-many') return problem(c, 'too-many-identities')
    const begun = await beginFlow(actor, provider, { next: '/', link: { userId, sessionId } })
    if (begun.kind === 'failed') {
      logRejectedIdentity(c, provider.name, begun.reason, caller)
      return problem(c, 'provider-unavailable', { retryAfter: 10 })
    }
    flowCookie.set(c, begun.cookie, FLOW_SECONDS)
    return c.json({ redirect_to: begun.location }, 200)
  },
)

const readIdentities = endpoint(
  {
    method: 'get',
    path: '/api/users/me/identities',
    operationId: 'readIdentities',
    summary: 'My connected accounts at identity providers',
    tags: ['factors'],
    access: 'account',
    responses: { 200: json(IdentityList, 'All connected accounts, oldest first') },
  },
  async (c) => {
    const rows = await listIdentities(c.var.actor)
    const identities = rows.map((row) => viewIdentity(row, c.var.settings))
    return c.json({ identities, next_cursor: null }, 200)
  },
)

const unlink = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/identities/{id}',
    operationId: 'unlinkIdentity',
    summary: 'Disconnect an account at an identity provider; every other session ends',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    request: { params: IdentityIdParam },
    responses: { 204: nothing('Disconnected'), ...problems('identity-not-found', 'last-way-in') },
  },
  async (c) => {
    const { actor, settings, caller } = c.var
    const result = await unlinkIdentity(actor, c.req.valid('param').id)
    switch (result.kind) {
      case 'not-found':
        return problem(c, 'identity-not-found')
      case 'last-way-in':
        return problem(c, 'last-way-in')
      case 'unlinked': {
        logSecurity(c, 'identity_unlinked', caller.userId, caller.sessionId)
        const label = findProvider(settings, result.provider)?.label ?? result.provider
        if (result.mayNotify)
          mailLater(c, identityUnlinked(settings.appOrigin, result.owner, label))
        return noContent(c)
      }
    }
  },
)

export const identityRoutes = [readProviders, linkIdentity, readIdentities, unlink] as const
