// Data that tests of the WebAuthn verifier share: one account, its passkeys, and the expected
// values of the service.
import { type Algorithm, newPasskey, type SoftwarePasskey } from './authenticator'

export const ALGORITHMS: Algorithm[] = [-7, -8, -257]
export const challenge = 'Zm9v'.repeat(18)
export const userHandle = 'AAECAwQFBgcICQoLDA0ODw'
export const expected = {
  expectedChallenge: challenge,
  expectedOrigins: ['https://gatepost.example', 'https://www.gatepost.example'],
  rpId: 'gatepost.example',
}

export type Passkeys = Record<Algorithm, SoftwarePasskey>

/** One passkey of each algorithm, as if registered for the account. */
export async function newPasskeys(): Promise<Passkeys> {
  const [es256, eddsa, rs256] = await Promise.all([
    newPasskey({ algorithm: -7 }),
    newPasskey({ algorithm: -8 }),
    newPasskey({ algorithm: -257 }),
  ])
  for (const passkey of [es256, eddsa, rs256]) passkey.userHandle = userHandle
  return { [-7]: es256, [-8]: eddsa, [-257]: rs256 }
}

/** The passkey as it is stored before its next assertion. */
export const storedOf = ({ id, coseKey, counter }: SoftwarePasskey) => ({
  id,
  publicKey: coseKey,
  counter,
  backupEligible: false,
  userHandle,
})

export const append = (bytes: Uint8Array, ...more: number[]) => new Uint8Array([...bytes, ...more])
