/** The endpoints that a page needs before a user is signed in. */
import { endpoint, json } from '../../http/endpoint'
import { requestOptions } from './options'
import { RelatedOrigins, RequestOptions } from './schemas'

const createSignInOptions = endpoint(
  {
    method: 'post',
    path: '/api/passkeys/sign-in-options',
    operationId: 'createSignInOptions',
    summary: 'Options for navigator.credentials.get(), to sign in or as a second factor',
    description:
      'The same for every user. Pass the result to `POST /api/session/passkey` or `POST /api/session/factor`.',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'sign-in',
    responses: { 200: json(RequestOptions, 'Options with a new challenge') },
  },
  async (c) => c.json(await requestOptions(c.var, 'sign-in'), 200),
)

const relatedOrigins = endpoint(
  {
    method: 'get',
    path: '/.well-known/webauthn',
    operationId: 'relatedOrigins',
    summary: 'The origins of ALLOWED_ORIGINS, which may use the passkeys of this domain',
    description:
      'Related Origin Requests (WebAuthn Level 3 §5.11). A browser asks the host of the RP ID.',
    tags: ['sessions'],
    access: 'anyone',
    responses: { 200: json(RelatedOrigins, 'The origins') },
  },
  (c) => {
    const origins = [...c.var.settings.allowedOrigins]
    return c.json({ origins }, 200, { 'Cache-Control': 'public, max-age=300' })
  },
)

export const passkeySignInRoutes = [createSignInOptions, relatedOrigins] as const
