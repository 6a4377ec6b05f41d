// Argon2id (RFC 9106): everything around the filling of the memory, in the RFC's names. The fill
// itself is a WebAssembly module behind `Fill`, so that one can be checked against another.
import type { Blake2b } from './blake2b'

/** Cost of a hash: `m` KiB of memory, `t` passes over it, `p` lanes. */
export interface Cost {
  m: number
  t: number
  p: number
}

/** The input of Argon2id. `tagLength` in bytes. `secret` and `data` are the RFC's K and X. */
export interface Input extends Cost {
  password: Uint8Array
  salt: Uint8Array
  tagLength: number
  secret?: Uint8Array
  data?: Uint8Array
}

/**
 * Fills the memory (RFC 9106, 3.2, steps 3 to 7) and answers the final block C of 1024 bytes.
 * `first(lane, column)` is B[lane][column] for columns 0 and 1. Leaves nothing in the memory: an
 * attacker who reads all blocks can run the passes backwards, to blocks that cost one guess each.
 */
export type Fill = (cost: Cost, first: (lane: number, column: number) => Uint8Array) => Uint8Array

/** The tag of an input. Throws RangeError if the input is beyond what RFC 9106, 3.1 allows. */
export type Argon2id = (input: Input) => Uint8Array

const VERSION = 0x13
const TYPE_ID = 2
const NONE = new Uint8Array()

/** LE32 of RFC 9106, 3.2. */
function le32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

/** Argon2id over a BLAKE2b and a fill of the memory. */
export function argon2idOf(blake2b: Blake2b, fill: Fill): Argon2id {
  /**
   * H′, the hash of variable length (RFC 9106, 3.3): 64-byte digests; all but the last
   * contribute 32 bytes.
   */
  function hPrime(length: number, ...parts: Uint8Array[]): Uint8Array {
    if (length <= 64) return blake2b(length, le32(length), ...parts)
    const out = new Uint8Array(length)
    let v = blake2b(64, le32(length), ...parts)
    let at = 0
    while (length - at > 64) {
      out.set(v.subarray(0, 32), at)
      at += 32
      v = blake2b(Math.min(64, length - at), v)
    }
    out.set(v, at)
    return out
  }

  return ({ password, salt, m, t, p, tagLength, secret = NONE, data = NONE }) => {
    if (p < 1 || t < 1 || m < 8 * p || tagLength < 4) throw new RangeError('argon2id: out of range')
    const numbers = [p, tagLength, m, t, VERSION, TYPE_ID].map(le32)
    const strings = [password, salt, secret, data].flatMap((s) => [le32(s.length), s])
    const h0 = blake2b(64, ...numbers, ...strings)
    const c = fill({ m, t, p }, (lane, column) => hPrime(1024, h0, le32(column), le32(lane)))
    return hPrime(tagLength, c)
  }
}
