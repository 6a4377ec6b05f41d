// The PHC string of a stored Argon2id hash: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. Parsed strictly
// and within bounds: what stands in a database must not choose how much we allocate.
import type { Cost } from './argon2'

export interface StoredHash extends Cost {
  salt: Uint8Array
  tag: Uint8Array
}

/**
 * The largest costs that are verified: 64 MiB, 10 passes, 4 lanes cover what other systems store.
 */
export const MOST: Cost = { m: 65_536, t: 10, p: 4 }

// npm argon2 writes m,p,t, everybody else m,t,p
const PHC =
  /^\$argon2id\$v=19\$([mtp])=([1-9]\d{0,4}),([mtp])=([1-9]\d{0,4}),([mtp])=([1-9]\d{0,4})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Base64 without padding, in its one canonical spelling and of even length in bytes; else null. */
function bytes(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const out = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  return out.length % 2 === 0 && base64(out) === text ? out : null
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data)).replaceAll('=', '')
}

/**
 * A stored hash, or null if it is malformed or out of bounds: m from 8p to 64 MiB, t ≤ 10, p ≤ 4,
 * salt of 8 to 64 bytes and tag of 16 to 64 bytes, both even (no system stores odd ones).
 */
export function parsePhc(text: string): StoredHash | null {
  const match = PHC.exec(text)
  if (!match) return null
  const [, k1, v1, k2, v2, k3, v3, salt64 = '', tag64 = ''] = match
  const { m, t, p } = Object.fromEntries([k1, k2, k3].map((k, i) => [k, Number([v1, v2, v3][i])]))
  if (!m || !t || !p || m < 8 * p || m > MOST.m || t > MOST.t || p > MOST.p) return null
  const salt = bytes(salt64)
  const tag = bytes(tag64)
  return salt && tag ? { m, t, p, salt, tag } : null
}

export function formatPhc({ m, t, p, salt, tag }: StoredHash): string {
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${base64(salt)}$${base64(tag)}`
}
