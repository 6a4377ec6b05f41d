import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCbor } from '../../src/security/webauthn/cbor'
import { byteEdits, editWith } from '../support/byte-edits'
import { type Encodable, encodeCbor, head } from '../support/cbor'

const fromHex = (hex: string) =>
  new Uint8Array((hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)))

/** Deeply nested arrays: `[[…0…]]`. */
const nested = (levels: number) => `${'81'.repeat(levels)}00`

/** RFC 8949 appendix A, and the bounds of each type. */
const READ: [string, unknown][] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['18ff', 255],
  ['190100', 256],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['20', -1],
  ['3863', -100],
  ['3903e7', -1000],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array()],
  ['4401020304', new Uint8Array([1, 2, 3, 4])],
  ['60', ''],
  ['6449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '𐅑'],
  ['63efbbbf', '\ufeff'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a0', new Map()],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    'a26161016162820203',
    new Map<string, unknown>([
      ['a', 1],
      ['b', [2, 3]],
    ]),
  ],
  [
    'a2012020f6',
    new Map<number, unknown>([
      [1, -1],
      [-1, null],
    ]),
  ],
  [nested(8), [[[[[[[[0]]]]]]]]],
]

const REJECTED: [string, string][] = [
  ['nothing', ''],
  ['an integer cut short', '1901'],
  ['an integer above 2^53 - 1', '1b0020000000000000'],
  ['a negative integer below -2^53', '3bffffffffffffffff'],
  ['a length of 28', '1c'],
  ['a length of 30', '1e'],
  ['an integer of indefinite length', '1f'],
  ['a byte string cut short', '4401'],
  ['a byte string of 4 GiB', '5affffffff'],
  ['a byte string of 2^53 bytes', '5b001fffffffffffff00'],
  ['a byte string of indefinite length', '5f42010243030405ff'],
  ['a text of indefinite length', '7f657374726561646d696e67ff'],
  ['an array of indefinite length', '9fff'],
  ['a map of indefinite length', 'bfff'],
  ['an array cut short', '8201'],
  ['an array of 2^32 - 1 items', '9affffffff'],
  ['a map without a value', 'a101'],
  ['a map of 2^32 - 1 members', 'baffffffff'],
  ['a map that repeats a number', 'a201000100'],
  ['a map that repeats a text', 'a2616100616100'],
  ['a map with a byte string as key', 'a1410100'],
  ['a map with an array as key', 'a18000'],
  ['a map with null as key', 'a1f600'],
  ['a tag', 'c074323031332d30332d32315432303a30343a30305a'],
  ['a big number', 'c249010000000000000000'],
  ['undefined', 'f7'],
  ['a simple value', 'f0'],
  ['a simple value in two bytes', 'f8ff'],
  ['half a float', 'f90000'],
  ['a float', 'fa47c35000'],
  ['a double', 'fb3ff199999999999a'],
  ['a break', 'ff'],
  ['9 levels', nested(9)],
  ['100,000 levels', nested(100_000)],
  ['ill-formed UTF-8: a lone continuation', '6180'],
  ['ill-formed UTF-8: a cut sequence', '61c3'],
  ['ill-formed UTF-8: overlong', '62c080'],
  ['ill-formed UTF-8: a surrogate', '63eda080'],
  ['ill-formed UTF-8 as key', 'a161ff00'],
]

const WIDER: [string, string][] = [
  ['17', '1817'],
  ['18ff', '1900ff'],
  ['19ffff', '1a0000ffff'],
  ['1affffffff', '1b00000000ffffffff'],
  ['20', '3800'],
  ['4101', '580101'],
  ['6161', '780161'],
  ['8100', '980100'],
  ['a10000', 'b8010000'],
]

describe('decodeCbor', () => {
  it.each(READ)('reads %s', (hex, value) => {
    const bytes = fromHex(hex)
    expect(decodeCbor(bytes)).toEqual({ value, end: bytes.length })
    expect(decodeCbor(bytes, { shortest: true })).toEqual({ value, end: bytes.length })
  })

  it.each(REJECTED)('rejects %s', (_, hex) => {
    expect(decodeCbor(fromHex(hex))).toBeNull()
  })

  it.each(WIDER)('reads %s in a wider form, %s, unless the shortest is required', (short, wide) => {
    const value = decodeCbor(fromHex(short), { shortest: true })?.value
    expect(value).toBeDefined()
    expect(decodeCbor(fromHex(wide))?.value).toEqual(value)
    expect(decodeCbor(fromHex(wide), { shortest: true })).toBeNull()
  })

  it('reads one item at an offset and tells where it ends', () => {
    const bytes = fromHex('ffff83010203ff')
    expect(decodeCbor(bytes, { offset: 2 })).toEqual({ value: [1, 2, 3], end: 6 })
    expect(decodeCbor(bytes, { offset: 7 })).toBeNull()
    expect(decodeCbor(bytes, { offset: 70 })).toBeNull()
  })

  it('copies byte strings', () => {
    const bytes = fromHex('4401020304')
    const value = decodeCbor(bytes)?.value
    bytes.fill(0)
    expect(value).toEqual(new Uint8Array([1, 2, 3, 4]))
  })

  const integer = fc.maxSafeInteger().filter((n) => n >= -(2 ** 53 - 1))
  const leaf = fc.oneof(
    integer,
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
  )
  const key = fc.oneof(fc.integer(), fc.string())
  const { item } = fc.letrec<{ item: Encodable }>((tie) => ({
    item: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      leaf,
      fc.array(tie('item'), { maxLength: 40 }),
      fc
        .uniqueArray(fc.tuple(key, tie('item')), { selector: ([name]) => name, maxLength: 40 })
        .map((members) => new Map(members)),
    ),
  }))

  it('reads what an encoder writes', () => {
    const property = fc.property(item, (value) => {
      const bytes = encodeCbor(value)
      expect(decodeCbor(bytes, { shortest: true })).toEqual({ value, end: bytes.length })
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('never throws, and never reads beyond the end', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(item, byteEdits).map(([value, edits]) => editWith(edits)(encodeCbor(value))),
    )
    const property = fc.property(bytes, (input) => {
      const decoded = decodeCbor(new Uint8Array(input))
      if (decoded) expect(decoded.end).toBeLessThanOrEqual(input.length)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('reads a large map in its size', () => {
    const members = Array.from({ length: 5000 }, (_, i): [number, number] => [i, i])
    const bytes = encodeCbor(new Map(members))
    expect(bytes.slice(0, 3)).toEqual(new Uint8Array(head(5, 5000)))
    expect(decodeCbor(bytes)?.value).toEqual(new Map(members))
  })
})
