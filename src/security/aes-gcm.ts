// Authenticated encryption: AES-256-GCM (NIST SP 800-38D) with random IVs of 96 bits and tags of
// 128 bits. One key encrypts at most 2^32 texts (SP 800-38D §8.3).

const IV_BYTES = 12
export const TAG_BYTES = 16

/** An encrypted text; `sealed` is the ciphertext followed by the tag. */
export interface Encrypted {
  iv: Uint8Array
  sealed: Uint8Array
}

/** Encrypts with a fresh IV. `aad` is authenticated and not stored: decryption needs the same. */
export async function encrypt(
  key: CryptoKey,
  plaintext: BufferSource,
  aad: BufferSource,
): Promise<Encrypted> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const algorithm = { name: 'AES-GCM', iv, additionalData: aad }
  return { iv, sealed: new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plaintext)) }
}

/** The plaintext, or null unless this key encrypted exactly this with this `aad`. */
export async function decrypt(
  key: CryptoKey,
  { iv, sealed }: { iv: BufferSource; sealed: BufferSource },
  aad: BufferSource,
): Promise<Uint8Array | null> {
  const algorithm = { name: 'AES-GCM', iv, additionalData: aad }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed))
  } catch {
    return null
  }
}
