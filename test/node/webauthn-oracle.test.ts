// Our WebAuthn verifier against @simplewebauthn/server, on valid, spoiled and randomly edited
// answers of software passkeys. Each answer that only one of both accepts proves a listed
// difference.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAssertion, verifyRegistration } from '../../src/security/webauthn/webauthn'
import type { AnswerOptions, AssertionOptions, RegistrationOptions } from '../support/authenticator'
import { byteEdits, editWith } from '../support/byte-edits'
import type { Encodable } from '../support/cbor'
import { ALGORITHMS, newPasskeys, type Passkeys } from '../support/webauthn'
import { type Answer, assert, register, show } from './webauthn/answers'
import { type Difference, FAULTS_OF_LIBRARY } from './webauthn/differences'
import { readByLibrary } from './webauthn/library'
import { STRICTER_FORMS } from './webauthn/stricter-forms'
import { STRICTER_RULES } from './webauthn/stricter-rules'

const RUNS = 4000
const STRICTER = [...STRICTER_FORMS, ...STRICTER_RULES]

let passkeys: Passkeys
beforeAll(async () => {
  passkeys = await newPasskeys()
})

const verify = (answer: Answer) =>
  answer.kind === 'registration'
    ? verifyRegistration({ ...answer, ...answer.expected })
    : verifyAssertion({ ...answer, ...answer.expected })

/** Returns the difference that an answer shows. Fails if none of the list fits. */
async function compare(answer: Answer): Promise<Difference | null> {
  const [ours, theirs] = await Promise.all([verify(answer), readByLibrary(answer)])
  const shown = show({ ours, theirs, answer })
  if (ours.kind === 'verified') {
    if (theirs) expect(ours, shown).toMatchObject(theirs)
    else return listedIn(FAULTS_OF_LIBRARY, answer, shown)
  } else if (theirs) {
    const { reason } = ours
    const sameReason = STRICTER.filter((listed) => listed.reason === reason)
    return listedIn(sameReason, answer, shown)
  }
  return null
}

function listedIn(list: Difference[], answer: Answer, shown: string) {
  const difference = list.find(({ holds }) => holds(answer))
  if (!difference) throw new Error(`an unlisted difference: ${shown}`)
  return difference
}

const EXTENSIONS = new Map<string, Encodable>([
  ['credProtect', 2],
  ['largeBlobKey', new Uint8Array(32).fill(7)],
  ['nested', new Map([['list', [1, -300, 'text', true, null]]])],
])

const VALID: Partial<AnswerOptions>[] = [
  {},
  { origin: 'https://www.gatepost.example' },
  { extensions: EXTENSIONS },
  { extensions: new Map() },
  { counter: 2 ** 32 - 1 },
  { crossOrigin: undefined },
  { clientData: { tokenBinding: { status: 'supported' } } },
  { clientData: { other_keys_can_be_added_here: 'do not compare clientDataJSON to a template' } },
]

