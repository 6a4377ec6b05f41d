// Public keys of passkeys: COSE_Key (RFC 9052 §7) with the three algorithms that Gatepost requests,
// and signatures by them (WebAuthn Level 3 §6.5.5).

import { base64url } from 'jose'
import { type Bytes, type CborMap, type CborValue, decodeCbor } from './cbor'
import { isEd25519PublicKey } from './ed25519-point'

/** EdDSA with Ed25519, ES256 with P-256, RS256 (RFC 9053, RFC 8812). */
export const COSE_ALGORITHMS = [-8, -7, -257] as const
export type CoseAlgorithm = (typeof COSE_ALGORITHMS)[number]

export interface PublicKey {
  algorithm: CoseAlgorithm
  key: CryptoKey
}

export type ImportedKey =
  | ({ kind: 'imported' } & PublicKey)
  | { kind: 'unsupported-algorithm' }
  | { kind: 'invalid-public-key' }

const LABEL = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1, e: -2 }
const INVALID = { kind: 'invalid-public-key' } as const

/** 2048 bits is the minimum of RFC 8812 §2; the maximum bounds the time to verify. */
const RSA_BYTES = { min: 256, max: 512 }

/**
 * Imports a public key. The key must be well-formed, hold no optional parameters (WebAuthn Level 3
 * §6.5.1), and be a point of P-256, an Ed25519 key, or an RSA modulus of 2048 to 4096 bits with
 * exponent 65537. Never throws.
 */
export async function importCoseKey(bytes: Bytes): Promise<ImportedKey> {
  const decoded = decodeCbor(bytes)
  if (!decoded || decoded.end !== bytes.length || !(decoded.value instanceof Map)) return INVALID
  const parameters = decoded.value
  const algorithm = COSE_ALGORITHMS.find((known) => known === parameters.get(LABEL.alg))
  if (algorithm === undefined) return { kind: 'unsupported-algorithm' }
  try {
    const key = await importers[algorithm](parameters)
    return key ? { kind: 'imported', algorithm, key } : INVALID
  } catch {
    return INVALID // WebCrypto rejects it, for example a point that is not on P-256
  }
}

type Importer = (parameters: CborMap) => Promise<CryptoKey> | null

const importers: Record<CoseAlgorithm, Importer> = {
  [-8](parameters) {
    const x = parameters.get(LABEL.x)
    if (!hasHeader(parameters, { kty: 1, crv: 6, size: 4 }) || !isBytes(x)) return null
    if (!isEd25519PublicKey(x)) return null
    return crypto.subtle.importKey('raw', x, { name: 'Ed25519' }, false, ['verify'])
  },

  [-7](parameters) {
    const x = parameters.get(LABEL.x)
    const y = parameters.get(LABEL.y)
    if (!hasHeader(parameters, { kty: 2, crv: 1, size: 5 })) return null
    if (!isBytes(x) || !isBytes(y) || x.length !== 32 || y.length !== 32) return null
    const point = new Uint8Array([0x04, ...x, ...y]) // uncompressed: SEC 1 §2.3.3
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    return crypto.subtle.importKey('raw', point, algorithm, false, ['verify'])
  },

  [-257](parameters) {
    const n = parameters.get(LABEL.n)
    const e = parameters.get(LABEL.e)
    if (parameters.get(LABEL.kty) !== 3 || parameters.size !== 4) return null
    if (!isBytes(n) || !isBytes(e) || !isModulus(n) || base64url.encode(e) !== 'AQAB') return null
    const jwk = { kty: 'RSA', alg: 'RS256', n: base64url.encode(n), e: 'AQAB' }
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    return crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
  },
}

const isBytes = (value: CborValue | undefined): value is Bytes => value instanceof Uint8Array

function hasHeader(parameters: CborMap, expected: { kty: number; crv: number; size: number }) {
  const { kty, crv, size } = expected
  return (
    parameters.get(LABEL.kty) === kty &&
    parameters.get(LABEL.crv) === crv &&
    parameters.size === size
  )
}

/** Odd, in its shortest form (RFC 8230 §4), and of an accepted size. */
function isModulus(n: Bytes): boolean {
  const [first = 0] = n
  const last = n.at(-1) ?? 0
  const isLongEnough = n.length > RSA_BYTES.min || first >= 0x80
  const isInRange = n.length >= RSA_BYTES.min && n.length <= RSA_BYTES.max
  return isInRange && isLongEnough && first !== 0 && last % 2 === 1
}

/** Whether the signature over the data is valid. Never throws. */
export async function verifySignature(
  { algorithm, key }: PublicKey,
  signature: Bytes,
  data: Bytes,
): Promise<boolean> {
  switch (algorithm) {
    case -8:
      if (signature.length !== 64) return false
      return crypto.subtle.verify('Ed25519', key, signature, data)
    case -7: {
      const raw = rawFromDer(signature)
      if (!raw) return false
      return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw, data)
    }
    case -257:
      return crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, signature, data)
  }
}

/**
 * Converts an ECDSA signature from DER (RFC 3279 §2.2.3) to r ‖ s of 32 bytes each, the form of
 * WebCrypto. Accepts the one DER encoding of each signature, and no other BER (X.690 §10, §8.3).
 */
function rawFromDer(der: Bytes): Bytes | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null
  const r = derInteger(der, 2)
  const s = r && derInteger(der, r.end)
  if (!s || s.end !== der.length) return null
  const raw = new Uint8Array(64)
  raw.set(r.value, 32 - r.value.length)
  raw.set(s.value, 64 - s.value.length)
  return raw
}

/**
 * A non-negative INTEGER of at most 256 bits in DER, without its leading zero. `end` may lie behind
 * the signature, where the caller finds no further integer.
 */
function derInteger(der: Bytes, offset: number): { value: Bytes; end: number } | null {
  const end = offset + 2 + (der[offset + 1] ?? 0)
  const digits = der.subarray(offset + 2, end)
  const [first, second = 0] = digits
  if (der[offset] !== 0x02 || first === undefined) return null
  const isNegative = first >= 0x80
  const isPadded = first === 0 && digits.length > 1
  if (isNegative || (isPadded && second < 0x80)) return null
  const value = isPadded ? digits.subarray(1) : digits
  return value.length <= 32 ? { value, end } : null
}
