/**
 * Assertions of passkeys for every use: first factor, second factor, confirmation of a session.
 * `openAssertion` needs no database, `selectPasskey` reads the passkey in the first round trip of
 * the route, and `verifyPasskey` makes the proof that the second one uses up.
 */
import { and, eq, placeholder, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { build } from '../../db/build'
import { prepared } from '../../db/prepared'
import { users } from '../../db/schema'
import { passkeys } from '../../db/schema-credentials'
import { type ChallengePurpose, readChallenge } from '../../security/challenge'
import type { Keyring } from '../../security/keyring'
import { type RejectionReason, verifyAssertion } from '../../security/webauthn/webauthn'
import { presentedChallenge } from '../../security/webauthn/webauthn-response'
import type { Settings } from '../../settings'
import { type Account, accountColumns } from '../account'
import type { Proof, UsedToken } from '../proof'
import { expectedOrigins } from './options'
import type { AssertionCredential } from './schemas'

/** An assertion of a challenge that this service issued. Its signature is not verified yet. */
export interface OpenAssertion {
  credential: AssertionCredential
  challenge: string
  /** The challenge works once. */
  used: UsedToken
}

/** Null unless the challenge was issued for this purpose and has not expired. */
export async function openAssertion(
  { keys, now }: { keys: Keyring; now: Date },
  credential: AssertionCredential,
  purpose: ChallengePurpose,
): Promise<OpenAssertion | null> {
  const challenge = presentedChallenge(credential)
  const used = challenge && (await readChallenge(keys, challenge, purpose, now))
  return used ? { credential, challenge, used } : null
}

/** The columns that a verification needs. No two columns of a row of D1 may share a name. */
export const assertionColumns = {
  ownerId: passkeys.userId,
  handle: users.handle,
  key: passkeys.key,
  counter: passkeys.counter,
  backupEligible: passkeys.backupEligible,
  rpId: passkeys.rpId,
}
export interface AssertablePasskey {
  ownerId: number
  /** Null only for deleted users. */
  handle: string | null
  key: Uint8Array
  counter: number
  backupEligible: boolean
  rpId: string
}

/** Selects the passkey of an assertion if it belongs to this user. */
export const selectPasskey = ({ credential }: OpenAssertion, userId: number) =>
  build
    .select(assertionColumns)
    .from(passkeys)
    .innerJoin(users, eq(users.id, passkeys.userId))
    .where(and(eq(passkeys.id, credential.id), eq(passkeys.userId, userId)))

const selectWithAccount = prepared(() =>
  build
    .select({ ...assertionColumns, ...accountColumns })
    .from(passkeys)
    .innerJoin(users, eq(users.id, passkeys.userId))
    .where(eq(passkeys.id, placeholder('id'))),
)

/** The passkey of a credential id and its account, active or not; null if it is unknown. */
export async function findPasskey(
  db: Database,
  id: string,
): Promise<{ passkey: AssertablePasskey; account: Account } | null> {
  const row = await selectWithAccount(db, { id }).get()
  return row ? { passkey: row, account: row } : null
}

export type VerifiedPasskey =
  | { kind: 'verified'; proof: Proof }
  | { kind: 'rejected'; reason: RejectionReason }

/**
 * Verifies an assertion by a stored passkey. As first factor it must name the user by the user
 * handle; with `isUserKnown` it may leave the handle out (WebAuthn Level 3 §7.2 step 6).
 */
export async function verifyPasskey(
  { settings, now }: { settings: Settings; now: Date },
  { credential, challenge, used }: OpenAssertion,
  { ownerId, handle, key: publicKey, counter, backupEligible, rpId }: AssertablePasskey,
  { isUserKnown }: { isUserKnown: boolean },
): Promise<VerifiedPasskey> {
  const { id } = credential
  // A passkey of a former domain is no way to sign in, and its owner is shown so.
  if (rpId !== settings.passkeyRpId) return { kind: 'rejected', reason: 'wrong-rp-id' }
  const result = await verifyAssertion({
    credential,
    expectedChallenge: challenge,
    expectedOrigins: expectedOrigins(settings),
    rpId,
    stored: { id, publicKey, counter, backupEligible, userHandle: handle ?? '' },
    requireUserHandle: !isUserKnown,
  })
  if (result.kind === 'rejected') return result
  // One of two assertions with the same counter is refused: the counter must still be the read one.
  const isUnchanged = and(
    eq(passkeys.id, id),
    eq(passkeys.userId, ownerId),
    eq(passkeys.counter, counter),
  )
  const proof: Proof = {
    method: backupEligible ? 'swk' : 'hwk',
    token: used,
    use: (condition) =>
      build
        .update(passkeys)
        .set({ counter: result.counter, backedUp: result.backedUp, lastUsedAt: now })
        .where(sql`${isUnchanged} and ${condition}`)
        .returning({ id: passkeys.id }),
  }
  return { kind: 'verified', proof }
}
