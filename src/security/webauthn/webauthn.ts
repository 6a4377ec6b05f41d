// Passkeys: verification of WebAuthn registrations and assertions (WebAuthn Level 3 §7), for
// attestation `none`, on WebCrypto. docs/decisions/webauthn.md says why no library does it.
//
// A route passes presentedChallenge() to readChallenge(), loads the passkey by `credential.id`, and
// verifies. The route also makes the challenge single-use, by storing its hash in the batch that
// creates the session.

import { base64url } from 'jose'
import { sha256 } from '../digest'
import {
  type AuthenticatorData,
  readAttestationObject,
  readAuthenticatorData,
} from './authenticator-data'
import type { Bytes } from './cbor'
import { type ClientDataRejection, checkClientData, type ExpectedClientData } from './client-data'
import { type CoseAlgorithm, importCoseKey, verifySignature } from './cose-key'
import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  readAssertion,
  readRegistration,
} from './webauthn-response'

interface Expected {
  /** The challenge, after readChallenge() accepted it. */
  expectedChallenge: string
  /** Origins of the pages that may ask, compared as strings: `https://app.example`. */
  expectedOrigins: readonly string[]
  /** RP ID: a host name without scheme or port. */
  rpId: string
}

export interface RegistrationInput extends Expected {
  credential: RegistrationResponseJSON
}

export interface AssertionInput extends Expected {
  credential: AuthenticationResponseJSON
  stored: StoredPasskey
  /**
   * Rejects an assertion without user handle; default true. Pass false only where the session or
   * the password identified the user before (WebAuthn Level 3 §7.2 step 6).
   */
  requireUserHandle?: boolean
}

/** A passkey as it was registered, with the counter of its last assertion. */
export interface StoredPasskey {
  /** Credential id in base64url. */
  id: string
  /** COSE_Key. */
  publicKey: Uint8Array
  counter: number
  backupEligible: boolean
  /** `user.id` of the registration options, in base64url. */
  userHandle: string
}

/** An assertion after its signature was verified. */
export interface PresentedAssertion {
  id: string
  userHandle: string | null
  counter: number
  backupEligible: boolean
}

export interface VerifiedRegistration {
  kind: 'verified'
  /** Credential id in base64url: 22 to 1364 characters. */
  id: string
  /** COSE_Key, at most 528 bytes. */
  publicKey: Bytes
  algorithm: CoseAlgorithm
  counter: number
  backupEligible: boolean
  backedUp: boolean
  /** Hints of the browser for later options, not signed: at most 8 of at most 32 characters. */
  transports: string[]
  /** Model of the authenticator as a UUID. Not attested, so use it for a name at most. */
  aaguid: string
}

export interface VerifiedAssertion {
  kind: 'verified'
  /** The new counter to store. */
  counter: number
  backupEligible: boolean
  /** The new backup state to store. */
  backedUp: boolean
}

export interface Rejected<Reason = RejectionReason> {
  kind: 'rejected'
  reason: Reason
}

/**
 * Reasons of judgeAssertion(): the signature is valid, so each says something about the passkey.
 */
export type AssertionRejection =
  | 'id-mismatch'
  | 'user-handle-missing'
  | 'user-handle-mismatch'
  | 'backup-eligibility-changed'
  | 'counter-fell'

export type RejectionReason =
  | ClientDataRejection
  | AssertionRejection
  | 'malformed-credential'
  | 'malformed-attestation'
  | 'malformed-authenticator-data'
  | 'wrong-rp-id'
  | 'user-not-present'
  | 'user-not-verified'
  | 'backed-up-but-not-eligible'
  | 'unsupported-algorithm'
  | 'invalid-public-key'
  | 'invalid-signature'

/**
 * Verifies a registration (WebAuthn Level 3 §7.1). User verification is required. Never throws on
 * any credential.
 */