const SPOILED: [string, Partial<AnswerOptions>][] = [
  ['another origin', { origin: 'https://gatepost.example.evil.example' }],
  ['an origin with a slash', { origin: 'https://gatepost.example/' }],
  ['an origin without scheme', { origin: 'gatepost.example' }],
  ['another challenge', { challenge: 'Zm9v'.repeat(17) }],
  ['another type', { type: 'payment.get' }],
  ['another RP ID', { rpId: 'www.gatepost.example' }],
  ['no user presence', { userPresent: false }],
  ['no user verification', { userVerified: false }],
  ['backed up but not eligible', { backedUp: true }],
  ['a malformed token binding', { clientData: { tokenBinding: 'present' } }],
  ['an empty id', { id: '' }],
  ['another rawId', { rawId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ['client data that is no JSON', { editClientData: (bytes) => bytes.subarray(1) }],
  ['bytes after the data', { editAuthenticatorData: (bytes) => new Uint8Array([...bytes, 0]) }],
]

const bothReject = async (answer: Answer) =>
  expect([(await verify(answer)).kind, await readByLibrary(answer)]).toEqual(['rejected', null])

describe('registrations', () => {
  it.each(ALGORITHMS)('both verify valid ones of algorithm %d and read the same', async (alg) => {
    for (const options of VALID) {
      const answer = await register(passkeys[alg], options)
      expect(await compare(answer)).toBeNull()
      expect(await verify(answer)).toMatchObject({ kind: 'verified', algorithm: alg })
    }
  })

  it.each<[string, Partial<RegistrationOptions>]>([
    ...SPOILED,
    ['another kind of answer', { type: 'webauthn.get' }],
    ['an unknown format', { format: 'self' }],
    ['a statement of format none', { statement: new Map([['alg', -7]]) }],
  ])('both reject %s', async (_, options) => {
    await bothReject(await register(passkeys[-7], options))
  })

  it(`agree on ${RUNS} edited ones, except for listed differences`, async () => {
    const edited = fc.record({
      algorithm: fc.constantFrom(...ALGORITHMS),
      part: fc.constantFrom('editClientData', 'editAuthenticatorData', 'editAttestationObject'),
      edits: byteEdits,
      options: fc.constantFrom(...VALID),
    })
    const property = fc.asyncProperty(edited, async ({ algorithm, part, edits, options }) => {
      const spoiled = { ...options, [part]: editWith(edits) }
      await compare(await register(passkeys[algorithm], spoiled))
    })
    await fc.assert(property, { numRuns: RUNS })
  })
})

describe('assertions', () => {
  it.each(ALGORITHMS)('both verify valid ones of algorithm %d and read the same', async (alg) => {
    for (const options of VALID) {
      const answer = await assert(passkeys[alg], options)
      expect(await compare(answer)).toBeNull()
      expect((await verify(answer)).kind).toBe('verified')
    }
  })

  it.each<[string, Partial<AssertionOptions>]>([
    ...SPOILED,
    ['another kind of answer', { type: 'webauthn.create' }],
    ['authenticator data of 36 bytes', { editAuthenticatorData: (bytes) => bytes.subarray(1) }],
    ['a truncated signature', { editSignature: (bytes) => bytes.subarray(0, -1) }],
    ['an empty signature', { editSignature: () => new Uint8Array() }],
  ])('both reject %s', async (_, options) => {
    await bothReject(await assert(passkeys[-7], options))
  })

  it('both reject the signature of another passkey', async () => {
    const [answer, other] = await Promise.all([assert(passkeys[-7]), newPasskeys()])
    answer.stored.publicKey = other[-7].coseKey
    await bothReject(answer)
  })

  it('agree on counters', async () => {
    const counters = [0, 1, 2, 7, 2 ** 31, 2 ** 32 - 1]
    for (const before of counters) {
      for (const counter of counters) {
        const answer = await assert(passkeys[-7], { counter })
        answer.stored.counter = before
        await compare(answer)
        const isAccepted = counter > before || (counter === 0 && before === 0)
        expect((await verify(answer)).kind).toBe(isAccepted ? 'verified' : 'rejected')
      }
    }
  })

  it(`agree on ${RUNS} edited ones, except for listed differences`, async () => {
    const edited = fc.record({
      algorithm: fc.constantFrom(...ALGORITHMS),
      part: fc.constantFrom('editClientData', 'editAuthenticatorData', 'editSignature'),
      edits: byteEdits,
      options: fc.constantFrom(...VALID),
    })
    const property = fc.asyncProperty(edited, async ({ algorithm, part, edits, options }) => {
      await compare(await assert(passkeys[algorithm], { ...options, [part]: editWith(edits) }))
    })
    await fc.assert(property, { numRuns: RUNS })
  })
})

describe('listed differences', () => {
  const showsEach = async ({ why, examples }: Difference) => {
    for (const answer of await Promise.all(examples(passkeys))) {
      expect((await compare(answer))?.why, show(answer)).toBe(why)
    }
  }

  it.each(STRICTER)('only the library accepts: $why', showsEach)
  it.each(FAULTS_OF_LIBRARY)('only our verifier accepts: $why', showsEach)
})
