// Digests of text and bytes. Every SHA-1 and SHA-256 of the service is computed here.

import { base64url } from 'jose'

const encoder = new TextEncoder()

type Bytes = Uint8Array<ArrayBuffer>

async function digest(algorithm: 'SHA-1' | 'SHA-256', input: string | Bytes): Promise<Bytes> {
  const bytes = typeof input === 'string' ? new Uint8Array(encoder.encode(input)) : input
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes))
}

/** The 32 bytes of the SHA-256 of bytes, or of a text in UTF-8 (FIPS 180-4). */
export const sha256 = (input: string | Bytes): Promise<Bytes> => digest('SHA-256', input)

/** The SHA-256 of a text in UTF-8, as 43 characters of base64url. */
export const sha256Base64url = async (text: string): Promise<string> =>
  base64url.encode(await sha256(text))

/**
 * The SHA-1 of a text in UTF-8, as 40 upper-case hexadecimal digits. The range API of Have I Been
 * Pwned is defined on SHA-1. Nothing may rely on it for secrecy or integrity (NIST SP 800-131A).
 */
export async function sha1Hex(text: string): Promise<string> {
  const bytes = await digest('SHA-1', text)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}
