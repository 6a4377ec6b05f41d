// Challenges of WebAuthn without storage: 16 random bytes, the minimum of Level 3 §13
// ("Cryptographic Challenges"), 6 bytes of expiry and an HMAC-SHA256 over both and the purpose. A
// challenge fits one purpose; single use is the caller's, who stores `hash` in the batch that the
// challenge allows.

import { base64url } from 'jose'
import { sha256Base64url } from './digest'
import type { Keyring } from './keyring'

/** `register:<user>` and `confirm:<session>` bind a challenge to one account or session. */
export type ChallengePurpose = 'sign-in' | `register:${string}` | `confirm:${string}`

export interface Challenge {
  expiresAt: Date
  /** Key of the list of used challenges: SHA-256, 43 characters of base64url. */
  hash: string
}

/** Lifetime of a challenge: the default timeout of a ceremony (WebAuthn Level 3 §15.1). */
export const CHALLENGE_MS = 5 * 60_000

const RANDOM_BYTES = 16
const EXPIRY_BYTES = 6 // milliseconds since 1970, big-endian; enough until the year 10889
const MAC_OFFSET = RANDOM_BYTES + EXPIRY_BYTES
/** 54 bytes fill their characters, so each challenge has one spelling. */
const shape = /^[\w-]{72}$/
const encoder = new TextEncoder()

/** A new challenge: 72 characters of base64url. */
export async function issueChallenge(
  keyring: Keyring,
  purpose: ChallengePurpose,
  now: Date,
): Promise<string> {
  const signed = crypto.getRandomValues(new Uint8Array(MAC_OFFSET))
  writeExpiry(signed, now.getTime() + CHALLENGE_MS)
  const mac = await crypto.subtle.sign('HMAC', keyring.challenge[0], macInput(signed, purpose))
  return base64url.encode(new Uint8Array([...signed, ...new Uint8Array(mac)]))
}

/**
 * Returns null unless the challenge was issued for this purpose and has not expired. Never throws.
 */
export async function readChallenge(
  keyring: Keyring,
  challenge: string,
  purpose: ChallengePurpose,
  now: Date,
): Promise<Challenge | null> {
  if (!shape.test(challenge)) return null
  const bytes = base64url.decode(challenge)
  const signed = bytes.slice(0, MAC_OFFSET)
  const expiresAt = readExpiry(signed)
  if (expiresAt <= now.getTime()) return null
  for (const key of keyring.challenge) {
    // Compares in constant time.
    const mac = bytes.slice(MAC_OFFSET)
    if (await crypto.subtle.verify('HMAC', key, mac, macInput(signed, purpose))) {
      return { expiresAt: new Date(expiresAt), hash: await sha256Base64url(challenge) }
    }
  }
  return null
}

/** The random bytes and the expiry have a fixed length, so the purpose needs no separator. */
const macInput = (signed: Uint8Array, purpose: ChallengePurpose) =>
  new Uint8Array([...signed, ...encoder.encode(purpose)])

function writeExpiry(signed: Uint8Array, expiresAt: number): void {
  const view = new DataView(signed.buffer, RANDOM_BYTES)
  view.setUint16(0, Math.floor(expiresAt / 2 ** 32))
  view.setUint32(2, expiresAt % 2 ** 32)
}

function readExpiry(signed: Uint8Array): number {
  const view = new DataView(signed.buffer, signed.byteOffset + RANDOM_BYTES)
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2)
}
