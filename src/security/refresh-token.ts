// Refresh tokens: `<session>.<counter>.<mac>`, opaque to the client (RFC 6749 §1.5). The MAC covers
// session and counter, so a forged token costs no D1 trip. The row of the session decides which
// genuine token is current (RFC 9700 §4.14.2), and for which client.

import { base64url } from 'jose'
import { BYTES_16, BYTES_32 } from './base64url'
import type { Keyring } from './keyring'

export interface RefreshToken {
  sessionId: string
  /** The number of refreshes of the session before this token, from 0. */
  counter: number
}

const shape = new RegExp(`^(${BYTES_16})\\.(0|[1-9]\\d{0,14})\\.(${BYTES_32})$`)
const encoder = new TextEncoder()

/** Session ids contain no dot, so the boundary between the parts is unambiguous. */
const signedText = (sessionId: string, counter: string | number) =>
  encoder.encode(`${sessionId}.${counter}`)

/** The same input gives the same token, so a lost response can be repeated. */
export async function issueRefreshToken(
  keyring: Keyring,
  { sessionId, counter }: RefreshToken,
): Promise<string> {
  const text = signedText(sessionId, counter)
  const mac = await crypto.subtle.sign('HMAC', keyring.refresh[0], text)
  return `${sessionId}.${counter}.${base64url.encode(new Uint8Array(mac))}`
}

/**
 * The session and counter of a refresh token, or null unless this service issued exactly this text.
 * Only the row of the session knows whether the token is current, and for which client. Never
 * throws.
 */
export async function readRefreshToken(
  keyring: Keyring,
  token: string,
): Promise<RefreshToken | null> {
  const [, sessionId, counter, encodedMac] = shape.exec(token) ?? []
  if (!sessionId || !counter || !encodedMac) return null
  const mac = base64url.decode(encodedMac)
  const text = signedText(sessionId, counter)
  for (const key of keyring.refresh) {
    // Compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, mac, text)) {
      return { sessionId, counter: Number(counter) }
    }
  }
  return null
}
