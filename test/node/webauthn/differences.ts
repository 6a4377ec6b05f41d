// The differences between our verifier and @simplewebauthn/server. An answer that only the library
// accepts must prove a listed difference with the reason that our verifier returns. An answer that
// only our verifier accepts must prove a fault of the library.

import type { RejectionReason } from '../../../src/security/webauthn/webauthn'
import type { Passkeys } from '../../support/webauthn'
import { type Answer, assert, register } from './answers'
import { clientDataOf, extensionTextsOf } from './proofs'

/** A difference, with a proof of it from an answer, by other code than that of the service. */
export interface Difference {
  why: string
  holds: (answer: Answer) => boolean
  examples: (passkeys: Passkeys) => Promise<Answer>[]
}

/** Our verifier rejects what the library accepts. */
export interface Stricter extends Difference {
  reason: RejectionReason
}

/** The library rejects what our verifier accepts. */
export const FAULTS_OF_LIBRARY: Difference[] = [
  {
    why: 'It encodes extensions again and counts UTF-16 units for bytes, so texts outside of ASCII cannot be read.',
    holds: (answer) => extensionTextsOf(answer).some((text) => /[^\0-\x7f]/.test(text)),
    examples: (passkeys) => {
      const extensions = new Map([['names', ['Zoë', 'Ann']]])
      return [register(passkeys[-7], { extensions }), assert(passkeys[-7], { extensions })]
    },
  },
  {
    why: 'In assertions it spells the status `not-supported` of a token binding `notSupported`.',
    holds: (answer) =>
      answer.kind === 'assertion' &&
      JSON.stringify(clientDataOf(answer).tokenBinding) === '{"status":"not-supported"}',
    examples: (passkeys) => [
      assert(passkeys[-7], { clientData: { tokenBinding: { status: 'not-supported' } } }),
    ],
  },
]
