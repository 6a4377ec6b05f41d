// Random values: ids, and the secrets that travel by mail. A mailed token has 256 random bits, so one
// SHA-256 is enough to store it (OWASP: nothing to guess, nothing to slow down). D1 holds only the hash.

import { base64url } from 'jose'
import { BYTES_32 } from './base64url'

const shape = new RegExp(`^${BYTES_32}$`)
const encoder = new TextEncoder()

const randomBase64url = (bytes: number): string =>
  base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)))

/** 128 random bits, 22 characters of base64url: session ids, `jti`. */
export const randomId = (): string => randomBase64url(16)

/** A new secret: the user gets `token` (43 characters), D1 gets `tokenHash`. */
export async function newSecretToken(): Promise<{ token: string; tokenHash: string }> {
  const token = randomBase64url(32)
  return { token, tokenHash: await sha256(token) }
}

/** The hash to look a token up by; null, without work, for what was never issued. */
export async function hashSecretToken(token: string): Promise<string | null> {
  return shape.test(token) ? sha256(token) : null
}

async function sha256(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(token))
  return base64url.encode(new Uint8Array(digest))
}
