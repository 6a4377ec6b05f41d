// The keys of the service, imported once per isolate. The first of SIGNING_KEYS signs access
// tokens, or JWT_SECRET (HS256) if there are none. Everything else uses keys derived from
// JWT_SECRET, so a change of SIGNING_KEYS ends no session. The keys that encrypt stored data are in
// data-keys.ts.

import { base64url, calculateJwkThumbprint, importJWK } from 'jose'
import { ConfigurationError } from '../settings'
import { deriveEncryptionKey, deriveHmacKey, deriveId, importSecret } from './derive'
import { isPublished } from './published-secrets'
import type { SigningJwk } from './signing-keys'

/** The secrets of the settings. The object itself is the key of the cache. */
export interface KeySource {
  jwtSecret: string
  jwtSecretPrevious: string | null
  signingKeys: SigningJwk[] | null
}

export type TokenAlg = 'HS256' | SigningJwk['alg']

/** Keys of one use: the first one signs or encrypts, all of them verify or decrypt. */
export type Keys = readonly [CryptoKey, ...CryptoKey[]]

/** A public key in `/.well-known/jwks.json`. */
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
  /** HMAC keys of refresh tokens. */
  refresh: Keys
  /** HMAC keys of cursors. */
  cursor: Keys
  /** HMAC keys of WebAuthn challenges. */
  challenge: Keys
  /** HMAC keys of pending sign-ins. */
  pendingSignIn: Keys
  /** AES-256-GCM keys of sign-ins that are under way at an identity provider. */
  identityProviderFlow: Keys
  /** AES-256-GCM keys of verified identities whose account is yet to be created. */
  identityRegistration: Keys
  /** HMAC key of identifiers that are counted but must not be stored. */
  identifier: CryptoKey
}

type DerivedKeys = Awaited<ReturnType<typeof deriveKeys>>

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()

/**
 * Holds finished keyrings, never promises of them: workerd cancels the pending work of an aborted
 * request, and other requests would wait for its promise without end.
 */
const opened = new WeakMap<KeySource, Keyring>()

/**
 * The keyring of these secrets. Imports the keys on the first call in an isolate.
 * @throws ConfigurationError if a secret is a published example or if the halves of a signing key
 * do not belong together.
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
  await refusePublished('JWT_SECRET', jwtSecret)
  if (jwtSecretPrevious) await refusePublished('JWT_SECRET_PREVIOUS', jwtSecretPrevious)
  const [present, previous, tokenKeys] = await Promise.all([
    deriveKeys(jwtSecret),
    jwtSecretPrevious && jwtSecretPrevious !== jwtSecret ? deriveKeys(jwtSecretPrevious) : null,
    signingKeys && Promise.all(signingKeys.map(importSigningKey)),
  ])
  const shared = sharedKeys(present, previous)
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

async function refusePublished(name: string, secret: string) {
  if (await isPublished(secret))
    throw new ConfigurationError(
      `Gatepost is not configured: ${name} is published as an example: use 32 random bytes`,
    )
}

/** The keys that do not depend on SIGNING_KEYS. */
function sharedKeys(present: DerivedKeys, previous: DerivedKeys | null) {
  const keysOf = (pick: (keys: DerivedKeys) => CryptoKey): Keys =>
    previous ? [pick(present), pick(previous)] : [pick(present)]
  return {
    refresh: keysOf((keys) => keys.refresh),
    cursor: keysOf((keys) => keys.cursor),
    challenge: keysOf((keys) => keys.challenge),
    pendingSignIn: keysOf((keys) => keys.pendingSignIn),
    identityProviderFlow: keysOf((keys) => keys.identityProviderFlow),
    identityRegistration: keysOf((keys) => keys.identityRegistration),
    identifier: present.identifier,
  }
}

/**
 * The keys of one JWT secret. HS256 uses the bytes of the secret itself, so that a service that
 * shares the secret can verify access tokens.
 */
async function deriveKeys(secret: string) {
  const bytes = encoder.encode(secret)
  const material = await importSecret(bytes)
  const [accessToken, kid, refresh, cursor, identifier] = await Promise.all([
    crypto.subtle.importKey('raw', bytes, HMAC_SHA256, false, ['sign', 'verify']),
    deriveId(material, 'access token kid'),
    deriveHmacKey(material, 'refresh token'),
    deriveHmacKey(material, 'cursor'),
    deriveHmacKey(material, 'identifier'),
  ])
  const [challenge, pendingSignIn, identityProviderFlow, identityRegistration] = await Promise.all([
    deriveHmacKey(material, 'webauthn challenge'),
    deriveHmacKey(material, 'pending sign-in'),
    deriveEncryptionKey(material, 'identity provider flow'),
    deriveEncryptionKey(material, 'identity registration'),
  ])
  return {
    accessToken,
    kid,
    refresh,
    cursor,
    identifier,
    challenge,
    pendingSignIn,
    identityProviderFlow,
    identityRegistration,
  }
}

/** Imports both halves of a key and checks that they match. `kid` is the RFC 7638 thumbprint. */
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
    // The message of the importer may quote the key.
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
 * A stable name for a text that must not be stored itself, such as the login of a failed sign-in.
 * It depends on JWT_SECRET alone: a change of the secret changes every name.
 * @returns 43 characters of base64url (HMAC-SHA256).
 */
export async function hmacIdentifier(keyring: Keyring, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', keyring.identifier, encoder.encode(text))
  return base64url.encode(new Uint8Array(mac))
}
