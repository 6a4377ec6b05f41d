// Answers that are rejected at registration and at sign-in alike.
import type { RejectionReason } from '../../src/security/webauthn/webauthn'
import type { AnswerOptions } from '../support/authenticator'
import { append, challenge } from '../support/webauthn'

export const rejected = (reason: RejectionReason) => ({ kind: 'rejected', reason })

/** The reason, a name, and the options of a software passkey. */
export const SPOILED: [RejectionReason, string, Partial<AnswerOptions>][] = [
  ['malformed-credential', 'an empty id', { id: '' }],
  ['malformed-credential', 'an id of 15 bytes', { id: 'A'.repeat(20) }],
  ['malformed-credential', 'an id of 1024 bytes', { id: 'A'.repeat(1366) }],
  ['malformed-credential', 'an id with padding', { id: `${'A'.repeat(22)}==` }],
  ['malformed-credential', 'an id with spare bits', { id: `${'A'.repeat(21)}B` }],
  ['malformed-credential', 'an id in standard base64', { id: `${'A'.repeat(20)}+/` }],
  ['malformed-credential', 'client data of 3 KB', { clientData: { padding: ' '.repeat(3000) } }],
  ['malformed-credential', 'no client data', { editClientData: () => new Uint8Array() }],
  ['id-mismatch', 'another rawId', { rawId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['malformed-client-data', 'cut JSON', { editClientData: (bytes) => bytes.subarray(0, -1) }],
  ['malformed-client-data', 'bytes after JSON', { editClientData: (bytes) => append(bytes, 0x7d) }],
  [
    'malformed-client-data',
    'JSON null',
    { editClientData: () => new TextEncoder().encode('null') },
  ],
  [
    'malformed-client-data',
    'a JSON array',
    { editClientData: () => new TextEncoder().encode('[]') },
  ],
  [
    'malformed-client-data',
    'ill-formed UTF-8',
    {
      clientData: { text: '?' },
      editClientData: (bytes) => bytes.map((byte) => (byte === 0x3f ? 0xff : byte)),
    },
  ],
  [
    'malformed-client-data',
    'a token binding',
    { clientData: { tokenBinding: { status: 'present' } } },
  ],
  ['wrong-type', 'another type', { type: 'payment.get' }],
  ['wrong-type', 'a type in capitals', { type: 'WEBAUTHN.GET' }],
  ['wrong-type', 'a list as type', { clientData: { type: ['webauthn.get'] } }],
  ['wrong-type', 'no type', { clientData: { type: undefined } }],
  ['wrong-challenge', 'another challenge', { challenge: 'Zm9v'.repeat(17) }],
  ['wrong-challenge', 'a challenge with padding', { challenge: `${challenge}=` }],
  ['wrong-challenge', 'a list as challenge', { clientData: { challenge: [challenge] } }],
  ['wrong-origin', 'another origin', { origin: 'https://evil.example' }],
  ['wrong-origin', 'a longer origin', { origin: 'https://gatepost.example.evil.example' }],
  ['wrong-origin', 'an origin with a slash', { origin: 'https://gatepost.example/' }],
  ['wrong-origin', 'an origin with a port', { origin: 'https://gatepost.example:443' }],
  ['wrong-origin', 'an origin without TLS', { origin: 'http://gatepost.example' }],
  ['wrong-origin', 'a subdomain', { origin: 'https://a.gatepost.example' }],
  ['wrong-origin', 'an origin in capitals', { origin: 'https://GATEPOST.example' }],
  ['wrong-origin', 'a list as origin', { clientData: { origin: ['https://gatepost.example'] } }],
  ['wrong-origin', 'an app of Android', { origin: 'android:apk-key-hash:AAAA' }],
  ['cross-origin', 'an iframe of another site', { crossOrigin: true }],
  ['cross-origin', 'a text for crossOrigin', { crossOrigin: 'false' }],
  ['cross-origin', 'null for crossOrigin', { crossOrigin: null }],
  ['cross-origin', 'an outer page', { topOrigin: 'https://evil.example' }],
  ['cross-origin', 'null for the outer page', { topOrigin: null }],
  [
    'malformed-authenticator-data',
    'bytes after the data',
    { editAuthenticatorData: (bytes) => append(bytes, 0) },
  ],
  [
    'malformed-authenticator-data',
    'extensions without their flag',
    { editAuthenticatorData: (bytes) => append(bytes, 0xa0) },
  ],
  ['malformed-authenticator-data', 'a list of extensions', { extensions: [] }],
  [
    'malformed-authenticator-data',
    'ill-formed UTF-8 in the extensions',
    {
      extensions: new Map([['?', 1]]),
      editAuthenticatorData: (bytes) =>
        bytes.map((byte, i) => (i === bytes.length - 2 ? 0xff : byte)),
    },
  ],
  [
    'malformed-authenticator-data',
    'extensions with a length in two bytes',
    {
      extensions: new Map(),
      editAuthenticatorData: (bytes) => append(bytes.slice(0, -1), 0xb8, 0),
    },
  ],
  ['wrong-rp-id', 'another RP ID', { rpId: 'www.gatepost.example' }],
  ['wrong-rp-id', 'an RP ID in capitals', { rpId: 'GATEPOST.example' }],
  ['wrong-rp-id', 'an origin as RP ID', { rpId: 'https://gatepost.example' }],
  ['user-not-present', 'no user presence', { userPresent: false }],
  ['user-not-verified', 'no user verification', { userVerified: false }],
  [
    'backed-up-but-not-eligible',
    'impossible backup flags',
    { backedUp: true, backupEligible: false },
  ],
]

export const GARBAGE: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['a text', 'credential'],
  ['a list', []],
  ['an empty object', {}],
  [
    'a response of null',
    { id: 'A'.repeat(22), rawId: 'A'.repeat(22), type: 'public-key', response: null },
  ],
  [
    'a response of texts',
    { id: 'A'.repeat(22), rawId: 'A'.repeat(22), type: 'public-key', response: 'x' },
  ],
  ['another type', { id: 'A'.repeat(22), rawId: 'A'.repeat(22), type: 'password', response: {} }],
  [
    'an id that is an object',
    { id: { toString: () => 'A' }, rawId: 1, type: 'public-key', response: {} },
  ],
]
