/** The metadata of identity providers (OpenID Connect Discovery 1.0), kept for an hour. */
import * as oauth from 'oauth4webapi'
import type { IdentityProvider } from '../../security/identity-provider-presets'
import { send } from './outgoing'

const LIFETIME_MS = 60 * 60 * 1000

/** The metadata and keys of a provider. Values, never promises: see `openKeyring`. */
interface Known {
  metadata: oauth.AuthorizationServer
  readAt: Date
  /** The JWK set. oauth4webapi reads it again after five minutes, or for an unknown key. */
  jwks: oauth.JWKSCacheInput
}
const known = new WeakMap<IdentityProvider, Known>()

/** GitHub publishes no metadata that a client could read by discovery. */
const GITHUB: oauth.AuthorizationServer = {
  issuer: 'https://github.com/login/oauth',
  authorization_endpoint: 'https://github.com/login/oauth/authorize',
  token_endpoint: 'https://github.com/login/oauth/access_token',
  token_endpoint_auth_methods_supported: ['client_secret_post'],
}

/** The options of oauth4webapi for each request to a provider. */
export const requestOptions = ({ issuer }: IdentityProvider) => ({
  [oauth.customFetch]: (
    url: string,
    { method, headers, body }: oauth.CustomFetchOptions<string, unknown>,
  ) =>
    send(url, { method, headers, body: body instanceof URLSearchParams ? body.toString() : null }),
  // The settings allow http for a provider on this machine alone.
  [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
})

/** The provider has no metadata, or its metadata is wrong. */
export class MetadataMissing extends Error {
  override name = 'MetadataMissing'
}

/** The metadata of a provider. @throws MetadataMissing */
export async function metadataOf(
  provider: IdentityProvider,
  now: Date,
): Promise<oauth.AuthorizationServer> {
  if (provider.protocol === 'github') return GITHUB
  const former = known.get(provider)
  if (former && now.getTime() - former.readAt.getTime() < LIFETIME_MS) return former.metadata
  const metadata = await discover(provider)
  // The library compares URLs. The issuer of a token is compared by its characters.
  if (metadata.issuer !== provider.issuer) throw new MetadataMissing('It is of another issuer')
  known.set(provider, { metadata, readAt: now, jwks: former?.jwks ?? {} })
  return metadata
}

async function discover(provider: IdentityProvider): Promise<oauth.AuthorizationServer> {
  const url = new URL(provider.issuer)
  try {
    const response = await oauth.discoveryRequest(url, requestOptions(provider))
    return await oauth.processDiscoveryResponse(url, response)
  } catch (cause) {
    throw new MetadataMissing('It cannot be read', { cause })
  }
}

/**
 * Verifies the signature of the ID token in a processed response. The library keeps promises by
 * metadata and by key, which an aborted request would leave pending, so it gets copies.
 * @throws an error when no key of the provider made the signature
 */
export async function verifySignature(
  provider: IdentityProvider,
  metadata: oauth.AuthorizationServer,
  response: Response,
): Promise<void> {
  const jwks: oauth.JWKSCacheInput = structuredClone(known.get(provider)?.jwks ?? {})
  const options = { ...requestOptions(provider), [oauth.jwksCache]: jwks }
  await oauth.validateApplicationLevelSignature({ ...metadata }, response, options)
  const present = known.get(provider)
  if (present) known.set(provider, { ...present, jwks: structuredClone(jwks) })
}
