/** Bodies of the passkey endpoints. Credentials and options have the JSON of WebAuthn Level 3. */
import { z } from '@hono/zod-openapi'
import { durationText } from '../../limits'
import { CHALLENGE_MS } from '../../security/challenge'
import { WEBAUTHN_LIMITS } from '../../security/webauthn/webauthn-response'
import { Time } from '../../user'
import { Label } from '../schemas'
import { MAX_PASSKEYS, transportsOf } from './rules'
import type { PasskeyRow } from './store'

const charactersOf = (bytes: number) => Math.ceil((bytes * 4) / 3)

/** Bytes in base64url, within bounds of `WEBAUTHN_LIMITS`. The verifier checks the rest. */
const Bytes = ({ min, max }: { min: number; max: number }) => {
  const rule = { error: `must be ${min} to ${max} bytes in base64url`, abort: true }
  return z
    .string()
    .min(charactersOf(min), rule)
    .max(charactersOf(max), rule)
    .regex(/^[\w-]*$/, rule)
}

/** The hints of the browser; `readRegistration` keeps at most 8. */
const Transports = z
  .array(z.string().max(32, 'must have at most 32 characters'))
  .max(32, 'must have at most 32 items')

const CredentialId = Bytes(WEBAUTHN_LIMITS.credentialId)
const EXTRA_MEMBERS = 'Further members, such as `clientExtensionResults`, are ignored.'
/**
 * The result of `PublicKeyCredential.toJSON()`. Unknown members are dropped: browsers and password
 * managers add some, and later levels of WebAuthn define more.
 */
const credentialWith = <Response extends z.ZodType>(response: Response) =>
  z.object({
    id: CredentialId,
    rawId: CredentialId,
    type: z.literal('public-key', 'must be "public-key"'),
    response,
  })

export const RegistrationCredential = credentialWith(
  z.object({
    clientDataJSON: Bytes(WEBAUTHN_LIMITS.clientDataJSON),
    attestationObject: Bytes(WEBAUTHN_LIMITS.attestationObject),
    transports: Transports.optional(),
  }),
).openapi('RegistrationCredential', {
  description: `RegistrationResponseJSON of WebAuthn. ${EXTRA_MEMBERS}`,
})

export type RegistrationCredential = z.infer<typeof RegistrationCredential>

export const AssertionCredential = credentialWith(
  z.object({
    clientDataJSON: Bytes(WEBAUTHN_LIMITS.clientDataJSON),
    authenticatorData: Bytes(WEBAUTHN_LIMITS.authenticatorData),
    signature: Bytes(WEBAUTHN_LIMITS.signature),
    userHandle: z
      .string()
      .max(
        charactersOf(WEBAUTHN_LIMITS.userHandle.max),
        `must be at most ${WEBAUTHN_LIMITS.userHandle.max} bytes in base64url`,
      )
      .nullish(),
  }),
).openapi('AssertionCredential', {
  description: `AuthenticationResponseJSON of WebAuthn. ${EXTRA_MEMBERS}`,
})
export type AssertionCredential = z.infer<typeof AssertionCredential>

const PasskeyName = Label.refine((s) => s !== '', 'is empty').openapi({
  maxLength: 100,
  example: 'Phone',
})

export const PasskeyRegistration = z
  .strictObject({
    credential: RegistrationCredential,
    name: PasskeyName.optional().meta({ description: 'Default: a name by the kind of passkey' }),
  })
  .openapi('PasskeyRegistration')

export const PasskeyChange = z.strictObject({ name: PasskeyName }).openapi('PasskeyChange')

export const PasskeySignIn = z
  .strictObject({ credential: AssertionCredential })
  .openapi('PasskeySignIn')

export const PasskeyIdParam = z.object({
  id: CredentialId.openapi({ param: { name: 'id', in: 'path' }, example: 'A'.repeat(22) }),
})

