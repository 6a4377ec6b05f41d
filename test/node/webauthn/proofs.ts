// Proofs of listed differences, by other code than that of the service: the library's decoders,
// OpenSSL, and the formulas of curves.ts.

import { Buffer } from 'node:buffer'
import { createHash, createPublicKey, verify } from 'node:crypto'
import {
  decodeAttestationObject,
  decodeClientDataJSON,
  decodeCredentialPublicKey,
  isoCBOR,
  parseAuthenticatorData,
} from '@simplewebauthn/server/helpers'
import type { Answer, Assertion, Registration } from './answers'
import { isEd25519Point, isP256Point } from './curves'

/** All texts of the extensions, keys and values. */
export function extensionTextsOf(answer: Answer): string[] {
  const data = authenticatorDataOf(answer)
  const offset = answer.kind === 'registration' ? endOfKey(data) : 37
  return offset < data.length ? textsOf(isoCBOR.decodeFirst(data.slice(offset))) : []
}

function endOfKey(data: Uint8Array<ArrayBuffer>): number {
  const offset = 55 + Buffer.from(data).readUInt16BE(53)
  const key: unknown = isoCBOR.decodeFirst(data.slice(offset))
  return offset + isoCBOR.encode(key as never).length
}

function textsOf(value: unknown): string[] {
  if (value instanceof Map) return [...value].flat().flatMap(textsOf)
  if (Array.isArray(value)) return value.flatMap(textsOf)
  return typeof value === 'string' ? [value] : []
}

type CoseKey = ReturnType<typeof decodeCredentialPublicKey>

export const fromBase64url = (text: string) => Buffer.from(text, 'base64url')

export function membersOf({ id, response }: Answer['credential']): string[] {
  const { transports: _, ...binary } = { transports: [], ...response }
  return [id, ...Object.values(binary)].filter((member) => typeof member === 'string')
}

export const clientDataOf = ({ credential }: Answer): Record<string, unknown> => ({
  ...decodeClientDataJSON(credential.response.clientDataJSON),
})

export const attestationObjectOf = ({ credential }: Registration) =>
  new Uint8Array(fromBase64url(credential.response.attestationObject))

export function authenticatorDataOf(answer: Answer): Uint8Array<ArrayBuffer> {
  return answer.kind === 'registration'
    ? new Uint8Array(decodeAttestationObject(attestationObjectOf(answer)).get('authData'))
    : new Uint8Array(fromBase64url(answer.credential.response.authenticatorData))
}

export function publicKeyOf(answer: Registration): CoseKey {
  const { credentialPublicKey } = parseAuthenticatorData(authenticatorDataOf(answer))
  if (!credentialPublicKey) throw new Error('a registration without a key')
  return decodeCredentialPublicKey(credentialPublicKey)
}

/** One item in its shortest form, of the types that WebAuthn uses. */
export function isPlainCbor(bytes: Uint8Array<ArrayBuffer>): boolean {
  const value: unknown = isoCBOR.decodeFirst(bytes)
  return holdsPlainTypes(value) && Buffer.from(isoCBOR.encode(value as never)).equals(bytes)
}

function holdsPlainTypes(value: unknown): boolean {
  if (value instanceof Map) return [...value].flat().every(holdsPlainTypes)
  if (Array.isArray(value)) return value.every(holdsPlainTypes)
  const isPlain = value === null || typeof value === 'boolean' || typeof value === 'string'
  return isPlain || Number.isSafeInteger(value) || value instanceof Uint8Array
}

/** Members of a COSE_Key by label: `crv` or `n`, `x` or `e`, `y`. */
function parametersOf(key: CoseKey) {
  const members: ReadonlyMap<number, unknown> = key as never
  const bytes = (label: number): Uint8Array => {
    const value = members.get(label)
    return value instanceof Uint8Array ? value : new Uint8Array()
  }
  const numbers = [1, 3, -1].map((label) => members.get(label))
  return { labels: [...members.keys()].toSorted((a, b) => a - b), numbers, bytes }
}

export function hasExactParameters(key: CoseKey): boolean {
  const { labels, numbers, bytes } = parametersOf(key)
  const [kty, alg, crv] = numbers
  const [n, x, y] = [bytes(-1), bytes(-2), bytes(-3)]
  switch (`${kty} ${alg} ${labels}`) {
    case '1 -8 -2,-1,1,3':
      return crv === 6 && x.length === 32
    case '2 -7 -3,-2,-1,1,3':
      return crv === 1 && x.length === 32 && y.length === 32
    case '3 -257 -2,-1,1,3': {
      const modulus = integer(n)
      const bits = modulus.toString(2).length
      const isShortest = n.length * 8 - bits < 8
      const isModulus = bits >= 2048 && bits <= 4096 && modulus % 2n === 1n && isShortest
      return isModulus && x.join() === '1,0,1'
    }
    default:
      return false
  }
}

export function isPoint(key: CoseKey): boolean {
  const { numbers, bytes } = parametersOf(key)
  if (numbers[1] === -7) return isP256Point(integer(bytes(-2)), integer(bytes(-3)))
  return numbers[1] !== -8 || isEd25519Point(bytes(-2))
}

const integer = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)

export function isSignedForOpenssl({ credential, stored }: Assertion): boolean {
  const { authenticatorData, clientDataJSON, signature } = credential.response
  const clientDataHash = createHash('sha256').update(fromBase64url(clientDataJSON)).digest()
  const data = Buffer.concat([fromBase64url(authenticatorData), clientDataHash])
  const { numbers, bytes } = parametersOf(
    decodeCredentialPublicKey(new Uint8Array(stored.publicKey)),
  )
  const [n, x, y] = [-1, -2, -3].map((label) => Buffer.from(bytes(label)).toString('base64url'))
  const jwks: Record<string, object> = {
    '-8': { kty: 'OKP', crv: 'Ed25519', x },
    '-7': { kty: 'EC', crv: 'P-256', x, y },
    '-257': { kty: 'RSA', n, e: x },
  }
  const key = createPublicKey({ format: 'jwk', key: { ...jwks[String(numbers[1])] } })
  return verify(numbers[1] === -8 ? null : 'sha256', data, key, fromBase64url(signature))
}
