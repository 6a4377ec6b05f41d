// The JSON that browsers make of a registration or assertion (WebAuthn Level 3 §5.1), read with
// bounds on every member. Each binary member must be canonical base64url, as browsers write it.

import { base64url } from 'jose'
import { BASE64URL } from '../base64url'
import type { Bytes } from './cbor'
import { isRecord, readClientData } from './client-data'

/** A registration, as far as Gatepost reads it. */
export interface RegistrationResponseJSON {
  id: string
  rawId: string
  type: string
  response: {
    clientDataJSON: string
    attestationObject: string
    transports?: string[] | undefined
  }
}

/** An assertion, as far as Gatepost reads it. */
export interface AuthenticationResponseJSON {
  id: string
  rawId: string
  type: string
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle?: string | null | undefined
  }
}

/** Bounds in bytes, before base64url. */
export const WEBAUTHN_LIMITS = {
  /** WebAuthn Level 3 §4, "credential ID": at least 16 bytes, at most 1023. */
  credentialId: { min: 16, max: 1023 },
  /** Browsers write some 200 bytes; an origin adds up to 255. */
  clientDataJSON: { min: 2, max: 2048 },
  /** Without a statement at most 2 KiB; certificates of a statement take some KiB. */
  attestationObject: { min: 37, max: 16_384 },
  authenticatorData: { min: 37, max: 1024 },
  /** RS256 with 4096 bits. */
  signature: { min: 1, max: 512 },
  /** WebAuthn Level 3 §5.4.3: at most 64 bytes. */
  userHandle: { min: 1, max: 64 },
}

const MAX_TRANSPORTS = 8
const transportShape = /^[a-z0-9-]{1,32}$/
const base64urlShape = new RegExp(`^${BASE64URL}$`)

/** Returns null if a required member is missing, too long, or not canonical base64url. */
export function readRegistration(credential: unknown) {
  const common = readCommon(credential)
  if (!common) return null
  const { response, ...ids } = common
  const clientDataJSON = decode(response.clientDataJSON, WEBAUTHN_LIMITS.clientDataJSON)
  const attestationObject = decode(response.attestationObject, WEBAUTHN_LIMITS.attestationObject)
  if (!clientDataJSON || !attestationObject) return null
  const transports = readTransports(response.transports)
  return { ...ids, clientDataJSON, attestationObject, transports }
}

/** Returns null if a required member is missing, too long, or not canonical base64url. */
export function readAssertion(credential: unknown) {
  const common = readCommon(credential)
  if (!common) return null
  const { response, ...ids } = common
  const clientDataJSON = decode(response.clientDataJSON, WEBAUTHN_LIMITS.clientDataJSON)
  const authenticatorData = decode(response.authenticatorData, WEBAUTHN_LIMITS.authenticatorData)
  const signature = decode(response.signature, WEBAUTHN_LIMITS.signature)
  const userHandle = readUserHandle(response.userHandle)
  if (!clientDataJSON || !authenticatorData || !signature || userHandle === undefined) return null
  return { ...ids, clientDataJSON, authenticatorData, signature, userHandle }
}

/**
 * The challenge that a registration or assertion answers, to be checked before anything is queried.
 * Null if the client data is malformed. Never throws.
 */
export function presentedChallenge(
  credential: RegistrationResponseJSON | AuthenticationResponseJSON,
): string | null {
  const response = readCommon(credential)?.response
  const bytes = decode(response?.clientDataJSON, WEBAUTHN_LIMITS.clientDataJSON)
  const challenge = bytes && readClientData(bytes)?.challenge
  return typeof challenge === 'string' ? challenge : null
}

function readCommon(credential: unknown) {
  if (!isRecord(credential) || !isRecord(credential.response)) return null
  const { id, rawId, type, response } = credential
  if (typeof id !== 'string' || !decode(id, WEBAUTHN_LIMITS.credentialId)) return null
  return type === 'public-key' ? { id, rawId, response } : null
}

/** Null if absent: some clients write `null` or an empty text. Undefined if malformed. */
function readUserHandle(userHandle: unknown): string | null | undefined {
  if (userHandle === undefined || userHandle === null || userHandle === '') return null
  if (typeof userHandle !== 'string') return undefined
  return decode(userHandle, WEBAUTHN_LIMITS.userHandle) ? userHandle : undefined
}

/** Values that are not known today are kept, as WebAuthn Level 3 §5.2.1 asks. */
function readTransports(transports: unknown): string[] {
  if (!Array.isArray(transports)) return []
  const wellFormed = transports
    .slice(0, MAX_TRANSPORTS)
    .filter((value) => typeof value === 'string' && transportShape.test(value))
  return [...new Set<string>(wellFormed)]
}

function decode(text: unknown, { min, max }: { min: number; max: number }): Bytes | null {
  if (typeof text !== 'string' || text.length > Math.ceil((max * 4) / 3)) return null
  if (!base64urlShape.test(text)) return null
  const bytes = new Uint8Array(base64url.decode(text))
  return bytes.length >= min ? bytes : null
}
