// Fresh private keys, and tokens signed by hand: what no honest library would make.

import { base64url } from 'jose'

const encoder = new TextEncoder()

const ALGORITHMS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
}

export async function newJwk(
  alg: keyof typeof ALGORITHMS,
  more: { modulusLength?: number; publicExponent?: Uint8Array } = {},
): Promise<JsonWebKey> {
  const usages = ['sign', 'verify']
  const algorithm = { ...ALGORITHMS[alg], ...more }
  const pair = (await crypto.subtle.generateKey(algorithm, true, usages)) as CryptoKeyPair
  return (await crypto.subtle.exportKey('jwk', pair.privateKey)) as JsonWebKey
}

export const jwkSet = (...keys: unknown[]): string => JSON.stringify({ keys })

/**
 * Texts are taken as they are, so that JSON no encoder writes (`1e400`, double members) can be
 * signed.
 */
export const encodeJson = (value: unknown): string =>
  base64url.encode(encoder.encode(typeof value === 'string' ? value : JSON.stringify(value)))

/** A compact JWS over any header and payload; `sign` gets the signing input. */
export async function forge(
  header: unknown,
  payload: unknown,
  sign: (input: Uint8Array) => Promise<ArrayBuffer> | ArrayBuffer,
): Promise<string> {
  const input = `${encodeJson(header)}.${encodeJson(payload)}`
  const signature = await sign(encoder.encode(input))
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

/** Signs with HMAC-SHA256, or another hash, under any secret. */
export const hmac =
  (secret: string | Uint8Array, hash = 'SHA-256') =>
  async (input: Uint8Array): Promise<ArrayBuffer> => {
    const bytes = typeof secret === 'string' ? encoder.encode(secret) : secret
    const algorithm = { name: 'HMAC', hash }
    const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
    return crypto.subtle.sign('HMAC', key, input)
  }

/** Flips the lowest bit of the last character: bits that decoders throw away. */
export function flipSpareBit(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) as string)
  return text.slice(0, -1) + alphabet[last ^ 1]
}
