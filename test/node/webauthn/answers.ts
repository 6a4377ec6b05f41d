// Registrations and assertions of software passkeys, with what the service expects of them.

import { Buffer } from 'node:buffer'
import type { StoredPasskey } from '../../../src/security/webauthn/webauthn'
import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
} from '../../../src/security/webauthn/webauthn-response'
import type {
  AssertionOptions,
  RegistrationOptions,
  SoftwarePasskey,
} from '../../support/authenticator'
import { challenge, expected, storedOf, userHandle } from '../../support/webauthn'

export interface Expected {
  expectedChallenge: string
  expectedOrigins: string[]
  rpId: string
}

export interface Registration {
  kind: 'registration'
  credential: RegistrationResponseJSON
  expected: Expected
}

export interface Assertion {
  kind: 'assertion'
  credential: AuthenticationResponseJSON
  stored: StoredPasskey
  expected: Expected
}

export type Answer = Registration | Assertion

export const register = async (
  passkey: SoftwarePasskey,
  options: Partial<RegistrationOptions> = {},
): Promise<Registration> => ({
  kind: 'registration',
  credential: await passkey.register({ challenge, userHandle, ...options }),
  expected,
})

export async function assert(
  passkey: SoftwarePasskey,
  options: Partial<AssertionOptions> = {},
): Promise<Assertion> {
  const stored = storedOf(passkey)
  const credential = await passkey.assert({ challenge, ...options })
  return { kind: 'assertion', credential, stored, expected }
}

/** For messages of failed tests. */
export const show = (value: object): string =>
  JSON.stringify(value, (_, member) =>
    member instanceof Uint8Array ? Buffer.from(member).toString('hex') : member,
  )
