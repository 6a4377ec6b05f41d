// Our WebAuthn verifier on answers of real authenticators, as fido2-helpers recorded them, against
// @simplewebauthn/server. Most were recorded without user verification, which Gatepost requires.

import { Buffer } from 'node:buffer'
import { createPublicKey } from 'node:crypto'
import {
  decodeAttestationObject,
  decodeClientDataJSON,
  parseAuthenticatorData,
} from '@simplewebauthn/server/helpers'
import fc from 'fast-check'
import helpers from 'fido2-helpers'
import { describe, expect, it } from 'vitest'
import { verifyAssertion, verifyRegistration } from '../../src/security/webauthn/webauthn'
import { byteEdits, editWith } from '../support/byte-edits'
import { type Encodable, encodeCbor } from '../support/cbor'
import { es256Key, rs256Key } from '../support/cose'
import { type Assertion, type Registration, show } from './webauthn/answers'
import { readByLibrary } from './webauthn/library'

const RUNS = 1000

const REGISTRATIONS = {
  none: 'challengeResponseAttestationNoneMsgB64Url',
  'fido-u2f': 'challengeResponseAttestationU2fMsgB64Url',
  'fido-u2f of another make': 'challengeResponseAttestationU2fHypersecuB64UrlMsg',
  packed: 'challengeResponseAttestationPackedB64UrlMsg',
  tpm: 'challengeResponseAttestationTpmB64UrlMsg',
}
/** Its client data has neither a type nor an origin with a scheme. */
const SAFETYNET = 'challengeResponseAttestationSafetyNetMsgB64Url'
type Name = keyof typeof REGISTRATIONS
const NAMES = Object.keys(REGISTRATIONS) as Name[]

/** A recorded answer, in the spelling of browsers, with the challenge and origin that it names. */
function recorded(name: string) {
  const answer = helpers.server[name]
  if (!answer) throw new Error(`fido2-helpers has no ${name}`)
  const response = Object.fromEntries(
    Object.entries(answer.response).map(([member, text]) => [member, canonical(text)]),
  )
  const { clientDataJSON = '', ...others } = response
  const { challenge, origin } = decodeClientDataJSON(clientDataJSON)
  const rpId = origin.replace('https://', '').replace(':8443', '')
  const id = canonical(answer.id)
  return {
    credential: { id, rawId: id, type: 'public-key', response: { clientDataJSON, ...others } },
    expected: { expectedChallenge: challenge, expectedOrigins: [origin], rpId },
  }
}

const canonical = (text: string) => Buffer.from(text, 'base64url').toString('base64url')

function recordedRegistration(name: string): Registration {
  const { credential, expected } = recorded(name)
  const { attestationObject = '' } = credential.response as Record<string, string>
  const response = { ...credential.response, attestationObject }
  return { kind: 'registration', credential: { ...credential, response }, expected }
}

/** The recorded authenticator data under format `none`, with user presence and verification. */
function verifiedRegistration(name: Name, edit = (bytes: Uint8Array) => bytes): Registration {
  const answer = recordedRegistration(REGISTRATIONS[name])
  const { response } = answer.credential
  const object = decodeAttestationObject(Buffer.from(response.attestationObject, 'base64url'))
  const authData = object.get('authData').map((byte, i) => (i === 32 ? byte | 0x05 : byte))
  const attestation = encodeCbor(
    new Map<string, Encodable>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', edit(authData)],
    ]),
  )
  const attestationObject = Buffer.from(attestation).toString('base64url')
  return {
    ...answer,
    credential: { ...answer.credential, response: { ...response, attestationObject } },
  }
}

const verify = (answer: Registration) => verifyRegistration({ ...answer, ...answer.expected })

