// COSE_Keys (RFC 9053 §7, RFC 8230 §4) of any parameters, valid or not.
import { type Encodable, encodeCbor } from './cbor'

export const coseKey = (...parameters: [label: number, value: Encodable][]) =>
  encodeCbor(new Map(parameters))

export const es256Key = (x: Uint8Array, y: Uint8Array) =>
  coseKey([1, 2], [3, -7], [-1, 1], [-2, x], [-3, y])

export const ed25519Key = (x: Uint8Array) => coseKey([1, 1], [3, -8], [-1, 6], [-2, x])

export const rs256Key = (n: Uint8Array, e: Uint8Array) =>
  coseKey([1, 3], [3, -257], [-1, n], [-2, e])
