// @ts-check
// A software authenticator: one ES256 passkey, as D1 stores it, and its assertions.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const FLAGS = 0x01 | 0x04 // user present and verified (WebAuthn Level 3 §6.1)
const sha256 = (/** @type {string | Buffer} */ data) => createHash('sha256').update(data).digest()

/**
 * @param {string} origin APP_ORIGIN, whose host is the RP ID
 * @param {string} userHandle
 */
export function newPasskey(origin, userHandle) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const id = randomBytes(16).toString('base64url')
  // COSE_Key of RFC 9053 §7.1.1: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
  const key = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ])
  const rpId = new URL(origin).hostname
  return {
    id,
    rpId,
    key,
    /** The body of a sign-in with this passkey. @param {string} challenge */
    assert(challenge) {
      const clientData = JSON.stringify({ type: 'webauthn.get', challenge, origin })
      const authenticatorData = Buffer.concat([sha256(rpId), Buffer.from([FLAGS, 0, 0, 0, 0])])
      const signed = Buffer.concat([authenticatorData, sha256(clientData)])
      const response = {
        clientDataJSON: Buffer.from(clientData).toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: sign('sha256', signed, privateKey).toString('base64url'),
        userHandle,
      }
      return { credential: { id, rawId: id, type: 'public-key', response } }
    },
  }
}
