import fc from 'fast-check'
import { base64url } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  judgeAssertion,
  type RejectionReason,
  verifyAssertion,
} from '../../src/security/webauthn/webauthn'
import { type AssertionOptions, newPasskey } from '../support/authenticator'
import { byteEdits, editWith } from '../support/byte-edits'
import {
  ALGORITHMS,
  append,
  challenge,
  expected,
  newPasskeys,
  type Passkeys,
  storedOf,
  userHandle,
} from '../support/webauthn'
import { GARBAGE, rejected, SPOILED } from './webauthn-cases'

let passkeys: Passkeys
beforeAll(async () => {
  passkeys = await newPasskeys()
})

/** An assertion, compared with the passkey as it was before. */
async function assert(
  options: Partial<AssertionOptions> = {},
  by = passkeys[-7],
  stored = storedOf(by),
) {
  const credential = await by.assert({ challenge, ...options })
  return verifyAssertion({ credential, stored, ...expected })
}

describe('verifyAssertion', () => {
  it.each(ALGORITHMS)('verifies a passkey of algorithm %d', async (algorithm) => {
    expect(
      await assert({ counter: 9 }, passkeys[algorithm], {
        ...storedOf(passkeys[algorithm]),
        counter: 8,
      }),
    ).toEqual({
      kind: 'verified',
      counter: 9,
      backupEligible: false,
      backedUp: false,
    })
  })

  it('tells whether the passkey is synced now', async () => {
    const synced = await newPasskey({ synced: true })
    synced.userHandle = userHandle
    const stored = { ...storedOf(synced), backupEligible: true }
    for (const backedUp of [true, false, true]) {
      const result = { kind: 'verified', counter: 0, backupEligible: true, backedUp }
      expect(await assert({ backedUp }, synced, stored)).toEqual(result)
    }
  })

  it.each<[RejectionReason, string, Partial<AssertionOptions>]>([
    ...SPOILED,
    ['wrong-type', 'a registration', { type: 'webauthn.create' }],
    [
      'malformed-credential',
      'data of 36 bytes',
      { editAuthenticatorData: (bytes) => bytes.subarray(0, 36) },
    ],
    [
      'malformed-credential',
      'data of 2 KB',
      { extensions: new Map([['x', new Uint8Array(2000)]]) },
    ],
    ['malformed-credential', 'no signature', { editSignature: () => new Uint8Array() }],
    [
      'malformed-credential',
      'a signature of 513 bytes',
      { editSignature: () => new Uint8Array(513) },
    ],
    ['malformed-credential', 'a handle of 65 bytes', { userHandle: 'A'.repeat(87) }],
    ['malformed-credential', 'a handle that is no base64url', { userHandle: '?' }],
    [
      'malformed-authenticator-data',
      'a passkey in the data',
      {
        editAuthenticatorData: (bytes) =>
          append(
            bytes.map((byte, i) => (i === 32 ? byte | 0x40 : byte)),
            ...new Uint8Array(18),
            ...passkeys[-7].coseKey,
          ),
      },
    ],
    ['invalid-signature', 'a cut signature', { editSignature: (bytes) => bytes.subarray(0, -1) }],
    ['invalid-signature', 'a longer signature', { editSignature: (bytes) => append(bytes, 0) }],
    ['id-mismatch', 'another id than the stored one', { id: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ['user-handle-missing', 'no handle', { userHandle: null }],
    ['user-handle-missing', 'an empty handle', { userHandle: '' }],
    [
      'user-handle-mismatch',
      'the handle of another account',
      { userHandle: 'AAECAwQFBgcICQoLDA0ODg' },
    ],
    ['backup-eligibility-changed', 'a passkey that became eligible', { backupEligible: true }],
  ])('rejects as %s: %s', async (reason, _, options) => {
    expect(await assert(options)).toEqual(rejected(reason))
  })

  it('rejects the signature of another passkeys[-7], whatever it claims', async () => {
    const other = await newPasskey()
    other.userHandle = userHandle
    expect(await assert({ id: passkeys[-7].id }, other, storedOf(passkeys[-7]))).toEqual(
      rejected('invalid-signature'),
    )
  })

  it('rejects a stored key that cannot be read', async () => {
    const stored = { ...storedOf(passkeys[-7]), publicKey: new Uint8Array(77) }
    expect(await assert({}, passkeys[-7], stored)).toEqual(rejected('invalid-public-key'))
  })

  it('reports a fallen counter only with a valid signature', async () => {
    const stored = { ...storedOf(passkeys[-7]), counter: 100 }
    const fallen = { counter: 0 }
    expect(await assert(fallen, passkeys[-7], stored)).toEqual(rejected('counter-fell'))
    const forged = {
      ...fallen,
      editSignature: (bytes: Uint8Array) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1),
    }
    expect(await assert(forged, passkeys[-7], stored)).toEqual(rejected('invalid-signature'))
  })

  it('accepts a missing handle where the options list credentials', async () => {
    const stored = storedOf(passkeys[-7])
    for (const [handle, kind] of [
      [null, 'verified'],
      ['AAAA', 'rejected'],
    ] as const) {
      const credential = await passkeys[-7].assert({ challenge, userHandle: handle })
      const result = await verifyAssertion({
        credential,
        stored,
        ...expected,
        requireUserHandle: false,
      })
      expect(result.kind).toBe(kind)
    }
  })

  /**
   * Bits: 1 presence, 4 verification, 8 eligible, 16 backed up, 64 passkeys[-7], 128 extensions; 2
   * and 32 are reserved.
   */
  it('judges all 256 values of the flags', async () => {
    for (let flags = 0; flags < 256; flags++) {
      const editAuthenticatorData = (bytes: Uint8Array) => bytes.with(32, flags)
      const has = (bit: number) => (flags & bit) !== 0
      const reason: RejectionReason | null =
        has(64) || has(128)
          ? 'malformed-authenticator-data'
          : !has(1)
            ? 'user-not-present'
            : !has(4)
              ? 'user-not-verified'
              : has(16) && !has(8)
                ? 'backed-up-but-not-eligible'
                : has(8)
                  ? 'backup-eligibility-changed'
                  : null
      const result = await assert({ editAuthenticatorData })
      expect(result, String(flags)).toMatchObject(reason ? rejected(reason) : { kind: 'verified' })
    }
  })

  it.each(GARBAGE)('rejects %s', async (_, garbage) => {
    const credential = garbage as never
    const result = await verifyAssertion({
      credential,
      stored: storedOf(passkeys[-7]),
      ...expected,
    })
    expect(result).toEqual(rejected('malformed-credential'))
  })

  it('accepts nothing that was changed after it was signed', async () => {
    const member = fc.constantFrom('clientDataJSON', 'authenticatorData', 'signature')
    const by = fc.constantFrom(...ALGORITHMS)
    const property = fc.asyncProperty(by, member, byteEdits, async (algorithm, name, edits) => {
      const signer = passkeys[algorithm]
      const stored = storedOf(signer)
      const credential = await signer.assert({ challenge })
      const before = credential.response[name]
      const edited = base64url.encode(editWith(edits)(base64url.decode(before)))
      credential.response[name] = edited
      const result = await verifyAssertion({ credential, stored, ...expected })
      expect(result.kind).toBe(edited === before ? 'verified' : 'rejected')
    })
    await fc.assert(property, { numRuns: 1000 })
  })
})

describe('judgeAssertion', () => {
  const stored = { id: 'id', counter: 5, backupEligible: false, userHandle }
  const presented = { id: 'id', counter: 6, backupEligible: false, userHandle }
  const judge = (before: Partial<typeof stored>, now: Partial<typeof presented>) =>
    judgeAssertion({
      stored: { ...stored, ...before },
      presented: { ...presented, ...now },
      requireUserHandle: true,
    })

  it.each([
    [0, 0, 'accepted'],
    [0, 1, 'accepted'],
    [1, 2, 'accepted'],
    [1, 2 ** 32 - 1, 'accepted'],
    [1, 1, 'rejected'],
    [1, 0, 'rejected'],
    [2, 1, 'rejected'],
    [2 ** 32 - 1, 0, 'rejected'],
    [2 ** 32 - 1, 2 ** 32 - 1, 'rejected'],
  ])('counter %d, then %d: %s', (before, now, kind) => {
    const judged = judge({ counter: before }, { counter: now })
    expect(judged).toEqual(kind === 'accepted' ? { kind } : { kind, reason: 'counter-fell' })
  })

  it('compares the id, the handle and backup eligibility', () => {
    expect(judge({}, {})).toEqual({ kind: 'accepted' })
    expect(judge({}, { id: 'other' })).toEqual(rejected('id-mismatch'))
    expect(judge({}, { userHandle: 'other' })).toEqual(rejected('user-handle-mismatch'))
    expect(judge({}, { backupEligible: true })).toEqual(rejected('backup-eligibility-changed'))
    expect(judge({ backupEligible: true }, {})).toEqual(rejected('backup-eligibility-changed'))
  })
})
