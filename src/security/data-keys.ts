// The secret DATA_KEYS: keys that encrypt data in D1, such as the secrets of authenticator apps.
// They are not derived from JWT_SECRET, because a change of that secret must not make stored data
// unreadable. The first key encrypts, all of them decrypt.

import { base64url } from 'jose'
import { decrypt, encrypt } from './aes-gcm.ts'
import { BASE64URL, BYTES_32 } from './base64url.ts'
import { deriveEncryptionKey, deriveId, importSecret } from './derive.ts'
import { isGuessable } from './guessable-secret.ts'

const MAX_KEYS = 8

/** The keys of DATA_KEYS, imported. */
export interface DataKeys {
  current: DataKey
  byKid: ReadonlyMap<string, DataKey>
}

export interface DataKey {
  /** 11 characters of base64url, derived from the key. */
  kid: string
  key: CryptoKey
}

/** The place of a value. A value opens in the place it was sealed for, and in no other. */
export interface SealContext {
  /** The kind of value, such as `totp`. */
  purpose: string
  userId: number
}

const secretShape = new RegExp(`^${BYTES_32}$`)
/** `kid.iv.ciphertext`: 8 bytes, 12 bytes, ciphertext with its tag; each in its one spelling. */
const sealedShape = new RegExp(`^([\\w-]{10}[AEIMQUYcgkosw048])\\.([\\w-]{16})\\.(${BASE64URL})$`)
const encoder = new TextEncoder()

/**
 * Reads DATA_KEYS: 1 to 8 keys of 32 random bytes in base64url, separated by commas.
 * @throws Error whose message names the broken rule and the place of the key, never a value.
 */
export function parseDataKeys(text: string): string[] {
  const secrets = text.split(',').map((secret) => secret.trim())
  if (secrets.length > MAX_KEYS) throw new Error(`must hold at most ${MAX_KEYS} keys`)
  for (const [index, secret] of secrets.entries()) {
    const rule = brokenRule(secret)
    if (rule) throw new Error(`key ${index + 1} ${rule}; npm run keys -- --data makes a good one`)
  }
  if (new Set(secrets).size !== secrets.length) throw new Error('must not hold a key twice')
  return secrets
}

function brokenRule(secret: string): string | undefined {
  if (!secretShape.test(secret)) return 'must be 32 bytes in base64url (43 characters)'
  return isGuessable(secret) ? 'is guessable' : undefined
}

/** Holds finished keys, never promises of them; see keyring.ts. */
const opened = new WeakMap<readonly string[], DataKeys>()

/**
 * The keys of `settings.dataKeys`. Imports them on the first call in an isolate; the array itself
 * is the key of the cache.
 */
export async function openDataKeys(secrets: readonly string[]): Promise<DataKeys> {
  const known = opened.get(secrets)
  if (known) return known
  const all = await Promise.all(secrets.map(importDataKey))
  const [current] = all
  if (!current) throw new RangeError('DATA_KEYS holds no key')
  const keys = { current, byKid: new Map(all.map((key) => [key.kid, key])) }
  opened.set(secrets, keys)
  return keys
}

async function importDataKey(secret: string): Promise<DataKey> {
  const material = await importSecret(decode(secret))
  const [kid, key] = await Promise.all([
    deriveId(material, 'data key kid'),
    deriveEncryptionKey(material, 'data encryption'),
  ])
  return { kid, key }
}

/** The text that D1 stores for a value, encrypted with the first key. */
export async function seal(
  { current }: DataKeys,
  plaintext: BufferSource,
  context: SealContext,
): Promise<string> {
  const { iv, sealed } = await encrypt(current.key, plaintext, aadOf(context))
  return [current.kid, base64url.encode(iv), base64url.encode(sealed)].join('.')
}

/**
 * The value of a stored text, or null unless one of the keys sealed exactly this text for this
 * context. `isCurrent` is false if another key than the first did: the caller then stores the value
 * sealed again. Never throws.
 */
export async function open(
  keys: DataKeys,
  text: string,
  context: SealContext,
): Promise<{ plaintext: Uint8Array; isCurrent: boolean } | null> {
  const [, kid = '', iv = '', sealed = ''] = sealedShape.exec(text) ?? []
  const found = keys.byKid.get(kid)
  if (!found) return null
  const encrypted = { iv: decode(iv), sealed: decode(sealed) }
  const plaintext = await decrypt(found.key, encrypted, aadOf(context))
  return plaintext && { plaintext, isCurrent: found === keys.current }
}

/** Copies the bytes: jose declares a view of any buffer, and WebCrypto takes ArrayBuffer only. */
const decode = (text: string) => new Uint8Array(base64url.decode(text))

/** JSON keeps the parts apart: no purpose can be read as part of an id. */
const aadOf = ({ purpose, userId }: SealContext) =>
  encoder.encode(JSON.stringify([purpose, userId]))
