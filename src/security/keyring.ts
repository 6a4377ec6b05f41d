// Every key of the service, made once per isolate from its secrets. Access tokens are signed by the
// first of SIGNING_KEYS, or with JWT_SECRET (HS256) if there are none; all else (refresh tokens,
// cursors, throttle identifiers) uses keys derived from JWT_SECRET, one per use (RFC 5869), so that
// SIGNING_KEYS may come and go without ending a session.

import { base64url, calculateJwkThumbprint, importJWK } from 'jose'
import { ConfigurationError } from '../settings'
import type { SigningJwk } from './signing-keys'

/** The secrets as settings hold them; the object is the key of the cache, so pass the same one. */
export interface KeySource {
  jwtSecret: string
  jwtSecretPrevious: string | null
  signingKeys: SigningJwk[] | null
}

export type TokenAlg = 'HS256' | SigningJwk['alg']

/** A public key as `/.well-known/jwks.json` shows it. */
export interface PublicJwk {
  kty: SigningJwk['kty']
  kid: string
  use: 'sig'
  alg: SigningJwk['alg']
  crv?: string
  x?: string
  y?: string
  n?: string
  e?: string
}

export interface Keyring {
  /** Signs access tokens. */
  signing: { alg: TokenAlg; kid: string; key: CryptoKey }
  /** Verifies access tokens: by `kid`, each key with its one algorithm (RFC 8725 §3.1). */
  verification: ReadonlyMap<string, { alg: TokenAlg; key: CryptoKey }>
  /** The JWK set of the public halves; empty while HS256 signs. */
  publicJwks: { keys: PublicJwk[] }
  /** HMAC keys of refresh tokens: the first signs, all verify. */
  refresh: readonly [CryptoKey, ...CryptoKey[]]
  /** HMAC keys of cursors: the first signs, all verify. */
  cursor: readonly [CryptoKey, ...CryptoKey[]]
  /** HMAC key of identifiers that are counted but must not be stored. */
  identifier: CryptoKey
}

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()

/**
 * Only finished keyrings are kept, never the promise of one: a request that is aborted in the middle
 * would leave a promise behind that no other request could wait for.
 */
const opened = new WeakMap<KeySource, Keyring>()

/**
 * The keyring of these secrets; imports them on the first call in an isolate.
 * @throws Misconfigured if a signing key's halves do not belong together.
 */
export async function openKeyring(source: KeySource): Promise<Keyring> {
  const known = opened.get(source)
  if (known) return known
  const keyring = await importKeys(source)
  opened.set(source, keyring)
  return keyring
}

async function importKeys(source: KeySource): Promise<Keyring> {
  const { jwtSecret, jwtSecretPrevious, signingKeys } = source
  const [present, previous, tokenKeys] = await Promise.all([
    deriveKeys(jwtSecret),
    jwtSecretPrevious && jwtSecretPrevious !== jwtSecret ? deriveKeys(jwtSecretPrevious) : null,
    signingKeys && Promise.all(signingKeys.map(importSigningKey)),
  ])
  const shared = {
    refresh: previous
      ? ([present.refresh, previous.refresh] as const)
      : ([present.refresh] as const),
    cursor: previous ? ([present.cursor, previous.cursor] as const) : ([present.cursor] as const),
    identifier: present.identifier,
  }
  const [first] = tokenKeys ?? []
  if (tokenKeys && first) {
    return {
      ...shared,
      signing: { alg: first.alg, kid: first.kid, key: first.privateKey },
      verification: new Map(tokenKeys.map(({ kid, alg, publicKey: key }) => [kid, { alg, key }])),
      publicJwks: { keys: tokenKeys.map((key) => key.publicJwk) },
    }
  }
  const secrets = previous ? [present, previous] : [present]
  return {
    ...shared,
    signing: { alg: 'HS256', kid: present.kid, key: present.accessToken },
    verification: new Map(
      secrets.map(({ kid, accessToken: key }) => [kid, { alg: 'HS256', key }] as const),
    ),
    publicJwks: { keys: [] },
  }
}

/** What one JWT secret yields. Only HS256 uses the secret itself; the contract says so. */
async function deriveKeys(secret: string) {
  const bytes = encoder.encode(secret)
  const material = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, [
    'deriveKey',
    'deriveBits',
  ])
  const hkdf = (use: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(`gatepost ${use}`),
  })
  const derive = (use: string) =>
    crypto.subtle.deriveKey(hkdf(use), material, { ...HMAC_SHA256, length: 256 }, false, [
      'sign',
      'verify',
    ])
  const [accessToken, kid, refresh, cursor, identifier] = await Promise.all([
    crypto.subtle.importKey('raw', bytes, HMAC_SHA256, false, ['sign', 'verify']),
    crypto.subtle.deriveBits(hkdf('access token kid'), material, 64),
    derive('refresh token'),
    derive('cursor'),
    derive('identifier'),
  ])
  return { accessToken, kid: base64url.encode(new Uint8Array(kid)), refresh, cursor, identifier }
}

/** Both halves of a key, proven to belong together; `kid` is the RFC 7638 thumbprint. */
async function importSigningKey(jwk: SigningJwk, index: number) {
  const publicHalf = publicMembers(jwk)
  const { alg } = jwk
  try {
    const [kid, privateKey, publicKey] = await Promise.all([
      calculateJwkThumbprint(publicHalf, 'sha256'),
      importJWK(jwk, alg) as Promise<CryptoKey>,
      importJWK(publicHalf, alg) as Promise<CryptoKey>,
    ])
    const probe = encoder.encode(kid)
    const algorithm = { name: privateKey.algorithm.name, hash: 'SHA-256' }
    const signature = await crypto.subtle.sign(algorithm, privateKey, probe)
    if (await crypto.subtle.verify(algorithm, publicKey, signature, probe)) {
      const publicJwk: PublicJwk = { ...publicHalf, kid, use: 'sig', alg }
      return { alg, kid, privateKey, publicKey, publicJwk }
    }
  } catch {
    // Whatever the importer says may quote the key; the rule below says enough.
  }
  throw new ConfigurationError(
    `Gatepost is not configured: SIGNING_KEYS key ${index + 1} must be one valid pair of keys`,
  )
}

function publicMembers(jwk: SigningJwk) {
  switch (jwk.kty) {
    case 'EC':
      return { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
    case 'OKP':
      return { kty: jwk.kty, crv: jwk.crv, x: jwk.x }
    case 'RSA':
      return { kty: jwk.kty, n: jwk.n, e: jwk.e }
  }
}

/**
 * A stable name for a text that must not be stored itself, such as the login somebody tried.
 * Only JWT_SECRET counts: what was stored under an earlier secret is not found any more.
 * @returns 43 characters of base64url (HMAC-SHA256).
 */
export async function hmacIdentifier(keyring: Keyring, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', keyring.identifier, encoder.encode(text))
  return base64url.encode(new Uint8Array(mac))
}