export const Passkey = z
  .object({
    id: z.string().meta({ description: 'The credential id, in base64url' }),
    name: z.string().meta({ example: 'Phone' }),
    created_at: Time,
    last_used_at: Time.nullable(),
    synced: z.boolean().meta({ description: 'A copy is kept by its provider, for other devices' }),
    transports: z.array(z.string()).meta({ example: ['internal', 'hybrid'] }),
    rp_id: z.string().meta({ description: 'The domain that it works for', example: 'example.com' }),
    usable: z.boolean().meta({ description: 'False: this service now uses another domain' }),
  })
  .strict()
  .openapi('Passkey')
export type Passkey = z.infer<typeof Passkey>

export const RegisteredPasskey = Passkey.extend({
  recovery_codes: z
    .array(z.string())
    .nullable()
    .meta({
      description: 'Shown once; null: the account had a second factor before',
      example: ['4G7XM-9QK2T-B3HVN-0WZDC-8RJ5E'],
    }),
})
  .strict()
  .openapi('RegisteredPasskey')
export type RegisteredPasskey = z.infer<typeof RegisteredPasskey>

export const viewPasskey = (row: PasskeyRow, rpId: string): Passkey => ({
  id: row.id,
  name: row.name,
  created_at: row.createdAt.toISOString(),
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  synced: row.backedUp,
  transports: transportsOf(row.transports),
  rp_id: row.rpId,
  usable: row.rpId === rpId,
})

export const PasskeyList = z
  .object({
    passkeys: z
      .array(Passkey)
      .meta({ description: `All of them, oldest first: ${MAX_PASSKEYS} at most` }),
    rp_id: z.string().meta({ description: 'The domain of new passkeys', example: 'example.com' }),
    user_handle: z.string().meta({
      description: 'The `userId` of `PublicKeyCredential.signalAllAcceptedCredentials()`',
    }),
    next_cursor: z.null().meta({ description: 'There is no further page' }),
  })
  .strict()
  .openapi('PasskeyList')
export type PasskeyList = z.infer<typeof PasskeyList>

const Descriptor = z
  .object({
    type: z.literal('public-key'),
    id: z.string(),
    transports: z.array(z.string()),
  })
  .strict()
const Challenge = z.string().meta({
  description: `Works once, for ${durationText(CHALLENGE_MS)}`,
})
const CoseAlgorithm = z.int().meta({ description: 'COSE algorithm', example: -8 })
const Timeout = z.int().meta({ description: 'Milliseconds', example: CHALLENGE_MS })

export const CreationOptions = z
  .object({
    rp: z.object({ id: z.string(), name: z.string() }).strict(),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }).strict(),
    challenge: Challenge,
    pubKeyCredParams: z.array(
      z.object({ type: z.literal('public-key'), alg: CoseAlgorithm }).strict(),
    ),
    timeout: Timeout,
    excludeCredentials: z.array(Descriptor),
    authenticatorSelection: z
      .object({
        residentKey: z.literal('required'),
        requireResidentKey: z.literal(true),
        userVerification: z.literal('required'),
      })
      .strict(),
    attestation: z.literal('none'),
  })
  .strict()
  .openapi('PasskeyCreationOptions', {
    description:
      'For `PublicKeyCredential.parseCreationOptionsFromJSON()` (WebAuthn Level 3 §5.1.8)',
  })
export type CreationOptions = z.infer<typeof CreationOptions>

export const RequestOptions = z
  .object({
    challenge: Challenge,
    timeout: Timeout,
    rpId: z.string(),
    allowCredentials: z.array(Descriptor),
    userVerification: z.literal('required'),
  })
  .strict()
  .openapi('PasskeyRequestOptions', {
    description:
      'For `PublicKeyCredential.parseRequestOptionsFromJSON()` (WebAuthn Level 3 §5.1.9)',
  })
export type RequestOptions = z.infer<typeof RequestOptions>

export const RelatedOrigins = z
  .object({ origins: z.array(z.url()) })
  .strict()
  .openapi('RelatedOrigins')
