// A passkey authenticator and browser in software. Each answer is valid unless an option spoils it;
// an edited part is edited before it is signed, so the signature over it is valid.

import { base64url } from 'jose'
import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
} from '../../src/security/webauthn/webauthn-response'
import { type Encodable, encodeCbor, head } from './cbor'
import { ed25519Key, es256Key, rs256Key } from './cose'

type Bytes = Uint8Array<ArrayBuffer>
type Edit = (bytes: Uint8Array) => Uint8Array

export type Algorithm = -8 | -7 | -257

export interface AuthenticatorOptions {
  algorithm?: Algorithm
  rpId?: string
  origin?: string
  /** Backup-eligible and backed up, without a counter, like the passkeys of phones. */
  synced?: boolean
}

/** Options of registrations and assertions alike. */
export interface AnswerOptions {
  challenge: string
  origin?: string
  rpId?: string
  type?: string
  crossOrigin?: unknown
  topOrigin?: unknown
  /** More members of the client data, or other values of the usual ones. */
  clientData?: Record<string, unknown>
  userPresent?: boolean
  userVerified?: boolean
  backupEligible?: boolean
  backedUp?: boolean
  counter?: number
  extensions?: Encodable
  /** `id` and `rawId` of the JSON, which no signature covers. */
  id?: string
  rawId?: string
  editClientData?: Edit
  editAuthenticatorData?: Edit
}

export interface RegistrationOptions extends AnswerOptions {
  /** `user.id` of the options; returned as `userHandle` by later assertions. */
  userHandle: string
  coseKey?: Uint8Array
  /** Credential id inside the authenticator data. */
  credentialId?: Uint8Array
  aaguid?: Uint8Array
  format?: Encodable
  statement?: Encodable
  transports?: string[]
  editAttestationObject?: Edit
}

export interface AssertionOptions extends AnswerOptions {
  userHandle?: string | null
  editSignature?: Edit
}

const ORIGIN = 'https://gatepost.example'
const KEY_PARAMETERS = {
  [-8]: { name: 'Ed25519' },
  [-7]: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  [-257]: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
}
const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 }

const encoder = new TextEncoder()
const concat = (...parts: ArrayLike<number>[]): Bytes =>
  new Uint8Array(parts.flatMap((part) => Array.from(part)))
const sha256 = async (bytes: Uint8Array): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
/** An unsigned integer in a fixed number of bytes. */
const bigEndian = (number: number, width: number): number[] => head(0, number, width).slice(1)
const unedited: Edit = (bytes) => bytes

/** One passkey, made by `newPasskey`. */
export class SoftwarePasskey {
  readonly id: string
  counter = 0
  userHandle: string | null = null

  constructor(
    readonly credentialId: Bytes,
    readonly coseKey: Bytes,
    private readonly privateKey: CryptoKey,
    private readonly options: Required<AuthenticatorOptions>,
  ) {
    this.id = base64url.encode(credentialId)
  }

  async register(options: RegistrationOptions): Promise<RegistrationResponseJSON> {
    this.userHandle = options.userHandle
    const authData = await this.authenticatorData(options, this.attested(options))
    const object = encodeCbor(
      new Map<string, Encodable>([
        ['fmt', options.format ?? 'none'],
        ['attStmt', options.statement ?? new Map()],
        ['authData', authData],
      ]),
    )
    const { editAttestationObject = unedited } = options
    return {
      ...this.ids(options),
      response: {
        clientDataJSON: base64url.encode(this.clientData('webauthn.create', options)),
        attestationObject: base64url.encode(editAttestationObject(object)),
        transports: options.transports ?? ['internal', 'hybrid'],
      },
    }
  }

  async assert(options: AssertionOptions): Promise<AuthenticationResponseJSON> {
    if (!this.options.synced) this.counter += 1
    const clientData = this.clientData('webauthn.get', options)
    const authData = await this.authenticatorData(options, null)
    const signature = await this.sign(concat(authData, await sha256(clientData)))
    const { editSignature = unedited, userHandle = this.userHandle } = options
    return {
      ...this.ids(options),
      response: {
        clientDataJSON: base64url.encode(clientData),
        authenticatorData: base64url.encode(authData),
        signature: base64url.encode(editSignature(signature)),
        userHandle,
      },
    }
  }

