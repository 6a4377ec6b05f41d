// Where our verifier demands a stricter form of an answer than the library does.

import { Buffer, isUtf8 } from 'node:buffer'
import {
  decodeAttestationObject,
  isoCBOR,
  parseAuthenticatorData,
} from '@simplewebauthn/server/helpers'
import { append } from '../../support/webauthn'
import { assert, register } from './answers'
import type { Stricter } from './differences'
import {
  attestationObjectOf,
  authenticatorDataOf,
  clientDataOf,
  fromBase64url,
  isPlainCbor,
  membersOf,
} from './proofs'

const withFlag = (bytes: Uint8Array, flag: number) =>
  bytes.map((byte, i) => (i === 32 ? byte | flag : byte))

/** The key that Firefox 117 made: a map of 3 that holds 4, with texts for numbers. */
const FIREFOX_117 = Buffer.from(`a301634f4b500327206745643235353139215820${'11'.repeat(32)}`, 'hex')

export const STRICTER_FORMS: Stricter[] = [
  {
    reason: 'malformed-credential',
    why: 'A binary member has one spelling, canonical base64url. The library skips padding.',
    holds: ({ credential }) =>
      membersOf(credential).some((text) => fromBase64url(text).toString('base64url') !== text),
    examples: (passkeys) => [
      register(passkeys[-7]).then((answer) => {
        answer.credential.response.clientDataJSON += '=='
        return answer
      }),
      assert(passkeys[-7]).then((answer) => {
        answer.credential.response.authenticatorData += '='
        return answer
      }),
    ],
  },
  {
    reason: 'malformed-credential',
    why: 'Members have a maximum size, and ids at least 16 bytes (WebAuthn Level 3 §4).',
    holds: ({ credential: { id, response } }) => {
      const sizeOf = (text: string) => fromBase64url(text).length
      const attestation = 'attestationObject' in response ? response.attestationObject : ''
      const [data, signature] =
        'signature' in response ? [response.authenticatorData, response.signature] : ['', '']
      const isIdInRange = sizeOf(id) >= 16 && sizeOf(id) <= 1023
      const isTooLong = sizeOf(response.clientDataJSON) > 2048 || sizeOf(attestation) > 16_384
      return !isIdInRange || isTooLong || sizeOf(data) > 1024 || sizeOf(signature) > 512
    },
    examples: (passkeys) => [
      register(passkeys[-7], { credentialId: new Uint8Array(15), id: 'A'.repeat(20) }),
      register(passkeys[-7], { credentialId: new Uint8Array(1024), id: 'A'.repeat(1366) }),
      register(passkeys[-7], { clientData: { padding: ' '.repeat(2000) } }),
      register(passkeys[-7], { extensions: new Map([['padding', new Uint8Array(17_000)]]) }),
      assert(passkeys[-7], { extensions: new Map([['padding', new Uint8Array(1000)]]) }),
    ],
  },
  {
    reason: 'malformed-client-data',
    why: 'Client data is well-formed UTF-8. The library reads U+FFFD instead.',
    holds: ({ credential }) => !isUtf8(fromBase64url(credential.response.clientDataJSON)),
    examples: (passkeys) => {
      const clientData = { text: '?' }
      const editClientData = (bytes: Uint8Array) => bytes.map((byte) => (byte === 63 ? 0xff : byte))
      return [
        register(passkeys[-7], { clientData, editClientData }),
        assert(passkeys[-7], { clientData, editClientData }),
      ]
    },
  },
  {
    reason: 'malformed-client-data',
    why: 'A token binding has a status of Level 1 §5.10.1, and one that is present cannot be checked.',
    holds: (answer) => {
      const { tokenBinding } = clientDataOf(answer)
      const isUnknown = /"status":"(present|notSupported)"/.test(
        String(JSON.stringify(tokenBinding)),
      )
      return (tokenBinding !== undefined && !tokenBinding) || isUnknown
    },
    examples: (passkeys) => [
      register(passkeys[-7], { clientData: { tokenBinding: null } }),
      register(passkeys[-7], { clientData: { tokenBinding: { status: 'present', id: 'AA' } } }),
      assert(passkeys[-7], { clientData: { tokenBinding: { status: 'present', id: 'AA' } } }),
      assert(passkeys[-7], { clientData: { tokenBinding: { status: 'notSupported' } } }),
    ],
  },
  {
    reason: 'cross-origin',
    why: 'No page of Gatepost is meant for an iframe of another site. The library allows iframes at registration, and at sign-in if the browser does not name the outer page.',
    holds: (answer) => {
      const { crossOrigin, topOrigin } = clientDataOf(answer)
      const isFlagged = crossOrigin !== undefined && crossOrigin !== false
      return isFlagged || topOrigin !== undefined
    },
    examples: (passkeys) => [
      register(passkeys[-7], { crossOrigin: true }),
      register(passkeys[-7], { crossOrigin: true, topOrigin: 'https://evil.example' }),
      register(passkeys[-7], { topOrigin: 'https://evil.example' }),
      assert(passkeys[-7], { crossOrigin: true }),
      assert(passkeys[-7], { crossOrigin: null }),
    ],
  },
  {
    reason: 'malformed-attestation',
    why: 'The attestation object is one well-formed item with nothing after it, without floats, tags and undefined.',
    holds: (answer) => answer.kind === 'registration' && !isPlainCbor(attestationObjectOf(answer)),
    examples: (passkeys) => [
      register(passkeys[-7], { editAttestationObject: (bytes) => append(bytes, 0) }),
      // One more member: `x`, with undefined, a float, a tag or half a byte string.
      ...[[0xf7], [0xfa, 0, 0, 0, 0], [0xc1, 0], [0x42, 0]].map((item) =>
        register(passkeys[-7], {
          editAttestationObject: (bytes) => append(bytes.with(0, 0xa4), 0x61, 0x78, ...item),
        }),
      ),
      register(passkeys[-7], {
        editAttestationObject: (bytes) => append(bytes.with(0, 0xa4), 0x61, 0xff, 0),
      }),
    ],
  },
  {
    reason: 'malformed-attestation',
    why: 'The statement is a map (WebAuthn Level 3 §6.5.4). The library asks others for their size.',
    holds: (answer) =>
      answer.kind === 'registration' &&
      !(decodeAttestationObject(attestationObjectOf(answer)).get('attStmt') instanceof Map),
    examples: (passkeys) => [register(passkeys[-7], { statement: ['x'] })],
  },
  {
    reason: 'malformed-authenticator-data',
    why: 'Key and extensions are well-formed and in their shortest form (CTAP 2.1 §8). The library completes truncated keys, and repairs those of Firefox 117.',
    holds: (answer) => {
      const data = authenticatorDataOf(answer)
      const parsed = parseAuthenticatorData(data)
      const { credentialID, credentialPublicKey, extensionsDataBuffer } = parsed
      const header = credentialID ? 55 + credentialID.length : 37
      const items = [credentialPublicKey, extensionsDataBuffer].filter((item) => !!item)
      const encoded = Buffer.concat([data.subarray(0, header), ...items])
      return !encoded.equals(data) || !items.every(isPlainCbor)
    },
    examples: (passkeys) => [
      register(passkeys[-7], { editAuthenticatorData: (bytes) => bytes.subarray(0, -1) }),
      register(passkeys[-7], { coseKey: FIREFOX_117 }),
      register(passkeys[-7], {
        // An extension `x` with a float.
        editAuthenticatorData: (bytes) =>
          append(withFlag(bytes, 0x80), 0xa1, 0x61, 0x78, 0xfa, 0x3f, 0x80, 0, 1),
      }),
      assert(passkeys[-7], {
        editAuthenticatorData: (bytes) => append(withFlag(bytes, 0x80), 0xa1, 0x61, 0x78, 0x42, 0),
      }),
    ],
  },
  {
    reason: 'malformed-authenticator-data',
    why: 'Extensions are a map.',
    holds: (answer) => {
      const { extensionsDataBuffer } = parseAuthenticatorData(authenticatorDataOf(answer))
      return !!extensionsDataBuffer && !(isoCBOR.decodeFirst(extensionsDataBuffer) instanceof Map)
    },
    examples: (passkeys) => [
      register(passkeys[-7], { extensions: [] }),
      assert(passkeys[-7], { extensions: '' }),
    ],
  },
  {
    reason: 'malformed-authenticator-data',
    why: 'An assertion holds no credential (WebAuthn Level 3 §6.1).',
    holds: (answer) =>
      answer.kind === 'assertion' && parseAuthenticatorData(authenticatorDataOf(answer)).flags.at,
    examples: (passkeys) => [
      assert(passkeys[-7], {
        editAuthenticatorData: (bytes) =>
          append(withFlag(bytes, 0x40), ...new Uint8Array(16), 0, 1, 7, ...passkeys[-7].coseKey),
      }),
    ],
  },
]
