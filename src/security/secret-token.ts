// Random values: ids, and the secrets in mailed links. A mailed token has 256 random bits, so D1
// stores its plain SHA-256: a slow hash protects only secrets of low entropy (OWASP Password
// Storage).

import { base64url } from 'jose'
import { BYTES_32 } from './base64url'
import { sha256Base64url } from './digest'

const shape = new RegExp(`^${BYTES_32}$`)

const randomBase64url = (bytes: number): string =>
  base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)))

/** 128 random bits, 22 characters of base64url: session ids, `jti`. */
export const randomId = (): string => randomBase64url(16)

/** A new secret: `token` (43 characters) goes to the user, `tokenHash` to D1. */
export async function newSecretToken(): Promise<{ token: string; tokenHash: string }> {
  const token = randomBase64url(32)
  return { token, tokenHash: await sha256Base64url(token) }
}

/** The hash that D1 stores for a token, or null for text that cannot be one. */
export async function hashSecretToken(token: string): Promise<string | null> {
  return shape.test(token) ? sha256Base64url(token) : null
}