export async function verifyRegistration(
  input: RegistrationInput,
): Promise<VerifiedRegistration | Rejected> {
  const response = readRegistration(input.credential)
  if (!response) return rejected('malformed-credential')
  const { id, rawId, clientDataJSON, attestationObject, transports } = response
  if (id !== rawId) return rejected('id-mismatch')
  const wrongClientData = checkClientData(clientDataJSON, expectedOf('webauthn.create', input))
  if (wrongClientData) return rejected(wrongClientData)

  const authenticatorData = readAttestationObject(attestationObject)
  if (!authenticatorData) return rejected('malformed-attestation')
  const data = readAuthenticatorData(authenticatorData)
  if (!data?.attested) return rejected('malformed-authenticator-data')
  const wrongData = await checkAuthenticatorData(data, input.rpId)
  if (wrongData) return rejected(wrongData)

  const { aaguid, publicKey } = data.attested
  if (base64url.encode(data.attested.id) !== id) return rejected('id-mismatch')
  const imported = await importCoseKey(publicKey)
  if (imported.kind !== 'imported') return rejected(imported.kind)
  const { algorithm } = imported
  const { counter, backupEligible, backedUp } = data
  return {
    kind: 'verified',
    id,
    publicKey,
    algorithm,
    counter,
    backupEligible,
    backedUp,
    transports,
    aaguid,
  }
}

/**
 * Verifies an assertion by a stored passkey (WebAuthn Level 3 §7.2). User verification is required.
 * Never throws on any credential.
 */
export async function verifyAssertion(
  input: AssertionInput,
): Promise<VerifiedAssertion | Rejected> {
  const { stored, requireUserHandle = true } = input
  const response = readAssertion(input.credential)
  if (!response) return rejected('malformed-credential')
  const { id, rawId, clientDataJSON, authenticatorData, signature, userHandle } = response
  if (id !== rawId) return rejected('id-mismatch')
  const wrongClientData = checkClientData(clientDataJSON, expectedOf('webauthn.get', input))
  if (wrongClientData) return rejected(wrongClientData)

  // Only registrations hold attested credential data (WebAuthn Level 3 §6.1).
  const data = readAuthenticatorData(authenticatorData)
  if (!data || data.attested) return rejected('malformed-authenticator-data')
  const wrongData = await checkAuthenticatorData(data, input.rpId)
  if (wrongData) return rejected(wrongData)

  const imported = await importCoseKey(new Uint8Array(stored.publicKey))
  if (imported.kind !== 'imported') return rejected(imported.kind)
  const signed = new Uint8Array([...authenticatorData, ...(await sha256(clientDataJSON))])
  if (!(await verifySignature(imported, signature, signed))) return rejected('invalid-signature')

  const { counter, backupEligible, backedUp } = data
  const presented = { id, userHandle, counter, backupEligible }
  const judgement = judgeAssertion({ stored, presented, requireUserHandle })
  if (judgement.kind === 'rejected') return judgement
  return { kind: 'verified', counter, backupEligible, backedUp }
}

/**
 * Compares an assertion with the passkey as it is stored, after its signature was verified: without
 * a valid signature anyone could cause the event and the mail of `counter-fell`.
 */
export function judgeAssertion(input: {
  stored: Omit<StoredPasskey, 'publicKey'>
  presented: PresentedAssertion
  requireUserHandle: boolean
}): { kind: 'accepted' } | Rejected<AssertionRejection> {
  const { stored, presented, requireUserHandle } = input
  if (presented.id !== stored.id) return rejected('id-mismatch')
  if (presented.userHandle === null && requireUserHandle) return rejected('user-handle-missing')
  if (presented.userHandle !== null && presented.userHandle !== stored.userHandle) {
    return rejected('user-handle-mismatch')
  }
  if (presented.backupEligible !== stored.backupEligible) {
    return rejected('backup-eligibility-changed')
  }
  // Synced passkeys have no counter: 0 after 0 is normal, 0 after 5 is not (Level 3 §7.2 step 22).
  if (stored.counter > 0 && presented.counter <= stored.counter) return rejected('counter-fell')
  return { kind: 'accepted' }
}

const rejected = <Reason extends RejectionReason>(reason: Reason): Rejected<Reason> => ({
  kind: 'rejected',
  reason,
})

const expectedOf = (
  type: ExpectedClientData['type'],
  { expectedChallenge, expectedOrigins }: Expected,
): ExpectedClientData => ({ type, challenge: expectedChallenge, origins: expectedOrigins })

/** The checks of registrations and assertions alike (WebAuthn Level 3 §7.1 steps 14 to 17). */
async function checkAuthenticatorData(
  data: AuthenticatorData,
  rpId: string,
): Promise<RejectionReason | null> {
  const expectedHash = await sha256(rpId)
  if (base64url.encode(data.rpIdHash) !== base64url.encode(expectedHash)) return 'wrong-rp-id'
  if (!data.userPresent) return 'user-not-present'
  if (!data.userVerified) return 'user-not-verified'
  if (data.backedUp && !data.backupEligible) return 'backed-up-but-not-eligible'
  return null
}
