/** Sign-in with a passkey alone: two factors, thanks to user verification. */
import type { AppContext } from '../context'
import { findPasskey, openAssertion } from '../credentials/passkeys/assertion'
import { checkAssertion } from '../credentials/passkeys/check'
import { type AssertionCredential, PasskeySignIn } from '../credentials/passkeys/schemas'
import { batch } from '../db/batch'
import { endpoint, jsonBody } from '../http/endpoint'
import { logRejectedPasskey } from '../http/log'
import { problem, problems } from '../http/problem'
import { browserSessionView } from './cookie'
import { browserSignedIn } from './responses'
import { type Started, startBrowserSession } from './start/start'

type PasskeySignedIn =
  | Extract<Started, { kind: 'signed-in' }>
  | { kind: 'unknown' }
  | { kind: 'rejected'; detail?: string }

const BEARER = { 'WWW-Authenticate': 'Bearer realm="gatepost"' }
const STALE = 'The request has expired or was used before. Start again.'

export const createPasskeySession = endpoint(
  {
    method: 'post',
    path: '/api/session/passkey',
    operationId: 'createPasskeySession',
    summary: 'Sign in from a browser with a passkey; replaces the session of the cookie',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'sign-in',
    request: { body: jsonBody(PasskeySignIn) },
    responses: {
      200: browserSignedIn,
      ...problems('passkey-unknown', 'passkey-rejected'),
    },
  },
  async (c) => {
    const { credential } = c.req.valid('json')
    const result = await signInWithPasskey(c, credential)
    switch (result.kind) {
      case 'signed-in':
        return c.json(browserSessionView(c, result.grant), 200)
      case 'unknown':
        return problem(c, 'passkey-unknown', { headers: BEARER })
      case 'rejected':
        return problem(c, 'passkey-rejected', { headers: BEARER, detail: result.detail })
    }
  },
)

/** One round trip to find the passkey, and one to start the session. */
async function signInWithPasskey(
  c: AppContext,
  credential: AssertionCredential,
): Promise<PasskeySignedIn> {
  const { db } = c.var
  const assertion = await openAssertion(c.var, credential, 'sign-in')
  if (!assertion) return reject(c, 'invalid-challenge', null, STALE)
  const found = await findPasskey(db, credential.id)
  if (!found) return { kind: 'unknown' }
  const { account } = found
  const proof = await checkAssertion(c, assertion, found.passkey, {
    account,
    sessionId: null,
    isUserKnown: false,
    run: (statements) => batch(db, statements),
  })
  if (!proof) return { kind: 'rejected' }
  // Not `passkey-unknown`: the page would remove the passkey from the device of a disabled user.
  if (!account.isActive) return reject(c, 'account-disabled', account.id)
  const started = await startBrowserSession(c, { account, methods: [], proof })
  switch (started.kind) {
    case 'signed-in':
      return started
    case 'token-used':
      return reject(c, 'challenge-used', account.id, STALE)
    default:
      return reject(c, started.kind, account.id)
  }
}

function reject(
  c: AppContext,
  reason: string,
  userId: number | null,
  detail?: string,
): PasskeySignedIn {
  logRejectedPasskey(c, reason, { userId })
  return detail === undefined ? { kind: 'rejected' } : { kind: 'rejected', detail }
}
