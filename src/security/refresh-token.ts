// Refresh tokens: `<session>.<counter>.<mac>`, opaque to the client (RFC 6749 §1.5). The MAC covers
// session and counter, so a forged one costs no D1 trip; the session's row decides which of the
// genuine ones is current (RFC 9700 §4.14.2), and for which client.

import { base64url } from 'jose'
import { BYTES_16, BYTES_32 } from './base64url'
import type { Keyring } from './keyring'

export interface RefreshToken {
  sessionId: string
  /** How often the session had been refreshed when this one was issued; from 0. */
  counter: number
}

const shape = new RegExp(`^(${BYTES_16})\\.(0|[1-9]\\d{0,14})\\.(${BYTES_32})$`)
const encoder = new TextEncoder()

/** No session id holds a dot, so the parts cannot be shifted into one another. */
const signedText = (sessionId: string, counter: string | number) =>
  encoder.encode(`${sessionId}.${counter}`)

/** The same input gives the same token, so a successor whose answer was lost can be given again. */
export async function issueRefreshToken(
  keyring: Keyring,
  { sessionId, counter }: RefreshToken,
): Promise<string> {
  const text = signedText(sessionId, counter)
  const mac = await crypto.subtle.sign('HMAC', keyring.refresh[0], text)
  return `${sessionId}.${counter}.${base64url.encode(new Uint8Array(mac))}`
}

/**
 * What a refresh token says, or null if this service did not issue it in exactly this spelling.
 * Whether it is still good, and for whom, is the session's row to say. Never throws.
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
