/** All errors of the service: one entry per problem type (RFC 9457). */
import type { ContentfulStatusCode } from 'hono/utils/http-status'

export interface CatalogEntry {
  /** The last part of `type` where another entry has it as its key, with another status. */
  type?: string
  status: ContentfulStatusCode
  title: string
  detail: string
}

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
  'identity-flow-ended': {
    status: 400,
    title: 'The sign-in has ended',
    detail:
      'This sign-in took too long, was completed, or began in another browser or tab. Start again.',
  },
  'registration-ended': {
    status: 400,
    title: 'The registration has ended',
    detail:
      'This registration took too long, was completed, or began in another browser. Sign in with the provider again.',
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
    detail: 'The first factor is right. Complete the sign-in with a second one; see methods.',
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
  'link-code-required': {
    status: 401,
    title: 'Code required',
    detail:
      'This browser did not ask for the link. Enter the code of the page where you asked for it.',
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
  'identity-rejected': {
    status: 401,
    title: 'Sign-in rejected',
    detail:
      'The sign-in at the identity provider was not accepted. Try again, or sign in another way.',
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
  'identity-refused': {
    status: 403,
    title: 'Sign-in cancelled',
    detail: 'You cancelled the sign-in at the identity provider. Try again, or use another way.',
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
  'identity-not-found': {
    status: 404,
    title: 'Connected account not found',
    detail: 'None of your connected accounts has this id.',
  },
  'provider-unknown': {
    status: 404,
    title: 'Unknown identity provider',
    detail: 'This service has no identity provider of this name. Sign in another way.',
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
  'identity-taken': {
    status: 409,
    title: 'Already connected to another account',
    detail:
      'This account of the identity provider is connected to another account here. Disconnect it there first.',
  },
  'too-many-identities': {
    status: 409,
    title: 'Too many connected accounts',
    detail: 'Your account has 20 connected accounts, the maximum. Disconnect one first.',
  },
  'account-exists': {
    status: 409,
    title: 'You have an account already',
    detail:
      'An account with your email address exists. Sign in to it, then connect the provider under Account.',
  },
  'account-unproven': {
    status: 409,
    title: 'Your address is in use',
    detail:
      'An account uses your email address and never confirmed it. Reset its password to take it over, then connect the provider under Account.',
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
  'provider-unavailable': {
    status: 503,
    title: 'Identity provider unavailable',
    detail:
      'The identity provider does not respond as it should. Try again in a moment, or sign in another way.',
  },
  misconfigured: {
    status: 503,
    title: 'Not configured',
    detail: 'A setting of this service is missing or weak.',
  },
  'not-ready': { status: 503, title: 'Not ready', detail: 'A part of this service does not work.' },
} as const satisfies Record<string, CatalogEntry>

export type ProblemCode = keyof typeof problemCatalog
