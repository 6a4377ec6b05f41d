/** Advice to clients about each problem: only for the API document and the pages of problems. */
import { durationText, IDEMPOTENCY_MS } from '../../limits'
import type { ProblemCode } from '../problem-catalog'

export interface Advice {
  /** When the service answers with it. */
  meaning: string
  /** How a client handles it. */
  action: string
}

const REPEAT = 'Repeat the request after the seconds of `Retry-After`, a few times at most.'
const GONE = 'Show that it does not exist, and remove it from your lists. A repetition is useless.'
const REPORT = 'Show a general error with the `request_id`, which finds the request in the logs.'

export const problemAdvice: Record<ProblemCode, Advice> = {
  'malformed-request': {
    meaning: 'The body is no well-formed JSON in UTF-8.',
    action: 'Correct the program that builds the request. A repetition is useless.',
  },
  'invalid-token': {
    meaning: 'The token of a mailed link is wrong, was used, was replaced, or has expired.',
    action: 'Tell the user, and offer to mail a new link.',
  },
  'identity-flow-ended': {
    meaning: 'The browser has no cookie of this flow, or the flow is too old, or was completed.',
    action: 'Let the user start again with `GET /api/identity-providers/{provider}/sign-in`.',
  },
  'registration-ended': {
    meaning: 'The proof of the identity is too old, was used, or is of another browser.',
    action: 'Let the user sign in with the provider again.',
  },
  unauthenticated: {
    meaning: 'The operation needs an access token, and the request has none.',
    action: 'Send `Authorization: Bearer <access token>`. Without one, let the user sign in.',
  },
  'invalid-access-token': {
    meaning: 'The access token has expired or is forged, or its session has ended.',
    action: 'Refresh once and repeat the request. If the refresh fails, let the user sign in.',
  },
  'invalid-credentials': {
    meaning: 'No active account has this login and password. It is the same for unknown logins.',
    action: 'Show `detail`, keep the login, and empty the password field.',
  },
  'second-factor-required': {
    meaning: 'The first factor is right, and the account has a second one.',
    action:
      'Ask for one of `methods`, then send it with `pending_token` to `POST /api/session/factor`.',
  },
  'pending-ended': {
    meaning: 'The time between the two steps of a sign-in is over, or the first step is void.',
    action: 'Start the sign-in again.',
  },
  'wrong-code': {
    meaning: 'The code is wrong, or was used before.',
    action: 'Let the user enter the next code. Do not repeat the same one.',
  },
  'link-code-required': {
    meaning: 'A sign-in link was opened in another browser than the one that requested it.',
    action: 'Ask for the code that the other browser shows, and repeat the request with it.',
  },
  'session-ended': {
    meaning: 'The request has no cookie of an active session.',
    action: 'Forget the access token and show the sign-in form.',
  },
  'passkey-unknown': {
    meaning: 'The authenticator offered a passkey that this service does not know.',
    action:
      'Tell the browser with `PublicKeyCredential.signalUnknownCredential()`, and offer a password.',
  },
  'passkey-rejected': {
    meaning: 'The response of the authenticator failed a check, or its challenge is too old.',
    action: 'Request new options and let the user try again.',
  },
  'identity-rejected': {
    meaning: 'The response of the identity provider failed a check, or the account is disabled.',
    action: 'Offer to try again, and the other ways to sign in. The log has the reason.',
  },
  'step-up-required': {
    meaning: 'The operation requires a more recent or stronger authentication (RFC 9470).',
    action: 'Confirm the identity with `POST /api/session/confirm`, then repeat the request.',
  },
  'insufficient-scope': {
    meaning: 'The access token is valid and lacks the scope of the operation, or the role.',
    action: 'Sign in with the scope that `WWW-Authenticate` names, or hide the operation.',
  },
  'wrong-password': {
    meaning: 'The current password, which confirms this change, is wrong.',
    action: 'Show the error at the password field. The session stays.',
  },
  'email-not-verified': {
    meaning: '`REQUIRE_VERIFIED_EMAIL` is on, and the address of the account is unconfirmed.',
    action: 'Ask the user to open the mailed link, or to reset the password.',
  },
  'identity-refused': {
    meaning: 'The user did not agree at the identity provider, or left its page.',
    action: 'Show the sign-in form again.',
  },
  'not-the-author': {
    meaning: 'The post belongs to another user.',
    action: 'Show it without the means to change it. A repetition is useless.',
  },
  'cross-site': {
    meaning: 'The request comes from a page of an origin that is not listed.',
    action: 'Add the origin of the page to `ALLOWED_ORIGINS`, or call the API with bearer tokens.',
  },
  'not-found': { meaning: 'The API has no such path.', action: 'Compare the path with `/docs`.' },
  'user-not-found': { meaning: 'No account has this id.', action: GONE },
  'post-not-found': {
    meaning: 'No post has this id, or it is private and belongs to another user.',
    action: GONE,
  },
  'session-not-found': {
    meaning: 'The session has ended, or belongs to another user.',
    action: 'Read the list of sessions again.',
  },
  'passkey-not-found': {
    meaning: 'The passkey was removed, or belongs to another user.',
    action: 'Read the list of passkeys again.',
  },
  'identity-not-found': {
    meaning: 'The identity was disconnected, or belongs to another user.',
    action: 'Read the list of connected accounts again.',
  },
  'provider-unknown': {
    meaning: '`PROVIDERS` has no provider of this name.',
    action: 'Offer the providers of `GET /api/identity-providers`.',
  },
  'avatar-not-found': { meaning: 'No picture has this address.', action: 'Show initials instead.' },
  'totp-not-found': {
    meaning: 'The account has no authenticator app, and none is being set up.',
    action: 'Start with `POST /api/users/me/totp`.',
  },
  'method-not-allowed': {
    meaning: 'The path exists, and has no such method.',
    action: 'Use a method of the `Allow` header.',
  },
  'request-timeout': {
    meaning: 'The body did not arrive in time, mostly because of a slow connection.',
    action: 'Send the request again.',
  },
  'username-taken': {
    meaning: 'Another account has this username. Case does not matter.',
    action: 'Show the error at the username field, and keep what the user has entered.',
  },
  'email-taken': {
    meaning: 'Another account has this email address. Case does not matter.',
    action: 'Show the error at the email field, and offer to sign in or to reset the password.',
  },
  'passkey-taken': {
    meaning: 'The authenticator has registered this passkey before.',
    action: 'Tell the user that the passkey works already.',
  },
  'too-many-passkeys': {
    meaning: 'The account has the maximum of 20 passkeys.',
    action: 'Let the user remove one first.',
  },
  'identity-taken': {
    meaning: 'The account at the provider is connected to another account of this service.',
    action: 'Tell the user to sign in with the provider, which opens that other account.',
  },
  'too-many-identities': {
    meaning: 'The account has the maximum of 20 connected accounts.',
    action: 'Let the user disconnect one first.',
  },
  'account-exists': {
    meaning: 'The provider proved an address that an account has. Addresses link nothing.',
    action: 'Let the user sign in another way, then connect the provider under Account.',
  },
  'account-unproven': {
    meaning: 'The provider proved an address that an account has and never confirmed.',
    action: 'Offer to reset the password, which makes the account the user’s own.',
  },
  'totp-enabled': {
    meaning: 'The account has an authenticator app already.',
    action: 'Offer to remove it first.',
  },
  'no-second-factor': {
    meaning: 'Recovery codes replace a second factor, and the account has none.',
    action: 'Offer to set up an authenticator app or a passkey.',
  },
  'last-way-in': {
    meaning: 'Without this factor nothing would be left to sign in with.',
    action: 'Offer to set a password or to add another passkey first.',
  },
  'last-admin': {
    meaning: 'The change would leave the service without an active administrator.',
    action: 'Make another user an administrator first.',
  },
  'precondition-failed': {
    meaning: 'The resource has another version than the one that `If-Match` names.',
    action: 'Fetch it, show both versions to the user, and retry with the new `ETag`.',
  },
  'too-large': {
    meaning: 'The body exceeds the limit of the operation.',
    action: 'Send less: shorten the text, or reduce the picture.',
  },
  'unsupported-media-type': {
    meaning: 'The `Content-Type` of the body is missing or is another one.',
    action: 'Send the type that the operation documents, mostly `application/json`.',
  },
  'invalid-request': {
    meaning: 'At least one member, parameter or header breaks a rule.',
    action: 'Show each entry of `errors` at the field that its `pointer` names.',
  },
  'passkey-registration-rejected': {
    meaning: 'The response of the authenticator failed a check, or its challenge is too old.',
    action: 'Request new options and let the user try again.',
  },
  'idempotency-key-reused': {
    meaning: `The same \`Idempotency-Key\` came with another body within ${durationText(IDEMPOTENCY_MS)}.`,
    action: 'Use a new key for each new post, and the same key only for repetitions.',
  },
  'too-many-requests': {
    meaning: 'Your network has used up the limit of this minute, or the session its own.',
    action: 'Wait the seconds of `Retry-After`. Do not repeat sooner.',
  },
  'too-many-attempts': {
    meaning: 'Attempts for this login or account have failed too often.',
    action: 'Show the time of `Retry-After`, and offer a reset of the password.',
  },
  internal: { meaning: 'The service has a defect, which is in its log.', action: REPORT },
  busy: {
    meaning: 'More passwords wait for Argon2id than the service computes in time.',
    action: REPEAT,
  },
  unavailable: { meaning: 'D1, R2 or another part does not respond.', action: REPEAT },
  'provider-unavailable': {
    meaning: 'The identity provider is down, too slow, or breaks the protocol.',
    action: 'Offer to try again, and the other ways to sign in. The log has the reason.',
  },
  misconfigured: {
    meaning: 'A setting is missing or weak; `detail` names it. No request is served.',
    action: 'As the operator, correct the setting: `npm run doctor`. As a client, wait.',
  },
  'not-ready': {
    meaning: '`/ready` found a part that does not work: `detail` names it.',
    action: 'As the operator, fix that part. Send no traffic before `/ready` answers 200.',
  },
}
