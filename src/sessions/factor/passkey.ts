/** Passkeys of a user who is known: as second factor, and to confirm a session. */
import type { AppContext, CallerContext } from '../../context'
import { selectAccount } from '../../credentials/account'
import { openAssertion, selectPasskey } from '../../credentials/passkeys/assertion'
import { checkAssertion } from '../../credentials/passkeys/check'
import { confirmationPurpose } from '../../credentials/passkeys/options'
import type { AssertionCredential } from '../../credentials/passkeys/schemas'
import { batch, single } from '../../db/batch'
import { withSession } from '../../db/session-guard'
import { logRejectedPasskey } from '../../http/log'
import { type ConfirmResult, confirmWithProof } from '../confirm/proof'
import {
  accountOfPending,
  type Finished,
  finishSignIn,
  openPending,
  pendingStatements,
} from './finish'

/** Completes a pending sign-in with a passkey. Two round trips; none for a useless token. */
export async function finishWithPasskey(
  c: AppContext,
  of: {
    token: string
    clientId: string
    credential: AssertionCredential
    replaces: string | null
  },
): Promise<Finished> {
  const { db } = c.var
  const pending = await openPending(c.var, of.token, of.clientId)
  if (!pending) return { kind: 'ended' }
  const { userId } = pending.claims
  const assertion = await openAssertion(c.var, of.credential, 'sign-in')
  if (!assertion) {
    logRejectedPasskey(c, 'invalid-challenge', { userId })
    return { kind: 'wrong-proof' }
  }
  const found = await batch(db, {
    ...pendingStatements(pending),
    passkey: selectPasskey(assertion, userId),
  })
  const account = await accountOfPending(pending, found)
  if (!account) return { kind: 'ended' }
  const proof = await checkAssertion(c, assertion, found.passkey[0], {
    account,
    sessionId: null,
    isUserKnown: true,
    run: (statements) => batch(db, statements),
  })
  if (!proof) return { kind: 'wrong-proof' }
  return finishSignIn(c, pending, account, proof, of.replaces)
}

/** Confirms the session of the caller with a passkey. Two round trips. */
export async function confirmWithPasskey(
  c: CallerContext,
  credential: AssertionCredential,
): Promise<ConfirmResult> {
  const { actor } = c.var
  const { userId, sessionId } = actor.caller
  const assertion = await openAssertion(c.var, credential, confirmationPurpose(actor.caller))
  if (!assertion) {
    // The guard comes first: a session that has ended is reported as such.
    await withSession(actor, {})
    logRejectedPasskey(c, 'invalid-challenge', actor.caller)
    return { kind: 'wrong-proof' }
  }
  const found = await withSession(actor, {
    account: selectAccount(userId),
    passkey: selectPasskey(assertion, userId),
  })
  const account = single(found.account)
  const proof = await checkAssertion(c, assertion, found.passkey[0], {
    account,
    sessionId,
    isUserKnown: true,
    run: (statements) => withSession(actor, statements),
  })
  return proof
    ? confirmWithProof(c, { account, amr: [], secret: undefined }, proof)
    : { kind: 'wrong-proof' }
}