  private ids({ id = this.id, rawId = id }: AnswerOptions) {
    return { id, rawId, type: 'public-key', clientExtensionResults: {} }
  }

  private clientData(type: string, options: AnswerOptions): Bytes {
    const { challenge, origin = this.options.origin, editClientData = unedited } = options
    const { crossOrigin = false, topOrigin } = options
    const usual = { type: options.type ?? type, challenge, origin, crossOrigin, topOrigin }
    const json = JSON.stringify({ ...usual, ...options.clientData })
    return concat(editClientData(encoder.encode(json)))
  }

  private async authenticatorData(options: AnswerOptions, attested: Bytes | null): Promise<Bytes> {
    const { rpId = this.options.rpId, counter = this.counter, extensions } = options
    const { synced } = this.options
    const flags =
      (options.userPresent === false ? 0 : FLAG.UP) |
      (options.userVerified === false ? 0 : FLAG.UV) |
      ((options.backupEligible ?? synced) ? FLAG.BE : 0) |
      ((options.backedUp ?? synced) ? FLAG.BS : 0) |
      (attested ? FLAG.AT : 0) |
      (extensions === undefined ? 0 : FLAG.ED)
    const data = concat(
      await sha256(encoder.encode(rpId)),
      [flags],
      bigEndian(counter, 4),
      attested ?? [],
      extensions === undefined ? [] : encodeCbor(extensions),
    )
    const { editAuthenticatorData = unedited } = options
    return concat(editAuthenticatorData(data))
  }

  private attested(options: RegistrationOptions): Bytes {
    const { credentialId = this.credentialId, coseKey = this.coseKey } = options
    const { aaguid = new Uint8Array(16) } = options
    return concat(aaguid, bigEndian(credentialId.length, 2), credentialId, coseKey)
  }

  private async sign(data: Bytes): Promise<Bytes> {
    const { algorithm } = this.options
    const parameters = KEY_PARAMETERS[algorithm]
    const signature = new Uint8Array(await crypto.subtle.sign(parameters, this.privateKey, data))
    return algorithm === -7 ? derOf(signature) : signature
  }
}

/** A new key pair with a random credential id; nothing is registered yet. */
export async function newPasskey(options: AuthenticatorOptions = {}): Promise<SoftwarePasskey> {
  const { algorithm = -7, origin = ORIGIN, synced = false } = options
  const { rpId = new URL(origin).hostname } = options
  const usages = ['sign', 'verify'] as const
  const pair = (await crypto.subtle.generateKey(KEY_PARAMETERS[algorithm], true, [
    ...usages,
  ])) as CryptoKeyPair
  const jwk = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
  const credentialId = crypto.getRandomValues(new Uint8Array(32))
  const settings = { algorithm, rpId, origin, synced }
  return new SoftwarePasskey(credentialId, coseKeyOf(algorithm, jwk), pair.privateKey, settings)
}

function coseKeyOf(algorithm: Algorithm, jwk: JsonWebKey): Bytes {
  const bytes = (text = '') => base64url.decode(text)
  switch (algorithm) {
    case -8:
      return ed25519Key(bytes(jwk.x))
    case -7:
      return es256Key(bytes(jwk.x), bytes(jwk.y))
    case -257:
      return rs256Key(bytes(jwk.n), bytes(jwk.e))
  }
}

/** DER of an ECDSA signature r ‖ s (RFC 3279 §2.2.3). */
export function derOf(signature: Uint8Array): Bytes {
  const half = signature.length / 2
  const body = concat(derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half)))
  return concat([0x30, body.length], body)
}

function derInteger(bytes: Uint8Array): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? new Uint8Array(1) : bytes.subarray(first)
  const padded = (digits[0] ?? 0) >= 0x80 ? concat([0], digits) : digits
  return concat([0x02, padded.length], padded)
}
