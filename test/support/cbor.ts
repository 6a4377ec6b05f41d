// A CBOR encoder for tests: definite lengths in their shortest form (RFC 8949 §4.2.1).

export type Encodable =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Encodable[]
  | Map<number | string, Encodable>

const encoder = new TextEncoder()

export function encodeCbor(value: Encodable): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytesOf(value))
}

function bytesOf(value: Encodable): number[] {
  if (value === false) return [0xf4]
  if (value === true) return [0xf5]
  if (value === null) return [0xf6]
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') {
    const utf8 = encoder.encode(value)
    return [...head(3, utf8.length), ...utf8]
  }
  if (value instanceof Uint8Array) return [...head(2, value.length), ...value]
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(bytesOf)]
  const entries = [...value].flatMap(([key, item]) => [...bytesOf(key), ...bytesOf(item)])
  return [...head(5, value.size), ...entries]
}

/** The initial byte of an item and its argument, in a given or the shortest width. */
export function head(major: number, argument: number, width = shortestWidth(argument)): number[] {
  if (width === 0) return [(major << 5) | argument]
  const bytes = Array.from(
    { length: width },
    (_, i) => Math.floor(argument / 256 ** (width - 1 - i)) % 256,
  )
  return [(major << 5) | (24 + Math.log2(width)), ...bytes]
}

function shortestWidth(argument: number): number {
  if (argument < 24) return 0
  return [1, 2, 4].find((width) => argument < 256 ** width) ?? 8
}
