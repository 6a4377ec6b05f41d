/** The second step of a sign-in: a pending token and the proof of a second factor. */
import { eq } from 'drizzle-orm'
import type { AppContext } from '../../context'
import { type Account, selectAccount } from '../../credentials/account'
import { codeProof, selectSecret } from '../../credentials/factor-code'
import { type Proof, selectUsedToken, type UsedToken } from '../../credentials/proof'
import { batch } from '../../db/batch'
import { totp } from '../../db/schema-credentials'
import { methodsOf } from '../../security/auth-methods'
import { sha256Base64url } from '../../security/digest'
import type { Keyring } from '../../security/keyring'
import {
  type PendingClaims,
  passwordFingerprint,
  readPendingToken,
} from '../../security/pending-token'
import type { FactorCode } from '../../security/totp'
import { grantScope, parseScope } from '../rules'
import { type Started, startSession } from '../start/start'

/** A genuine pending token of a client. Only D1 knows whether it still works. */
export interface OpenPending {
  claims: PendingClaims
  used: UsedToken
}

/**
 * Reads a pending token, without D1. Null: not one of this service, expired, or of another client.
 */
export async function openPending(
  { keys, now }: { keys: Keyring; now: Date },
  token: string,
  clientId: string,
): Promise<OpenPending | null> {
  const claims = await readPendingToken(keys, token, now)
  if (claims?.clientId !== clientId) return null
  const hash = await sha256Base64url(`pending:${claims.jti}`)
  return { claims, used: { hash, expiresAt: claims.expiresAt } }
}

/** The statements that read what a pending sign-in depends on, for the first round trip. */
export const pendingStatements = ({ claims, used }: OpenPending) => ({
  account: selectAccount(claims.userId),
  usedBefore: selectUsedToken(used.hash),
})

/**
 * The account of a pending sign-in that still works: it is active, its password is the same, and
 * the token was not used.
 */
export async function accountOfPending(
  { claims }: OpenPending,
  { account: [account], usedBefore }: { account: Account[]; usedBefore: unknown[] },
): Promise<Account | null> {
  if (!account?.isActive || usedBefore.length > 0) return null
  const fingerprint = await passwordFingerprint(account.passwordHash)
  return fingerprint === claims.passwordFingerprint ? account : null
}

export type Finished =
  | Exclude<Started, { kind: 'second-factor-required' | 'token-used' | 'changed' }>
  | { kind: 'ended' }

/**
 * Completes a pending sign-in with a code. Two round trips; none for a token that does not work.
 */
export async function finishWithCode(
  c: AppContext,
  of: { token: string; clientId: string; code: FactorCode; replaces: string | null },
): Promise<Finished> {
  const pending = await openPending(c.var, of.token, of.clientId)
  if (!pending) return { kind: 'ended' }
  const found = await batch(c.var.db, {
    ...pendingStatements(pending),
    secret: selectSecret(eq(totp.userId, pending.claims.userId)),
  })
  const account = await accountOfPending(pending, found)
  if (!account) return { kind: 'ended' }
  const proof = await codeProof(c.var, account.id, of.code, found.secret[0]?.secret)
  return finishSignIn(c, pending, account, proof, of.replaces)
}

/** Completes a pending sign-in with a proof of its account. The second round trip. */
export async function finishSignIn(
  c: AppContext,
  { claims, used }: OpenPending,
  account: Account,
  proof: Proof,
  replaces: string | null,
): Promise<Finished> {
  const asked = parseScope(claims.scope.join(' '))
  const scope = asked && grantScope(asked, account.role)
  if (!scope) return { kind: 'ended' }
  const started = await startSession(c, {
    account,
    methods: methodsOf(claims.amr),
    proof,
    clientId: claims.clientId,
    scope,
    pending: used,
    replaces: replaces ?? claims.replaces,
  })
  switch (started.kind) {
    case 'second-factor-required':
    case 'token-used':
    case 'changed':
      return { kind: 'ended' }
    default:
      return started
  }
}
