/** Metadata of this authorization server, and the keys that verify its tokens. */
import { z } from '@hono/zod-openapi'
import { SCOPES } from '../../actor'
import { endpoint, json } from '../../http/endpoint'
import { SECOND_FACTOR_GRANT } from '../rules'

const Metadata = z
  .object({
    issuer: z.url(),
    token_endpoint: z.url(),
    revocation_endpoint: z.url(),
    jwks_uri: z.url(),
    scopes_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    service_documentation: z.url(),
  })
  .strict()
  .openapi('AuthorizationServerMetadata')

const oauthMetadata = endpoint(
  {
    method: 'get',
    path: '/.well-known/oauth-authorization-server',
    operationId: 'oauthMetadata',
    summary: 'Metadata of the authorization server (RFC 8414)',
    tags: ['sessions'],
    access: 'anyone',
    responses: { 200: json(Metadata, 'Metadata') },
  },
  (c) => {
    const issuer = c.var.settings.appOrigin
    const metadata = {
      issuer,
      token_endpoint: `${issuer}/oauth/token`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      scopes_supported: [...SCOPES],
      // Required by RFC 8414; there is no authorization endpoint to ask for any.
      response_types_supported: [],
      grant_types_supported: ['password', 'refresh_token', SECOND_FACTOR_GRANT],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      service_documentation: `${issuer}/docs`,
    }
    return c.json(metadata, 200, { 'Cache-Control': 'public, max-age=300' })
  },
)

const Jwks = z
  .object({
    keys: z.array(
      z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.literal('sig') }),
    ),
  })
  .openapi('JwkSet')

const jwks = endpoint(
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    operationId: 'jwks',
    summary: 'The public keys that verify access tokens (RFC 7517); none while HS256 signs',
    tags: ['sessions'],
    access: 'anyone',
    responses: { 200: json(Jwks, 'The keys') },
  },
  (c) => c.json(c.var.keys.publicJwks as never, 200, { 'Cache-Control': 'public, max-age=300' }),
)

export const oauthMetadataRoutes = [oauthMetadata, jwks] as const
