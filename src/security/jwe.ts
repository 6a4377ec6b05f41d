// JWE compact serialization (RFC 7516 §7.1) with direct encryption: `alg` dir, `enc` A256GCM. The
// reader knows the one header it accepts and compares its text, so it parses nothing before the tag
// is verified. jose implements the same format, and adds 5 KiB (gzip) for other algorithms.

import { base64url } from 'jose'
import { decrypt, encrypt, TAG_BYTES } from './aes-gcm'
import { BASE64URL, BYTES_16 } from './base64url'
import type { Keys } from './keyring'

const encoder = new TextEncoder()

/** Header, empty encrypted key, IV of 12 bytes, ciphertext, tag; each in its one spelling. */
const shape = new RegExp(`^([\\w-]+)\\.\\.([\\w-]{16})\\.(${BASE64URL})\\.(${BYTES_16})$`)

const encodeHeader = (typ: string) =>
  base64url.encode(encoder.encode(JSON.stringify({ alg: 'dir', enc: 'A256GCM', typ })))

/** @param typ the header's media type, which names the purpose of the token (RFC 8725 §3.11). */
export async function encryptJwe(
  key: CryptoKey,
  typ: string,
  plaintext: Uint8Array,
): Promise<string> {
  const header = encodeHeader(typ)
  const { iv, sealed } = await encrypt(key, plaintext, encoder.encode(header))
  const parts = [iv, sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)]
  return `${header}..${parts.map((part) => base64url.encode(part)).join('.')}`
}

/** The plaintext, or null unless one of the keys encrypted exactly this text for this `typ`. */
export async function decryptJwe(
  keys: Keys,
  typ: string,
  text: string,
): Promise<Uint8Array | null> {
  const [, header, iv, ciphertext, tag] = shape.exec(text) ?? []
  if (!iv || !ciphertext || !tag || header !== encodeHeader(typ)) return null
  const sealed = concat(base64url.decode(ciphertext), base64url.decode(tag))
  const encrypted = { iv: base64url.decode(iv), sealed }
  for (const key of keys) {
    const plaintext = await decrypt(key, encrypted, encoder.encode(header))
    if (plaintext) return plaintext
  }
  return null
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}
