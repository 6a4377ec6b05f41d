import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type RejectionReason, verifyRegistration } from '../../src/security/webauthn/webauthn'
import { newPasskey, type RegistrationOptions } from '../support/authenticator'
import { byteEdits, editWith } from '../support/byte-edits'
import { type Encodable, encodeCbor } from '../support/cbor'
import { coseKey, ed25519Key, es256Key } from '../support/cose'
import {
  ALGORITHMS,
  append,
  challenge,
  expected,
  newPasskeys,
  type Passkeys,
  userHandle,
} from '../support/webauthn'
import { GARBAGE, rejected, SPOILED } from './webauthn-cases'

const zeros = new Uint8Array(32)

let passkeys: Passkeys
beforeAll(async () => {
  passkeys = await newPasskeys()
})

const register = async (options: Partial<RegistrationOptions> = {}, by = passkeys[-7]) =>
  verifyRegistration({
    credential: await by.register({ challenge, userHandle, ...options }),
    ...expected,
  })

describe('verifyRegistration', () => {
  it.each(ALGORITHMS)('verifies a passkey of algorithm %d', async (algorithm) => {
    const by = passkeys[algorithm]
    const aaguid = new Uint8Array([...new Uint8Array(14), 0x0a, 0xbc])
    expect(await register({ counter: 3, aaguid }, by)).toEqual({
      kind: 'verified',
      id: by.id,
      publicKey: by.coseKey,
      algorithm,
      counter: 3,
      backupEligible: false,
      backedUp: false,
      transports: ['internal', 'hybrid'],
      aaguid: '00000000-0000-0000-0000-000000000abc',
    })
  })

  it('tells whether the passkey is synced', async () => {
    const synced = await newPasskey({ synced: true })
    const flags = { backupEligible: true, backedUp: true, counter: 0 }
    expect(await register({}, synced)).toMatchObject(flags)
    expect(await register({ backedUp: false }, synced)).toMatchObject({ ...flags, backedUp: false })
  })

  it('accepts each expected origin, extensions, and unknown members of the client data', async () => {
    const answers: Partial<RegistrationOptions>[] = [
      { origin: 'https://www.gatepost.example' },
      { extensions: new Map([['credProtect', 2]]) },
      { clientData: { crossOrigin: undefined, future: { a: [1] } } },
      { clientData: { tokenBinding: { status: 'supported' } } },
      { editClientData: (bytes) => new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]) },
    ]
    for (const options of answers) expect((await register(options)).kind).toBe('verified')
  })

  it('keeps at most 8 well-formed transports, each once', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `future-${i}`)
    const odd: unknown[] = ['usb', 'usb', 'USB', '', 'a'.repeat(33), 7, null, 'nfc']
    const cases: [unknown, string[]][] = [
      [many, many.slice(0, 8)],
      [odd, ['usb', 'nfc']],
      ['usb', []],
      [null, []],
      [undefined, []],
    ]
    const credential = await passkeys[-7].register({ challenge, userHandle })
    for (const [transports, kept] of cases) {
      const response = { ...credential.response, transports: transports as string[] }
      const result = await verifyRegistration({
        credential: { ...credential, response },
        ...expected,
      })
      expect(result).toMatchObject({ kind: 'verified', transports: kept })
    }
  })

  it('does not evaluate the statement of another format than none', async () => {
    const statement = new Map<string, Encodable>([
      ['alg', -7],
      ['sig', new Uint8Array(70)],
    ])
    expect((await register({ format: 'packed', statement })).kind).toBe('verified')
  })

  it.each<[RejectionReason, string, Partial<RegistrationOptions>]>([
    ...SPOILED,
    ['wrong-type', 'an assertion', { type: 'webauthn.get' }],
    [
      'malformed-attestation',
      'bytes after the object',
      { editAttestationObject: (bytes) => append(bytes, 0) },
    ],
    [
      'malformed-attestation',
      'a cut object',
      { editAttestationObject: (bytes) => bytes.subarray(0, -1) },
    ],
    [
      'malformed-attestation',
      'a list',
      { editAttestationObject: () => encodeCbor(new Array(50).fill(0)) },
    ],
    ['malformed-attestation', 'a statement of format none', { statement: new Map([['x', 1]]) }],
    ['malformed-attestation', 'a list as statement', { statement: [] }],
    ['malformed-attestation', 'an unknown format', { format: 'self' }],
    ['malformed-attestation', 'a number as format', { format: 1 }],
    [
      'malformed-credential',
      'an object of 17 KB',
      { extensions: new Map([['x', new Uint8Array(17_000)]]) },
    ],
    [
      'malformed-authenticator-data',
      'data of 36 bytes',
      { editAuthenticatorData: (bytes) => bytes.subarray(0, 36) },
    ],
    [
      'malformed-authenticator-data',
      'data without a passkey',
      {
        editAuthenticatorData: (bytes) =>
          bytes.subarray(0, 37).map((byte, i) => (i === 32 ? byte & ~0x40 : byte)),
      },
    ],
    [
      'malformed-authenticator-data',
      'an id that runs over the end',
      {
        editAuthenticatorData: (bytes) =>
          bytes.map((byte, i) => (i === 53 || i === 54 ? 0xff : byte)),
      },
    ],
    [
      'malformed-authenticator-data',
      'a cut key',
      { editAuthenticatorData: (bytes) => bytes.subarray(0, -1) },
    ],
    ['malformed-authenticator-data', 'no key', { coseKey: new Uint8Array() }],
    ['id-mismatch', 'another id than in the data', { id: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['id-mismatch', 'an empty id in the data', { credentialId: new Uint8Array() }],
    [
      'malformed-authenticator-data',
      'a key with a length in two bytes',
      { coseKey: new Uint8Array([0xb8, 4, ...ed25519Key(zeros).subarray(1)]) },
    ],
    ['unsupported-algorithm', 'a key without algorithm', { coseKey: coseKey([1, 2]) }],
    ['unsupported-algorithm', 'ES384', { coseKey: coseKey([1, 2], [3, -35]) }],
    ['invalid-public-key', 'a key that is no point', { coseKey: es256Key(zeros, zeros) }],
    ['invalid-public-key', 'a key of zeros', { coseKey: ed25519Key(zeros) }],
  ])('rejects as %s: %s', async (reason, _, options) => {
    expect(await register(options)).toEqual(rejected(reason))
  })

  it.each(GARBAGE)('rejects %s', async (_, garbage) => {
    const credential = garbage as never
    expect(await verifyRegistration({ credential, ...expected })).toEqual(
      rejected('malformed-credential'),
    )
  })

  it('never throws on edited answers', async () => {
    const part = fc.constantFrom('editClientData', 'editAuthenticatorData', 'editAttestationObject')
    const by = fc.constantFrom(...ALGORITHMS)
    const property = fc.asyncProperty(by, part, byteEdits, async (algorithm, name, edits) => {
      const result = await register({ [name]: editWith(edits) }, passkeys[algorithm])
      expect(['verified', 'rejected']).toContain(result.kind)
    })
    await fc.assert(property, { numRuns: 1000 })
  })
})
