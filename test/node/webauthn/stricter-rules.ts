// Where our verifier demands more of ids, keys, signatures and accounts than the library does.

import { Buffer } from 'node:buffer'
import { parseAuthenticatorData } from '@simplewebauthn/server/helpers'
import { coseKey, ed25519Key, es256Key, rs256Key } from '../../support/cose'
import { append } from '../../support/webauthn'
import { assert, register } from './answers'
import type { Stricter } from './differences'
import {
  authenticatorDataOf,
  hasExactParameters,
  isPoint,
  isSignedForOpenssl,
  publicKeyOf,
} from './proofs'

const ones = (length: number) => new Uint8Array(length).fill(0xff)

export const STRICTER_RULES: Stricter[] = [
  {
    reason: 'id-mismatch',
    why: 'The id of the JSON is the id of the authenticator data, or of the stored passkey.',
    holds: (answer) => {
      if (answer.kind === 'assertion') return answer.credential.id !== answer.stored.id
      const { credentialID = new Uint8Array() } = parseAuthenticatorData(
        authenticatorDataOf(answer),
      )
      return Buffer.from(credentialID).toString('base64url') !== answer.credential.id
    },
    examples: (passkeys) => [
      register(passkeys[-7], { id: 'AAAAAAAAAAAAAAAAAAAAAA' }),
      assert(passkeys[-7], { id: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    ],
  },
  {
    reason: 'invalid-public-key',
    why: 'A key has exactly the parameters of its algorithm (WebAuthn Level 3 §6.5.1), in their sizes. RSA keys have 2048 to 4096 bits and exponent 65537.',
    holds: (answer) => answer.kind === 'registration' && !hasExactParameters(publicKeyOf(answer)),
    examples: (passkeys) =>
      [
        es256Key(ones(31), ones(32)),
        ed25519Key(ones(33)),
        rs256Key(ones(256), new Uint8Array([3])),
        rs256Key(ones(255), new Uint8Array([1, 0, 1])),
        rs256Key(ones(513), new Uint8Array([1, 0, 1])),
        rs256Key(new Uint8Array(256), new Uint8Array([1, 0, 1])),
        coseKey([3, -7]),
        append(passkeys[-7].coseKey.with(0, 0xa6), 0x02, 0x41, 0x00), // with a key id
        passkeys[-8].coseKey.with(4, 0x26), // an Ed25519 key that says ES256
        passkeys[-7].coseKey.with(6, 2), // P-384
      ].map((key) => register(passkeys[-7], { coseKey: key })),
  },
  {
    reason: 'invalid-public-key',
    why: 'A key is a point of its curve and of large order. The library imports no key at registration.',
    holds: (answer) => answer.kind === 'registration' && !isPoint(publicKeyOf(answer)),
    examples: (passkeys) =>
      [
        es256Key(new Uint8Array(32), new Uint8Array(32)),
        es256Key(ones(32), ones(32)),
        passkeys[-7].coseKey.with(-1, (passkeys[-7].coseKey.at(-1) ?? 0) ^ 1),
        ed25519Key(new Uint8Array(32)),
        ed25519Key(new Uint8Array(32).with(0, 1)),
        ed25519Key(new Uint8Array(32).with(0, 2)),
        ed25519Key(ones(32)),
      ].map((key) => register(passkeys[-7], { coseKey: key })),
  },
  {
    reason: 'invalid-signature',
    why: 'An ECDSA signature has one DER encoding. The library reads any BER.',
    holds: (answer) => answer.kind === 'assertion' && !isSignedForOpenssl(answer),
    examples: (passkeys) => [
      assert(passkeys[-7], { editSignature: (bytes) => append(bytes, 0) }),
      assert(passkeys[-7], {
        editSignature: (bytes) => new Uint8Array([0x30, 0x81, ...bytes.subarray(1)]),
      }),
    ],
  },
  {
    reason: 'user-handle-missing',
    why: 'The handle is present unless the user was identified before (WebAuthn Level 3 §7.2 step 6).',
    holds: (answer) => answer.kind === 'assertion' && !answer.credential.response.userHandle,
    examples: (passkeys) => [
      assert(passkeys[-7], { userHandle: null }),
      assert(passkeys[-7], { userHandle: '' }),
    ],
  },
  {
    reason: 'user-handle-mismatch',
    why: 'The handle is of the account that owns the passkey (WebAuthn Level 3 §7.2 step 6).',
    holds: (answer) =>
      answer.kind === 'assertion' &&
      answer.credential.response.userHandle !== answer.stored.userHandle,
    examples: (passkeys) => [assert(passkeys[-7], { userHandle: 'AAECAwQFBgcICQoLDA0ODg' })],
  },
  {
    reason: 'backup-eligibility-changed',
    why: 'Backup eligibility is fixed at registration (WebAuthn Level 3 §7.2 step 19).',
    holds: (answer) =>
      answer.kind === 'assertion' &&
      parseAuthenticatorData(authenticatorDataOf(answer)).flags.be !== answer.stored.backupEligible,
    examples: (passkeys) => [assert(passkeys[-7], { backupEligible: true })],
  },
]