describe('registrations', () => {
  it('verifies one with user verification as it was recorded, by a TPM', async () => {
    const answer = recordedRegistration(REGISTRATIONS.tpm)
    expect(await verify(answer)).toMatchObject({
      kind: 'verified',
      id: answer.credential.id,
      algorithm: -257,
      aaguid: '08987058-cadc-4b81-b6e1-30de50dcbe96',
    })
  })

  it.each(NAMES.filter((name) => name !== 'tpm'))('rejects %s for its flags', async (name) => {
    const reason = 'user-not-verified'
    expect(await verify(recordedRegistration(REGISTRATIONS[name]))).toEqual({
      kind: 'rejected',
      reason,
    })
  })

  it('rejects client data without a type, and so does the library', async () => {
    const answer = recordedRegistration(SAFETYNET)
    expect(await verify(answer)).toEqual({ kind: 'rejected', reason: 'wrong-type' })
    expect(await readByLibrary(answer)).toBeNull()
  })

  it.each(NAMES)('reads %s as the library does, with user verification', async (name) => {
    const answer = verifiedRegistration(name)
    const ours = await verify(answer)
    expect(ours.kind).toBe('verified')
    expect(ours).toMatchObject((await readByLibrary(answer)) ?? { kind: 'rejected by the library' })
  })

  it(`accepts nothing that the library rejects, of ${RUNS} edited ones`, async () => {
    const edited = fc.record({ name: fc.constantFrom(...NAMES), edits: byteEdits })
    const property = fc.asyncProperty(edited, async ({ name, edits }) => {
      const answer = verifiedRegistration(name, editWith(edits))
      const ours = await verify(answer)
      if (ours.kind === 'rejected') return
      const theirs = await readByLibrary(answer)
      expect(ours, show(answer)).toMatchObject(theirs ?? { kind: 'rejected by the library' })
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  // The one place where the library does more: Gatepost asks for attestation `none`.
  it('does not evaluate the statement of another format', async () => {
    const answer = verifiedRegistration('packed')
    const { response } = answer.credential
    const object = Buffer.from(response.attestationObject, 'base64url').toString('latin1')
    const packed = object.replace('dnone', 'fpacked')
    response.attestationObject = Buffer.from(packed, 'latin1').toString('base64url')
    expect((await verify(answer)).kind).toBe('verified')
    expect(await readByLibrary(answer)).toBeNull()
  })
})

describe('assertions', () => {
  /** A recorded assertion by a key in PEM, with the backup eligibility and counter that fit it. */
  function recordedAssertion(name: string, publicKey: Uint8Array, userHandle: string): Assertion {
    const { credential, expected } = recorded(name)
    const { authenticatorData = '', signature = '' } = credential.response as Record<string, string>
    const response = { ...credential.response, authenticatorData, signature, userHandle }
    const stored = { id: credential.id, publicKey, counter: 0, backupEligible: false, userHandle }
    return { kind: 'assertion', credential: { ...credential, response }, stored, expected }
  }

  const jwkOf = (pem: string) => createPublicKey(pem).export({ format: 'jwk' })
  const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'))

  it('verifies one of Windows Hello as it was recorded, and so does the library', async () => {
    const { n, e } = jwkOf(helpers.lib.assnPublicKeyWindowsHello)
    const key = rs256Key(bytes(n), bytes(e))
    const answer = recordedAssertion('assertionResponseWindowsHelloMsgB64Url', key, 'YWs')
    const expected = { kind: 'verified', counter: 1, backupEligible: false, backedUp: false }
    expect(await verifyAssertion({ ...answer, ...answer.expected })).toEqual(expected)
    const { kind: _, ...values } = expected
    expect(await readByLibrary(answer)).toEqual(values)
  })

  it('rejects one of a security key without user verification', async () => {
    const { x, y } = jwkOf(helpers.lib.assnPublicKey)
    const key = es256Key(bytes(x), bytes(y))
    const answer = recordedAssertion('assertionResponseMsgB64Url', key, '')
    expect(await verifyAssertion({ ...answer, ...answer.expected })).toEqual({
      kind: 'rejected',
      reason: 'user-not-verified',
    })
    const data = bytes(answer.credential.response.authenticatorData)
    expect(parseAuthenticatorData(data).flags.uv).toBe(false)
  })
})
