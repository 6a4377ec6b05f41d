/**
 * The flow that leaves for an identity provider and comes back: authorization code with PKCE
 * (RFC 7636), `state` and `nonce`. The browser holds its state, sealed in a cookie.
 */
import { z } from '@hono/zod-openapi'
import * as oauth from 'oauth4webapi'
import type { IdentityProvider } from '../../security/identity-provider-presets'
import { redirectUriOf } from '../../security/identity-provider-settings'
import type { Keyring } from '../../security/keyring'
import { type OpenedFlow, openFlow, sealFlow } from '../../security/sealed-flow'
import type { Settings } from '../../settings'
import { metadataOf } from './discovery'
import { type FlowFailure, failed, failureOf } from './failure'

/** Seconds that a user may take at the provider. */
export const FLOW_SECONDS = 600

/** The state of a flow. The provider is part of it, so that no other one can answer (RFC 9207). */
const Flow = z.object({
  provider: z.string(),
  issuer: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** The path to show after a sign-in. */
  next: z.string(),
  /** The session that the identity will be linked to; null: a sign-in. */
  link: z.object({ userId: z.number(), sessionId: z.string() }).nullable(),
})
export type Flow = z.infer<typeof Flow>

/** The part of an actor that a flow depends on. */
interface FlowActor {
  keys: Keyring
  settings: Settings
  now: Date
}

export type BegunFlow =
  /** `location` is at the provider, `cookie` is for the browser. */
  { kind: 'begun'; location: string; cookie: string } | FlowFailure

/** The configured provider of a name. */
export const findProvider = ({ identityProviders }: Settings, name: string) =>
  identityProviders.find((provider) => provider.name === name)

/** Begins a flow. Needs no D1, and a request to the provider at most once an hour. */
export async function beginFlow(
  { keys, settings, now }: FlowActor,
  provider: IdentityProvider,
  { next, link }: Pick<Flow, 'next' | 'link'>,
): Promise<BegunFlow> {
  const { name, issuer } = provider
  const flow: Flow = {
    provider: name,
    issuer,
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    next,
    link,
  }
  try {
    const metadata = await metadataOf(provider, now)
    const location = await authorizationUrl(
      provider,
      metadata,
      flow,
      redirectUriOf(settings.appOrigin, name),
    )
    if (!location) return failed('provider-unavailable', 'no authorization endpoint')
    const lifetime = { now, lifetimeSeconds: FLOW_SECONDS }
    const cookie = await sealFlow(keys, 'identityProviderFlow', flow, lifetime)
    return { kind: 'begun', location, cookie }
  } catch (error) {
    return failureOf(error)
  }
}

/** The address of the authorization request, or null if the metadata has none that is safe. */
async function authorizationUrl(
  { clientId, issuer, scope, protocol, responseMode }: IdentityProvider,
  { authorization_endpoint: endpoint = '' }: oauth.AuthorizationServer,
  { state, nonce, verifier }: Flow,
  redirect_uri: string,
): Promise<string | null> {
  const protocols = issuer.startsWith('http:') ? ['http:', 'https:'] : ['https:']
  if (!URL.canParse(endpoint) || !protocols.includes(new URL(endpoint).protocol)) return null
  const url = new URL(endpoint)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri,
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(protocol === 'openid' && { nonce }),
    ...(responseMode === 'form_post' && { response_mode: responseMode }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** The flow of a cookie, if it is one of this service, of this provider, and not too old. */
export async function resumeFlow(
  { keys, now }: FlowActor,
  provider: IdentityProvider,
  cookie: string,
): Promise<OpenedFlow<Flow> | null> {
  const opened = await openFlow(keys, 'identityProviderFlow', cookie, { now, schema: Flow })
  if (!opened) return null
  const { flow } = opened
  return flow.provider === provider.name && flow.issuer === provider.issuer ? opened : null
}
