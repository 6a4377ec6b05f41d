// The test vectors of WebAuthn Level 3 §16, in workerd.
import { base64url } from 'jose'
import { expect, it } from 'vitest'
import {
  readAttestationObject,
  readAuthenticatorData,
} from '../../src/security/webauthn/authenticator-data'
import { importCoseKey, verifySignature } from '../../src/security/webauthn/cose-key'
import { verifyAssertion, verifyRegistration } from '../../src/security/webauthn/webauthn'
import { origin, rpId, vectors } from './webauthn-vectors.json'

type Vector = (typeof vectors)[number]

const decode = (text: string) => new Uint8Array(base64url.decode(text))

/** Verdicts on registration and assertion. The vectors set user verification at random. */
const VERDICTS: Record<string, [registration: string, assertion: string]> = {
  'ES256 Credential with No Attestation': ['user-not-verified', 'user-not-verified'],
  'ES256 Credential with Self Attestation': ['verified', 'user-not-verified'],
  'ES256 Credential with "crossOrigin": true in clientDataJSON': ['cross-origin', 'cross-origin'],
  'ES256 Credential with "topOrigin" in clientDataJSON': ['cross-origin', 'cross-origin'],
  'ES256 Credential with very long credential ID': ['user-not-verified', 'verified'],
  'Packed Attestation with ES256 Credential': ['verified', 'verified'],
  'Packed Attestation with ES384 Credential': ['user-not-verified', 'unsupported-algorithm'],
  'Packed Attestation with ES512 Credential': ['unsupported-algorithm', 'user-not-verified'],
  'Packed Attestation with RS256 Credential': ['verified', 'user-not-verified'],
  'Packed Attestation with Ed25519 Credential': ['user-not-verified', 'user-not-verified'],
  'Packed Attestation with Ed448 Credential': ['user-not-verified', 'unsupported-algorithm'],
  'TPM Attestation with ES256 Credential': ['verified', 'verified'],
  'Android Key Attestation with ES256 Credential': ['verified', 'user-not-verified'],
  'Apple Anonymous Attestation with ES256 Credential': ['user-not-verified', 'user-not-verified'],
  'FIDO U2F Attestation with ES256 Credential': ['user-not-verified', 'user-not-verified'],
}
const UNSUPPORTED = /ES384|ES512|Ed448/

async function verdictsOf({ credentialId, registration, assertion }: Vector) {
  const ids = { id: credentialId, rawId: credentialId, type: 'public-key' }
  const expected = { expectedOrigins: [origin], rpId }
  const registered = await verifyRegistration({
    credential: { ...ids, response: registration },
    expectedChallenge: registration.challenge,
    ...expected,
  })
  const asserted = await verifyAssertion({
    credential: { ...ids, response: assertion },
    expectedChallenge: assertion.challenge,
    stored: { ...storedOf(registration), id: credentialId, counter: 0, userHandle: '' },
    requireUserHandle: false, // the vectors have none
    ...expected,
  })
  return [registered, asserted].map((result) =>
    result.kind === 'verified' ? result.kind : result.reason,
  )
}

function storedOf({ attestationObject }: Vector['registration']) {
  const data = readAuthenticatorData(readAttestationObject(decode(attestationObject))!)!
  return { publicKey: data.attested!.publicKey, backupEligible: data.backupEligible }
}

/** Whether the signature is valid, regardless of flags and origins. */
async function isSigned({ registration, assertion }: Vector): Promise<boolean> {
  const imported = await importCoseKey(storedOf(registration).publicKey)
  if (imported.kind !== 'imported') return false
  const hash = await crypto.subtle.digest('SHA-256', decode(assertion.clientDataJSON))
  const data = new Uint8Array([...decode(assertion.authenticatorData), ...new Uint8Array(hash)])
  return verifySignature(imported, decode(assertion.signature), data)
}

it.each(vectors)('$name', async (vector) => {
  expect(await verdictsOf(vector)).toEqual(VERDICTS[vector.name])
  expect(await isSigned(vector)).toBe(!UNSUPPORTED.test(vector.name))
})
