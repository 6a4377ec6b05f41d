// Keys derived from a secret, one for each use (HKDF-SHA256, RFC 5869), so that no key serves two
// purposes. The secrets are random, so HKDF needs no salt (RFC 5869 §3.1).

import { base64url } from 'jose'

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256', length: 256 }
const AES_256_GCM = { name: 'AES-GCM', length: 256 }
const ID_BITS = 64
const encoder = new TextEncoder()

/** The key material that the functions below derive from. */
export const importSecret = (secret: BufferSource): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits'])

const hkdf = (use: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(),
  info: encoder.encode(`gatepost ${use}`),
})

export const deriveHmacKey = (material: CryptoKey, use: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(use), material, HMAC_SHA256, false, ['sign', 'verify'])

export const deriveEncryptionKey = (material: CryptoKey, use: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(use), material, AES_256_GCM, false, ['encrypt', 'decrypt'])

/** A public name of a secret: 64 bits as 11 characters of base64url. */
export const deriveId = async (material: CryptoKey, use: string): Promise<string> =>
  base64url.encode(new Uint8Array(await crypto.subtle.deriveBits(hkdf(use), material, ID_BITS)))
