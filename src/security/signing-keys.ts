// The secret SIGNING_KEYS: a JWK set (RFC 7517 §5) of private keys. Read strictly and once, because
// a key that is weaker than it looks, or public by mistake, would only show in an incident.

import { BASE64URL, BYTES_32 } from './base64url.ts'

interface EcSigningJwk {
  kty: 'EC'
  alg: 'ES256'
  crv: 'P-256'
  x: string
  y: string
  d: string
}

interface OkpSigningJwk {
  kty: 'OKP'
  alg: 'EdDSA'
  crv: 'Ed25519'
  x: string
  d: string
}

interface RsaSigningJwk {
  kty: 'RSA'
  alg: 'RS256'
  n: string
  e: string
  d: string
  p: string
  q: string
  dp: string
  dq: string
  qi: string
}

/** One private key, reduced to the members that make the key; `kid` is always its thumbprint. */
export type SigningJwk = EcSigningJwk | OkpSigningJwk | RsaSigningJwk

const MAX_KEYS = 8
const RSA_BITS = { min: 2048, max: 4096 }
const EXPONENT_65537 = 'AQAB'
const bytes32 = new RegExp(`^${BYTES_32}$`)
const anyBytes = new RegExp(`^${BASE64URL}$`)

type Members = Record<string, unknown>

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads SIGNING_KEYS: `{ "keys": [...] }` with 1 to 8 private JWKs for ES256, EdDSA (Ed25519) or
 * RS256 (2048 to 4096 bits). The first signs, all verify.
 * @throws Error whose message names the rule that is broken and the key's place, never a value.
 */
export function parseSigningKeys(text: string): SigningJwk[] {
  const set = parseJson(text)
  if (!isObject(set) || !Array.isArray(set.keys)) {
    throw new Error('must be a JWK set: {"keys":[...]}')
  }
  if (set.keys.length === 0) throw new Error('must hold at least one key')
  if (set.keys.length > MAX_KEYS) throw new Error(`must hold at most ${MAX_KEYS} keys`)
  const keys = set.keys.map((key: unknown, index) => readKey(key, `key ${index + 1}`))
  const moduli = new Set(keys.map((key) => (key.kty === 'RSA' ? key.n : key.x)))
  if (moduli.size !== keys.length) throw new Error('must not hold a key twice')
  return keys
}

/** JSON.parse quotes its input in the error, and the input here is a private key. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('must be JSON')
  }
}

function readKey(key: unknown, name: string): SigningJwk {
  if (!isObject(key)) throw new Error(`${name} must be an object`)
  const jwk = readMaterial(key, name)
  const algs: unknown[] = jwk.alg === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [jwk.alg]
  if (key.alg !== undefined && !algs.includes(key.alg)) {
    throw new Error(`${name} must have the alg of its type, ${jwk.alg}`)
  }
  if (key.use !== undefined && key.use !== 'sig') throw new Error(`${name} must have use sig`)
  if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.includes('sign'))) {
    throw new Error(`${name} must allow sign in key_ops`)
  }
  return jwk
}

function readMaterial(key: Members, name: string): SigningJwk {
  const member = (part: string, shape = bytes32): string => {
    const value = key[part]
    if (part === 'd' && value === undefined) throw new Error(`${name} must be a private key`)
    if (typeof value === 'string' && shape.test(value)) return value
    throw new Error(`${name} must have ${part} as base64url of the right length`)
  }
  if (key.kty === 'EC' && key.crv === 'P-256') {
    const d = member('d')
    return { kty: 'EC', alg: 'ES256', crv: 'P-256', x: member('x'), y: member('y'), d }
  }
  if (key.kty === 'OKP' && key.crv === 'Ed25519') {
    return { kty: 'OKP', alg: 'EdDSA', crv: 'Ed25519', d: member('d'), x: member('x') }
  }
  if (key.kty === 'RSA') {
    const number = (part: string) => member(part, anyBytes)
    const d = number('d')
    const n = number('n')
    const bits = bitLength(n)
    if (bits < RSA_BITS.min || bits > RSA_BITS.max) {
      throw new Error(`${name} must have ${RSA_BITS.min} to ${RSA_BITS.max} bits`)
    }
    if (key.e !== EXPONENT_65537) throw new Error(`${name} must have the public exponent 65537`)
    if (key.oth !== undefined) throw new Error(`${name} must have exactly two primes`)
    const [p, q] = [number('p'), number('q')]
    const [dp, dq, qi] = [number('dp'), number('dq'), number('qi')]
    return { kty: 'RSA', alg: 'RS256', n, e: EXPONENT_65537, d, p, q, dp, dq, qi }
  }
  throw new Error(`${name} must be EC P-256, OKP Ed25519 or RSA`)
}

/** Bits of a big-endian number, leading zero bits not counted. */
function bitLength(base64url: string): number {
  const bytes = atob(base64url.replaceAll('-', '+').replaceAll('_', '/')).replace(/^\0+/, '')
  return bytes === '' ? 0 : bytes.length * 8 - Math.clz32(bytes.charCodeAt(0)) + 24
}
