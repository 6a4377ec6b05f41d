/** Errors of `/oauth/*` in the form of RFC 6749 §5.2. */
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { AnyContext } from '../context'
import { noteProblem } from './problem'

const CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unsupported_grant_type',
  'invalid_scope',
  // A second factor is needed. Not of RFC 6749, but of Auth0's API, which clients know.
  'mfa_required',
] as const
export type OAuthErrorCode = (typeof CODES)[number]

export const OAuthError = z
  .object({
    error: z.enum(CODES),
    error_description: z.string(),
    mfa_token: z.string().optional().meta({
      description: 'Of `mfa_required`: the token of the second step',
    }),
    auth_session: z.string().optional().meta({
      description: 'The same, under the name of OAuth 2.0 for First-Party Applications',
    }),
    methods: z
      .array(z.enum(['totp', 'passkey', 'recovery']))
      .optional()
      .meta({ description: 'Of `mfa_required`: how the user can continue' }),
  })
  .strict()
  .openapi('OAuthError')
export type OAuthError = z.infer<typeof OAuthError>

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: OAuthError } },
})
/** The `responses` entries of an OAuth endpoint. */
// The named type keeps the keys as numbers; a spread would turn them into strings.
export const oauthErrors: Record<400 | 401, ReturnType<typeof answer>> = {
  400: answer(
    'RFC 6749 §5.2: `invalid_request`, `invalid_grant`, `unsupported_grant_type` or `invalid_scope`; `mfa_required` if the sign-in needs a second factor',
  ),
  401: answer('`invalid_client`: clients are public here and have no secret'),
}

/** Headers of responses with tokens and of OAuth errors (RFC 6749 §5.1, §5.2). */
export const NO_STORE_HEADERS = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

/** 400, or 401 for `invalid_client` when the client tried to authenticate. */
export function oauthError<C extends OAuthErrorCode>(
  c: AnyContext,
  error: C,
  description: string,
  members: Pick<OAuthError, 'mfa_token' | 'auth_session' | 'methods'> = {},
): Response & TypedResponse<OAuthError, C extends 'invalid_client' ? 401 : 400, 'json'> {
  noteProblem(c, error)
  const isClient = error === 'invalid_client'
  const body = { error, error_description: speakable(description), ...members }
  return c.json(body, isClient ? 401 : 400, {
    ...NO_STORE_HEADERS,
    ...(isClient && { 'WWW-Authenticate': 'Basic realm="gatepost"' }),
  }) as never
}

/** Only the characters that §5.2 allows in a description. */
const speakable = (text: string) =>
  text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, ' ')
