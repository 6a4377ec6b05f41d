// Cursors: the position where a list continues, as an opaque text. The MAC prevents a client from
// choosing a position, and binds a cursor to one list with its filters.

import { base64url } from 'jose'
import { BASE64URL } from './base64url'
import type { Keyring } from './keyring'

/** The sort key of a page's last row. */
export type CursorValue = (string | number)[]

const MAC_BYTES = 16
const MAX_LENGTH = 1024
const shape = new RegExp(`^${BASE64URL}$`)
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A JSON string followed by a JSON array: no purpose can be read as part of a value. */
const macOf = async (key: CryptoKey, purpose: string, json: string): Promise<Uint8Array> => {
  const text = encoder.encode(JSON.stringify(purpose) + json)
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, text)).subarray(0, MAC_BYTES)
}

/** @param purpose the list with its filters, such as `posts author=7`. */
export async function sealCursor(
  keyring: Keyring,
  purpose: string,
  value: CursorValue,
): Promise<string> {
  const json = JSON.stringify(value)
  const body = encoder.encode(json)
  const sealed = new Uint8Array(MAC_BYTES + body.length)
  sealed.set(await macOf(keyring.cursor[0], purpose, json))
  sealed.set(body, MAC_BYTES)
  return base64url.encode(sealed)
}

/** The value that was sealed for this purpose, or null for any other text. Never throws. */
export async function openCursor(
  keyring: Keyring,
  purpose: string,
  text: string,
): Promise<CursorValue | null> {
  if (text.length > MAX_LENGTH || !shape.test(text)) return null
  const sealed = base64url.decode(text)
  if (sealed.length <= MAC_BYTES) return null
  let json: string
  try {
    json = decoder.decode(sealed.subarray(MAC_BYTES))
  } catch {
    return null
  }
  const mac = sealed.subarray(0, MAC_BYTES)
  for (const key of keyring.cursor) {
    if (crypto.subtle.timingSafeEqual(mac, await macOf(key, purpose, json))) {
      return JSON.parse(json) as CursorValue
    }
  }
  return null
}
