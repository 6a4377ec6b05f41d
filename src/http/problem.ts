/** The catalog of all errors, sent as `application/problem+json` (RFC 9457). */
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AnyContext } from '../context'

/**
 * The key, or `type` where it is given, is the last part of the problem's `type`: add, never
 * rename. `detail` is the text for a person unless the endpoint gives a more specific one.
 */
export const problemCatalog = {
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    detail: 'The body is not well-formed JSON in UTF-8.',
  },
  'invalid-token': {
    status: 400,
    title: 'Invalid or expired link',
    detail: 'This link is invalid, was used, or has expired. Ask for a new one.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    detail: 'Sign in first: this needs an access token in the Authorization header.',
  },
  'invalid-access-token': {
    status: 401,
    title: 'Could not validate credentials',
    detail:
      'The access token is invalid or expired, or its session has ended. Refresh it or sign in again.',
  },
  'invalid-credentials': {
    status: 401,
    title: 'Sign-in failed',
    detail: 'Incorrect email or password',
  },
  'second-factor-required': {
    status: 401,
    title: 'Second factor required',
    detail: 'The password is right. Complete the sign-in with a second factor; see methods.',
  },
  'pending-ended': {
    status: 401,
    title: 'The sign-in has ended',
    detail: 'This sign-in was completed, has expired, or the password has changed. Sign in again.',
  },
  'wrong-code': {
    status: 401,
    title: 'Wrong code',
    detail: 'The code is wrong, or was used before. Enter the next one.',
  },
  'session-ended': {
    status: 401,
    title: 'No active session',
    detail: 'There is no session, or it has ended. Sign in again.',
  },
  'passkey-unknown': {
    status: 401,
    title: 'Unknown passkey',
    detail:
      'This passkey belongs to no account. Sign in another way, then remove it from your device.',
  },
  'passkey-rejected': {
    status: 401,
    title: 'Passkey rejected',
    detail: 'The passkey was not accepted. Try again, or sign in another way.',
  },
  'step-up-required': {
    status: 401,
    title: 'Confirm your identity',
    detail: 'This needs a more recent or a stronger sign-in. Confirm your identity and retry.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'Insufficient scope',
    detail: 'The access token does not have the required scope. Sign in with that scope.',
  },
  'wrong-password': {
    status: 403,
    title: 'Wrong password',
    detail: 'That password is incorrect.',
  },
  'email-not-verified': {
    status: 403,
    title: 'Email not verified',
    detail:
      'Confirm your email address first: open the link that we sent you, or reset your password.',
  },
  'not-the-author': {
    status: 403,
    title: 'Not the author',
    detail: 'Not authorized to change this post',
  },
  'cross-site': {
    status: 403,
    title: 'Request from another site',
    detail: 'This may only be called from the origin of this service or one in ALLOWED_ORIGINS.',
  },
  'not-found': { status: 404, title: 'Not found', detail: 'There is no resource at this path.' },
  'user-not-found': { status: 404, title: 'User not found', detail: 'User not found' },
  'post-not-found': { status: 404, title: 'Post not found', detail: 'Post not found' },
  'session-not-found': {
    status: 404,
    title: 'Session not found',
    detail: 'None of your sessions has this id.',
  },
  'passkey-not-found': {
    status: 404,
    title: 'Passkey not found',
    detail: 'None of your passkeys has this id.',
  },
  'avatar-not-found': {
    status: 404,
    title: 'Picture not found',
    detail: 'There is no picture at this path.',
  },
  'totp-not-found': {
    status: 404,
    title: 'No authenticator app',
    detail: 'No authenticator app is being set up or in use. Set one up first.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not support the method. Use one of the Allow header.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request timeout',
    detail: 'The body did not arrive in time. Send it again.',
  },
  'username-taken': {
    status: 409,
    title: 'Username already exists',
    detail: 'Username already exists',
  },
  'email-taken': {
    status: 409,
    title: 'Email already registered',
    detail: 'Email already registered',
  },
  'passkey-taken': {
    status: 409,
    title: 'Passkey already registered',
    detail: 'This passkey is already registered. Use it to sign in, or add another one.',
  },
  'too-many-passkeys': {
    status: 409,
    title: 'Too many passkeys',
    detail: 'Your account has 20 passkeys, the maximum. Remove one first.',
  },
  'totp-enabled': {
    status: 409,
    title: 'Authenticator app already set up',
    detail: 'An authenticator app is in use. Remove it before you set up another one.',
  },
  'no-second-factor': {
    status: 409,
    title: 'No second factor',
    detail: 'Recovery codes replace a lost second factor. Set up a passkey or an app first.',
  },
  'last-way-in': {
    status: 409,
    title: 'The last way to sign in',
    detail: 'Without this you could not sign in. Add another passkey or set a password first.',
  },
  'last-admin': {
    status: 409,
    title: 'Last admin',
    detail: 'This is the last active admin. Make another user an admin first.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition failed',
    detail: 'The resource has changed since you fetched it. Fetch it again and retry.',
  },
  'too-large': {
    status: 413,
    title: 'Too large',
    detail: 'The body is larger than this endpoint accepts.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'Send the body as application/json.',
  },
  'invalid-request': {
    status: 422,
    title: 'Invalid request',
    detail: 'The request is invalid. See errors for each field.',
  },
  // A rejected registration is no failed authentication, so its status is not 401.
  'passkey-registration-rejected': {
    type: 'passkey-rejected',
    status: 422,
    title: 'Passkey rejected',
    detail: 'The passkey was not accepted. Request new options and try again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency-Key reused',
    detail: 'This Idempotency-Key was used with a different body. Use a new key for a new post.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many requests from your network. Wait a minute.',
  },
  'too-many-attempts': {
    status: 429,
    title: 'Too many attempts',
    detail: 'Too many failed attempts. Wait before the next one, or reset your password.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    detail: 'An unexpected error occurred. If it persists, report the request_id.',
  },
  busy: { status: 503, title: 'Busy', detail: 'Too many sign-ins at once. Try again in a moment.' },
  unavailable: {
    status: 503,
    title: 'Service unavailable',
    detail: 'A part of this service does not respond. Try again in a moment.',
  },
  misconfigured: {
    status: 503,
    title: 'Not configured',
    detail: 'A setting of this service is missing or weak.',
  },
  'not-ready': { status: 503, title: 'Not ready', detail: 'A part of this service does not work.' },
} as const satisfies Record<string, CatalogEntry>
export type ProblemCode = keyof typeof problemCatalog

