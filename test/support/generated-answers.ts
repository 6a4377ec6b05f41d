/** Random answers of passkeys: valid ones, and ones that break one or several rules. */
import fc from 'fast-check'
import { base64url } from 'jose'
import type { AnswerOptions } from './authenticator'
import { byteEdits, editWith } from './byte-edits'

const PLACES = [
  'clientData',
  'authenticatorData',
  'attestationObject',
  'coseKey',
  'signature',
  // After it was signed: `authenticatorData` or `attestationObject` of the JSON.
  'sent',
] as const
const SOURCES = ['right', 'other purpose', 'expired', 'used', 'invented'] as const
export type ChallengeSource = (typeof SOURCES)[number]

export interface GeneratedAnswer {
  edits: Parameters<typeof editWith>[0]
  place: (typeof PLACES)[number]
  /** Other values of single rules, several at a time. */
  options: Partial<AnswerOptions>
  challenge: ChallengeSource
  /** A member of the JSON with another value. `third` is the one of `sent`. */
  replaced: { member: string; value: unknown } | null
  /** The passkey: of the user, of another user, or of none. */
  passkey: 'own' | 'foreign' | 'unknown'
}

const options: fc.Arbitrary<Partial<AnswerOptions>> = fc.record(
  {
    origin: fc.constantFrom('http://localhost:8787', 'https://evil.example', 'null', ''),
    rpId: fc.constantFrom('localhost', 'evil.example', ''),
    type: fc.constantFrom('webauthn.get', 'webauthn.create', 'payment.get'),
    crossOrigin: fc.constantFrom<unknown>(false, true, 'false', null, 0),
    topOrigin: fc.constantFrom<unknown>(undefined, 'http://localhost:8787', null),
    userPresent: fc.boolean(),
    userVerified: fc.boolean(),
    backupEligible: fc.boolean(),
    backedUp: fc.boolean(),
    counter: fc.constantFrom(0, 1),
  },
  { requiredKeys: [] },
)

const junk = fc.oneof(
  fc.constantFrom<unknown>(null, 0, true, '', '=', 'A', [], {}, ['a'], '\ud800', 'AA\u0000'),
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.string({ minLength: 22, maxLength: 90, unit: fc.constantFrom(...'AQgw_-019') }),
)
const replaced = fc.record({
  member: fc.constantFrom('id', 'rawId', 'type', 'clientDataJSON', 'third', 'userHandle'),
  value: junk,
})

export const generatedAnswers: fc.Arbitrary<GeneratedAnswer> = fc.record({
  edits: fc.oneof({ weight: 3, arbitrary: byteEdits }, { weight: 1, arbitrary: fc.constant([]) }),
  place: fc.constantFrom(...PLACES),
  options: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: options }),
  challenge: fc.constantFrom('right', 'right', ...SOURCES),
  replaced: fc.option(replaced, { freq: 4 }),
  passkey: fc.constantFrom('own', 'own', 'own', 'foreign', 'unknown'),
})

/** Options that make the authenticator give the answer. */
export function authenticatorOptions({ edits, place, options }: GeneratedAnswer, key: Uint8Array) {
  const edit = editWith(edits)
  return {
    ...options,
    ...(place === 'clientData' && { editClientData: edit }),
    ...(place === 'authenticatorData' && { editAuthenticatorData: edit }),
    ...(place === 'attestationObject' && { editAttestationObject: edit }),
    ...(place === 'coseKey' && { coseKey: edit(key) }),
    ...(place === 'signature' && { editSignature: edit }),
  }
}

/** The JSON to send, changed after it was signed. */
export function sentJson(credential: object, { edits, place, replaced }: GeneratedAnswer): unknown {
  const sent = structuredClone(credential) as Record<string, unknown> & {
    response: Record<string, unknown>
  }
  const third = 'signature' in sent.response ? 'authenticatorData' : 'attestationObject'
  if (place === 'sent') {
    const bytes = base64url.decode(String(sent.response[third]))
    sent.response[third] = base64url.encode(editWith(edits)(bytes))
  }
  if (!replaced) return sent
  const name = replaced.member === 'third' ? third : replaced.member
  const holder = name in sent ? sent : sent.response
  holder[name] = replaced.value
  return sent
}
