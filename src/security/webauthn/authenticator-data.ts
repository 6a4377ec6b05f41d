// Authenticator data (WebAuthn Level 3 §6.1) and the attestation object around it (§6.5.4).

import { type Bytes, decodeCbor } from './cbor'

export interface AuthenticatorData {
  rpIdHash: Bytes
  userPresent: boolean
  userVerified: boolean
  /** The passkey may be synced to other devices. Fixed for its lifetime. */
  backupEligible: boolean
  /** The passkey is synced at present. */
  backedUp: boolean
  /** Signature counter; 0 if the authenticator has none. */
  counter: number
  /** Present in registrations only. */
  attested: AttestedCredential | null
}

export interface AttestedCredential {
  /** Model of the authenticator, as a UUID; all zero if it does not say. */
  aaguid: string
  id: Bytes
  /** COSE_Key, in the bytes of the authenticator. */
  publicKey: Bytes
}

const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 }
const HEADER_BYTES = 37 // RP ID hash, flags, counter
const ATTESTED_HEADER_BYTES = 18 // AAGUID, length of the id

/** Identifiers of the statement formats that WebAuthn Level 3 §8 defines for one authenticator. */
const FORMATS: readonly unknown[] = [
  'none',
  'packed',
  'tpm',
  'android-key',
  'android-safetynet',
  'fido-u2f',
  'apple',
]

/**
 * Extracts the authenticator data of an attestation object. The statement is not evaluated:
 * Gatepost asks for attestation `none`, and authenticators that attest themselves may still send
 * `packed` (WebAuthn Level 3 §5.1.3). With format `none` the statement must be empty (§8.7).
 * @returns null unless the object is one CBOR map of a known format, with no bytes after it.
 */
export function readAttestationObject(bytes: Bytes): Bytes | null {
  const decoded = decodeCbor(bytes)
  if (!decoded || decoded.end !== bytes.length || !(decoded.value instanceof Map)) return null
  const format = decoded.value.get('fmt')
  const statement = decoded.value.get('attStmt')
  const authData = decoded.value.get('authData')
  if (!FORMATS.includes(format) || !(statement instanceof Map)) return null
  if (format === 'none' && statement.size > 0) return null
  return authData instanceof Uint8Array ? authData : null
}

/** Returns null unless the bytes are well-formed authenticator data and nothing else. */
export function readAuthenticatorData(bytes: Bytes): AuthenticatorData | null {
  if (bytes.length < HEADER_BYTES) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint8(32)
  const attested = flags & FLAG.AT ? readAttestedCredential(bytes, view) : NOT_ATTESTED
  const end = attested && flags & FLAG.ED ? endOfExtensions(bytes, attested.end) : attested?.end
  if (!attested || end !== bytes.length) return null
  return {
    rpIdHash: bytes.slice(0, 32),
    userPresent: (flags & FLAG.UP) !== 0,
    userVerified: (flags & FLAG.UV) !== 0,
    backupEligible: (flags & FLAG.BE) !== 0,
    backedUp: (flags & FLAG.BS) !== 0,
    counter: view.getUint32(33),
    attested: attested.credential,
  }
}

const NOT_ATTESTED = { credential: null, end: HEADER_BYTES }

/** The attested credential (WebAuthn Level 3 §6.5.1) and the offset of the next byte. */
function readAttestedCredential(bytes: Bytes, view: DataView) {
  const idOffset = HEADER_BYTES + ATTESTED_HEADER_BYTES
  if (bytes.length < idOffset) return null
  const keyOffset = idOffset + view.getUint16(idOffset - 2)
  const key = decodeCbor(bytes, { offset: keyOffset, shortest: true })
  if (!key) return null
  const credential: AttestedCredential = {
    aaguid: uuid(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 16)),
    id: bytes.slice(idOffset, keyOffset),
    publicKey: bytes.slice(keyOffset, key.end),
  }
  return { credential, end: key.end }
}

/** Extension outputs must be one map. Gatepost requests none and reads none. */
function endOfExtensions(bytes: Bytes, offset: number): number | null {
  const decoded = decodeCbor(bytes, { offset, shortest: true })
  return decoded?.value instanceof Map ? decoded.end : null
}

function uuid(bytes: Bytes): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}
