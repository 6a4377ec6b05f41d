// @simplewebauthn/server with the options that our verifier fixes.

import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import type { Answer, Assertion, Expected, Registration } from './answers'

/** The values that our verifier returns, as the library reads them; null where it rejects. */
export async function readByLibrary(answer: Answer): Promise<object | null> {
  try {
    return await (answer.kind === 'registration' ? registered(answer) : asserted(answer))
  } catch {
    return null // the library throws for all but a wrong signature
  }
}

async function registered({ credential, expected }: Registration) {
  const { verified, registrationInfo: info } = await verifyRegistrationResponse({
    response: withUnreadMembers(credential),
    ...optionsOf(expected),
  })
  if (!verified) return null
  const { id, counter, publicKey } = info.credential
  return { id, counter, publicKey, aaguid: info.aaguid, ...backupOf(info) }
}

async function asserted({ credential, stored, expected }: Assertion) {
  const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
    response: withUnreadMembers(credential),
    credential: { ...stored, publicKey: new Uint8Array(stored.publicKey) },
    ...optionsOf(expected),
  })
  return verified ? { counter: info.newCounter, ...backupOf(info) } : null
}

const optionsOf = ({ expectedChallenge, expectedOrigins, rpId }: Expected) => ({
  expectedChallenge,
  expectedOrigin: expectedOrigins,
  expectedRPID: rpId,
})

const backupOf = (info: { credentialDeviceType: string; credentialBackedUp: boolean }) => ({
  backupEligible: info.credentialDeviceType === 'multiDevice',
  backedUp: info.credentialBackedUp,
})

/** The library's types name members and literals that its code does not need. */
const withUnreadMembers = <Credential extends Answer['credential']>(credential: Credential) =>
  credential as never
