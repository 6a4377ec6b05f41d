/** Operations in the API document: their order, and notes where a summary is not enough. */

import { durationText, LINK_LIFETIME_MS } from '../../limits'
import { PENDING_SECONDS } from '../../security/pending-token'

/** By operation: how to use it. Its contract has the parameters and the responses. */
export const operationNotes: Record<string, string> = {
  register:
    'Registration creates no session: sign in afterwards. A link to confirm the address is mailed. Usernames and addresses are compared without regard to case.',
  readMe:
    'Any valid access token may read it, whatever its scope: use it to learn who is signed in.',
  changeMe:
    'Members that are missing stay as they are. `"full_name": null` removes the name. The password and the email address have operations of their own.',
  readEvents:
    'Sign-ins, failed sign-ins, changes of password, address and factors, latest first, with the rough place of the client.',
  previewVerification:
    'A page shows the username before the user clicks to confirm. Neither this nor a mail scanner uses the link up.',
  sendVerification: 'An address gets a limited number of mails an hour. Only the last link works.',
  changeEmail:
    'The new address gets a link, the former one a notice. The response is the same if another account has the address.',
  changePassword:
    'An account with a password sends `current_password`. The session of the request stays, with its tokens.',
  forgotPassword:
    'The response is the same, in the same time, whether an account has the address or not.',
  resetPassword:
    'The link proves the mailbox, so it also confirms the address. It creates no session.',
  setUpTotp:
    'Returns the secret and an `otpauth:` address for a QR code. Pass the first code to `POST /api/users/me/totp/confirm`.',
  makeRecoveryCodes: 'They are shown once. Each works once, in place of a second factor.',
  deleteAccount:
    'Posts, picture, sessions and factors go with it, and every token ends at once. Export first: nothing can be restored.',
  createToken:
    'The form of the FastAPI tutorials: `username` is an email address or a username. A failure is 401, not 400 as in RFC 6749.',
  oauthToken:
    'Clients are public: send no secret, and `client_id` only if your library insists. Each refresh token works once; keep the new one of each response.',
  oauthRevoke: 'An unknown token is no error (RFC 7009 §2.2).',
  createSession:
    'The refresh token is in an `HttpOnly` cookie, out of reach of scripts; the access token is in the response, for the memory of the page. Only for pages of this origin or a listed one.',
  refreshSession:
    'Call it when a page loads, and before the access token expires. Tabs may call it at the same time.',
  finishSession: `The \`pending_token\` is that of \`second-factor-required\`. It is valid for ${durationText(1000 * PENDING_SECONDS)}.`,
  confirmSession:
    'For `step-up-required`: the session stays, and the response has an access token with the new `auth_time`.',
  createPasskeySession:
    'Pass the result of `navigator.credentials.get()` for the options of `POST /api/passkeys/sign-in-options`.',
  requestSignInLink: `The response is the same, in the same time, whether an account has the address or not. Only a confirmed address gets the link. It works once, for ${durationText(LINK_LIFETIME_MS.signIn)}, in the browser of this request or with the \`code\` of the response, and a newer one replaces it. Needs \`EMAIL_SIGN_IN\`.`,
  useSignInLink:
    'Call it on a click of the user only: mail scanners load pages and run their scripts. In another browser than the one that requested the link, send the `code` too.',
  endOtherSessions: 'Their access tokens stop working with the next request.',
  updatePost:
    'Members that are missing stay as they are. Send the `ETag` of the post as `If-Match`, and a change by another client is not overwritten.',
  deletePost: 'With `If-Match` only that version is deleted.',
  createPost:
    'With an `Idempotency-Key` a repetition after a lost response creates no second post.',
  changeUser: 'Disabling an account ends its sessions at once. The last active admin stays one.',
  ready: 'For monitors and deployments. `detail` of a 503 names the part that does not work.',
  health: 'For load balancers: it says nothing about the database. See `/ready`.',
}

/** The API in the order in which a reader needs it. Within a prefix, paths are sorted. */
const PREFIXES = [
  '/api/session',
  '/api/posts',
  '/api/users',
  '/oauth',
  '/api/passkeys',
  '/api/identity-providers',
  '/api/admin',
  '/avatars',
  '/health',
  '/ready',
  '/openapi.json',
  '/.well-known',
]
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Unknown values come last. */
const rank = (list: string[], isIt: (value: string) => boolean) => {
  const at = list.findIndex(isIt)
  return at < 0 ? list.length : at
}
const rankOf = (path: string) => rank(PREFIXES, (prefix) => path.startsWith(prefix))
const rankOfMethod = (method: string) => rank(METHODS, (known) => known === method)

/** The paths with their operations, in the order of the document. */
export const inOrder = <P extends Record<string, object>>(paths: P): P =>
  Object.fromEntries(
    Object.entries(paths)
      .sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
      .map(([path, operations]) => [path, inOrderOfMethods(operations)]),
  ) as P

const inOrderOfMethods = (operations: object) =>
  Object.fromEntries(
    Object.entries(operations).sort(([a], [b]) => rankOfMethod(a) - rankOfMethod(b)),
  )

/** `if-match` → `If-Match`, as RFC 9110 writes field names. They compare without case. */
export const headerName = (name: string) =>
  name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase())
