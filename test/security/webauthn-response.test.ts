import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAssertion, verifyRegistration } from '../../src/security/webauthn/webauthn'
import { presentedChallenge } from '../../src/security/webauthn/webauthn-response'
import { newPasskey, type SoftwarePasskey } from '../support/authenticator'
import { challenge, expected, storedOf, userHandle } from '../support/webauthn'
import { GARBAGE } from './webauthn-cases'

let passkey: SoftwarePasskey
beforeAll(async () => {
  passkey = await newPasskey()
})

describe('presentedChallenge', () => {
  it('returns the challenge of registrations and assertions, verified or not', async () => {
    const registration = await passkey.register({
      challenge,
      userHandle,
      origin: 'https://evil.example',
    })
    expect(presentedChallenge(registration)).toBe(challenge)
    expect(presentedChallenge(await passkey.assert({ challenge: 'other' }))).toBe('other')
  })

  it('returns null for challenges that are no texts', async () => {
    for (const other of [undefined, null, 7, ['x'], {}]) {
      const clientData = { challenge: other }
      expect(presentedChallenge(await passkey.assert({ challenge, clientData }))).toBeNull()
    }
  })

  it.each(GARBAGE)('returns null for %s', (_, garbage) => {
    expect(presentedChallenge(garbage as never)).toBeNull()
  })
})

it('verification never throws on any JSON', async () => {
  const member = fc.oneof(fc.jsonValue(), fc.base64String(), fc.string())
  const response = fc.record({
    clientDataJSON: member,
    authenticatorData: member,
    attestationObject: member,
    signature: member,
    userHandle: member,
    transports: member,
  })
  const id = fc.oneof(fc.constant('A'.repeat(22)), member)
  const json = fc.record(
    { id, rawId: id, type: fc.constant('public-key'), response },
    { requiredKeys: [] },
  )
  const property = fc.asyncProperty(json, async (answer) => {
    const credential = answer as never
    const stored = storedOf(passkey)
    expect((await verifyAssertion({ credential, stored, ...expected })).kind).toBe('rejected')
    expect((await verifyRegistration({ credential, ...expected })).kind).toBe('rejected')
    presentedChallenge(credential)
  })
  await fc.assert(property, { numRuns: 1000 })
})