interface CatalogEntry {
  /** The last part of `type` where another entry has it as its key, with another status. */
  type?: string
  status: ContentfulStatusCode
  title: string
  detail: string
}

/** The last part of the `type` of a problem. */
export function typeOf(code: ProblemCode): string {
  const entry: CatalogEntry = problemCatalog[code]
  return entry.type ?? code
}

type StatusOf<C extends ProblemCode> = (typeof problemCatalog)[C]['status']

export const FieldError = z
  .object({
    pointer: z.string().meta({
      description: 'JSON Pointer to the member (RFC 6901), as a URI fragment',
      example: '#/password',
    }),
    detail: z.string().meta({ example: 'must have at least 8 characters' }),
  })
  .openapi('FieldError')
export type FieldError = z.infer<typeof FieldError>

export const Problem = z
  .object({
    type: z.string().meta({
      description: 'Identifies the type of problem; stable',
      example: '/problems/invalid-request',
    }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'A sentence for a person' }),
    request_id: z.string(),
    errors: z
      .array(FieldError)
      .optional()
      .meta({ description: 'For a 422: each invalid field and the rule it breaks' }),
    pending_token: z.string().optional().meta({
      description: 'Of `second-factor-required`: the token of the second step',
    }),
    methods: z
      .array(z.enum(['totp', 'passkey', 'recovery']))
      .optional()
      .meta({ description: 'Of `second-factor-required`: how the user can continue' }),
    expires_in: z.int().optional().meta({
      description: 'Of `second-factor-required`: the lifetime of the token in seconds',
    }),
  })
  .openapi('Problem')
export type Problem = z.infer<typeof Problem>

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemDetails {
  detail?: string | undefined
  errors?: FieldError[]
  headers?: Record<string, string>
  /** Members that only some problems have. */
  members?: Pick<Problem, 'pending_token' | 'methods' | 'expires_in'>
  /** Seconds until a retry can succeed (`Retry-After`). */
  retryAfter?: number
}

/** The details of a 422 for one member. `rule` is a phrase that follows its name: `must have …`. */
export const fieldProblem = (member: string, rule: string): ProblemDetails => ({
  detail: `${member} ${rule}.`,
  errors: [{ pointer: `#/${member}`, detail: rule }],
})

/**
 * A problem response. It does not compile on a route that does not declare `code` with
 * `problems()`.
 */
export function problem<C extends ProblemCode>(
  c: AnyContext,
  code: C,
  { detail, errors, headers, members, retryAfter }: ProblemDetails = {},
): Response & TypedResponse<Problem, StatusOf<C>, 'json'> {
  const { status, title, detail: usual } = problemCatalog[code]
  const outcome = c.get('outcome')
  if (outcome) outcome.problem = code
  const body: Problem = {
    type: `/problems/${typeOf(code)}`,
    title,
    status,
    detail: detail ?? usual,
    request_id: c.var.requestId,
    ...(errors && { errors }),
    ...members,
  }
  return c.body(JSON.stringify(body), status, {
    'Content-Type': PROBLEM_TYPE,
    'Cache-Control': 'no-store',
    ...(retryAfter !== undefined && { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }),
    ...headers,
  }) as never
}

/** The `responses` entries for the problems of a route. */
export function problems<const C extends ProblemCode>(...codes: C[]) {
  const byStatus: Record<number, { description: string; content: object }> = {}
  for (const code of codes) {
    const { status, title } = problemCatalog[code]
    const line = `\`${typeOf(code)}\`: ${title}`
    const before = byStatus[status]
    byStatus[status] = {
      description: before ? `${before.description}; ${line}` : line,
      content: { [PROBLEM_TYPE]: { schema: Problem } },
    }
  }
  return byStatus as unknown as {
    [S in StatusOf<C>]: {
      description: string
      content: { 'application/problem+json': { schema: typeof Problem } }
    }
  }
}
