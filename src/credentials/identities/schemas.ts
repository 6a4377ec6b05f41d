/** Identity providers and identities on the wire. */
import { z } from '@hono/zod-openapi'
import { PROVIDER_NAME } from '../../security/identity-provider-settings'
import type { Settings } from '../../settings'
import { Time } from '../../user'
import { findProvider } from '../identity-providers/flow'
import { MAX_IDENTITIES } from './rules'
import type { IdentityRow } from './store'

const ProviderName = z
  .string()
  .regex(PROVIDER_NAME, 'must be the name of an identity provider')
  .meta({ description: 'The name of the provider in PROVIDERS', example: 'google' })

/** `/{provider}` in a path. */
export const ProviderParam = z.object({
  provider: ProviderName.openapi({ param: { name: 'provider', in: 'path' } }),
})

/** `/{id}` in a path. */
export const IdentityIdParam = z.object({
  id: z
    .string()
    .regex(/^[\w-]{22}$/, 'must be the id of a connected account')
    .openapi({ param: { name: 'id', in: 'path' }, example: 'V8a0f4cXQmW3sN7dT1yKzg' }),
})

/**
 * `/{id}` in the path of a new connection: the name of a provider. OpenAPI allows one name for a
 * segment, and the other operation of this path has an id there.
 */
export const ProviderIdParam = z.object({
  id: ProviderName.openapi({ param: { name: 'id', in: 'path' } }),
})

export const ProviderList = z
  .object({
    providers: z.array(
      z
        .object({
          name: ProviderName,
          label: z.string().meta({ description: 'The name for people', example: 'Google' }),
        })
        .strict(),
    ),
  })
  .strict()
  .openapi('ProviderList')

export const Identity = z
  .object({
    id: z.string(),
    provider: z.string().meta({ example: 'google' }),
    label: z.string().meta({ description: 'The name of the provider', example: 'Google' }),
    email: z.string().nullable().meta({ description: 'The address that the provider stated last' }),
    created_at: Time,
    last_used_at: Time.nullable(),
    usable: z.boolean().meta({ description: 'False: this service no longer has the provider' }),
  })
  .strict()
  .openapi('Identity')
export type Identity = z.infer<typeof Identity>

export const IdentityList = z
  .object({
    identities: z
      .array(Identity)
      .meta({ description: `All of them, oldest first: ${MAX_IDENTITIES} at most` }),
    next_cursor: z.null().meta({ description: 'There is no further page' }),
  })
  .strict()
  .openapi('IdentityList')

export const Redirect = z
  .object({ redirect_to: z.url().meta({ description: 'Send the browser there: `location.href`' }) })
  .strict()
  .openapi('Redirect')

export function viewIdentity(row: IdentityRow, settings: Settings): Identity {
  const provider = findProvider(settings, row.provider)
  return {
    id: row.id ?? '', // never null: see the schema of D1
    provider: row.provider,
    label: provider?.label ?? row.provider,
    email: row.email,
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    usable: provider?.issuer === row.issuer,
  }
}
