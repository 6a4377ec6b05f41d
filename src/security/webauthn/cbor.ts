// CBOR (RFC 8949), as far as WebAuthn uses it: integers, byte and text strings, arrays, maps,
// false, true and null, all with definite lengths. Tags, floats and undefined are rejected: no
// authenticator data or attestation object holds them (CTAP 2.1 §8, "message encoding").

export type Bytes = Uint8Array<ArrayBuffer>

export type CborValue = number | string | boolean | null | Bytes | CborValue[] | CborMap
export type CborMap = Map<number | string, CborValue>

/** Levels of nested arrays and maps. CTAP 2.1 §8 allows 4; an attestation object adds some more. */
const MAX_DEPTH = 8

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class IllFormed extends Error {
  override name = 'IllFormed'
}

/**
 * Decodes the data item that starts at an offset.
 * @param options.shortest rejects lengths and integers that are not in their shortest form, as CTAP
 *   requires of authenticators (CTAP 2.1 §8).
 * @returns the value and the offset of the next byte; null if the item is not well-formed, repeats
 *   a map key, or uses a type that WebAuthn does not. Never throws.
 */
export function decodeCbor(
  bytes: Bytes,
  { offset = 0, shortest = false } = {},
): { value: CborValue; end: number } | null {
  const reader = new Reader(bytes, offset, shortest)
  try {
    const value = reader.item(0)
    return { value, end: reader.offset }
  } catch (error) {
    if (error instanceof IllFormed) return null
    throw error
  }
}

class Reader {
  constructor(
    private readonly bytes: Bytes,
    public offset: number,
    private readonly shortest: boolean,
  ) {}

  item(depth: number): CborValue {
    if (depth > MAX_DEPTH) throw new IllFormed()
    const initial = this.byte()
    const major = initial >> 5
    if (major === 7) return simple(initial)
    const argument = this.argument(initial & 0x1f)
    switch (major) {
      case 0:
        return argument
      case 1:
        return -1 - argument
      case 2:
        return this.take(argument).slice()
      case 3:
        return text(this.take(argument))
      case 4:
        return this.array(argument, depth)
      case 5:
        return this.map(argument, depth)
      default:
        throw new IllFormed() // a tag
    }
  }

  private byte(): number {
    const byte = this.bytes[this.offset]
    if (byte === undefined) throw new IllFormed()
    this.offset += 1
    return byte
  }

  private take(length: number): Bytes {
    const end = this.offset + length
    if (end > this.bytes.length) throw new IllFormed()
    const taken = this.bytes.subarray(this.offset, end)
    this.offset = end
    return taken
  }

  /** The integer or length of an item (RFC 8949 §3); indefinite lengths are rejected. */
  private argument(info: number): number {
    if (info < 24) return info
    if (info > 27) throw new IllFormed()
    const width = 2 ** (info - 24) // 1, 2, 4 or 8 bytes
    let argument = 0
    for (const byte of this.take(width)) argument = argument * 256 + byte
    if (!Number.isSafeInteger(argument)) throw new IllFormed()
    const smallest = width === 1 ? 24 : 256 ** (width / 2)
    if (this.shortest && argument < smallest) throw new IllFormed()
    return argument
  }

  private array(length: number, depth: number): CborValue[] {
    const items: CborValue[] = []
    for (let i = 0; i < length; i++) items.push(this.item(depth + 1))
    return items
  }

  private map(length: number, depth: number): CborMap {
    const map: CborMap = new Map()
    for (let i = 0; i < length; i++) {
      const key = this.item(depth + 1)
      if (typeof key !== 'number' && typeof key !== 'string') throw new IllFormed()
      if (map.has(key)) throw new IllFormed()
      map.set(key, this.item(depth + 1))
    }
    return map
  }
}

function simple(initial: number): boolean | null {
  if (initial === 0xf4) return false
  if (initial === 0xf5) return true
  if (initial === 0xf6) return null
  throw new IllFormed()
}

function text(bytes: Bytes): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new IllFormed() // ill-formed UTF-8
  }
}
