import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { importCoseKey, verifySignature } from '../../src/security/webauthn/cose-key'
import { isEd25519PublicKey } from '../../src/security/webauthn/ed25519-point'
import { derOf, newPasskey, type SoftwarePasskey } from '../support/authenticator'
import { byteEdits, editWith } from '../support/byte-edits'
import { encodeCbor } from '../support/cbor'
import { coseKey } from '../support/cose'

const fromHex = (hex: string) =>
  new Uint8Array((hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)))
const kindOf = async (key: Uint8Array<ArrayBuffer>) => (await importCoseKey(key)).kind

/** RFC 6979 appendix A.2.5. */
const P256 = {
  x: fromHex('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'),
  y: fromHex('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'),
}
const P256_PRIME = fromHex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff')
/** RFC 8032 section 7.1, tests 1, 2, 3, 1024 and SHA(abc). */
const ED25519 = [
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  '278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e',
  'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
]
/** All encodings of the points of order 1, 2, 4 and 8, with y below and above the prime. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

let passkeys: SoftwarePasskey[]
beforeAll(async () => {
  passkeys = await Promise.all(
    ([-7, -8, -257] as const).map((alg) => newPasskey({ algorithm: alg })),
  )
})

describe('importCoseKey', () => {
  it('imports generated keys and those of the RFCs', async () => {
    for (const passkey of passkeys) expect(await kindOf(passkey.coseKey)).toBe('imported')
    const { x, y } = P256
    expect(await kindOf(coseKey([1, 2], [3, -7], [-1, 1], [-2, x], [-3, y]))).toBe('imported')
    for (const hex of ED25519) {
      const key = coseKey([1, 1], [3, -8], [-1, 6], [-2, fromHex(hex)])
      expect(await kindOf(key), hex).toBe('imported')
    }
  })

  it.each([-35, -36, -37, -39, -258, -259, -65535, -19, -9, 8, 0])(
    'rejects algorithm %d as unsupported',
    async (algorithm) => {
      const { x, y } = P256
      const key = coseKey([1, 2], [3, algorithm], [-1, 1], [-2, x], [-3, y])
      expect(await kindOf(key)).toBe('unsupported-algorithm')
    },
  )

  const zeros = new Uint8Array(32)
  const ones = new Uint8Array(32).fill(0xff)
  const modulus = new Uint8Array(256).fill(0xff)
  const e = new Uint8Array([1, 0, 1])
  const { x, y } = P256
  const notX = x.with(31, (x.at(-1) ?? 0) ^ 1)
  const notY = y.with(31, (y.at(-1) ?? 0) ^ 1)
  const edwards = fromHex(ED25519[0] ?? '')
  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ['nothing', new Uint8Array()],
    ['no map', encodeCbor([1, 2])],
    [
      'bytes behind the map',
      new Uint8Array([...coseKey([1, 1], [3, -8], [-1, 6], [-2, edwards]), 0]),
    ],
    ['P-256 with another x', coseKey([1, 2], [3, -7], [-1, 1], [-2, notX], [-3, y])],
    ['P-256 with another y', coseKey([1, 2], [3, -7], [-1, 1], [-2, x], [-3, notY])],
    ['P-256 with coordinates swapped', coseKey([1, 2], [3, -7], [-1, 1], [-2, y], [-3, x])],
    ['P-256 with x and y of 0', coseKey([1, 2], [3, -7], [-1, 1], [-2, zeros], [-3, zeros])],
    [
      'P-256 with coordinates above the prime',
      coseKey([1, 2], [3, -7], [-1, 1], [-2, ones], [-3, y]),
    ],
    ['P-256 with x of the prime', coseKey([1, 2], [3, -7], [-1, 1], [-2, P256_PRIME], [-3, y])],
    ['P-256 with a short x', coseKey([1, 2], [3, -7], [-1, 1], [-2, x.slice(1)], [-3, y])],
    [
      'P-256 with a long y',
      coseKey([1, 2], [3, -7], [-1, 1], [-2, x], [-3, new Uint8Array([0, ...y])]),
    ],
    ['P-256 with a text as x', coseKey([1, 2], [3, -7], [-1, 1], [-2, 'x'.repeat(32)], [-3, y])],
    ['P-256 without y', coseKey([1, 2], [3, -7], [-1, 1], [-2, x])],
    ['P-384', coseKey([1, 2], [3, -7], [-1, 2], [-2, x], [-3, y])],
    ['another key type', coseKey([1, 1], [3, -7], [-1, 1], [-2, x], [-3, y])],
    ['an optional parameter', coseKey([1, 2], [3, -7], [-1, 1], [-2, x], [-3, y], [2, zeros])],
    ['X25519', coseKey([1, 1], [3, -8], [-1, 4], [-2, edwards])],
    ['Ed448', coseKey([1, 1], [3, -8], [-1, 7], [-2, new Uint8Array(57)])],
    ['Ed25519 as texts', coseKey([1, 'OKP'], [3, -8], [-1, 'Ed25519'], [-2, edwards])],
    ['Ed25519 of 31 bytes', coseKey([1, 1], [3, -8], [-1, 6], [-2, edwards.slice(1)])],
    [
      'Ed25519 of 33 bytes',
      coseKey([1, 1], [3, -8], [-1, 6], [-2, new Uint8Array([...edwards, 0])]),
    ],
    ['RSA of 2040 bits', coseKey([1, 3], [3, -257], [-1, modulus.slice(1)], [-2, e])],
    ['RSA of 2047 bits', coseKey([1, 3], [3, -257], [-1, modulus.with(0, 0x7f)], [-2, e])],
    ['RSA of 4104 bits', coseKey([1, 3], [3, -257], [-1, new Uint8Array(513).fill(255)], [-2, e])],
    [
      'RSA with a leading zero',
      coseKey([1, 3], [3, -257], [-1, new Uint8Array([0, ...modulus])], [-2, e]),
    ],
    [
      'RSA with an even modulus',
      coseKey([1, 3], [3, -257], [-1, modulus.with(255, 0xfe)], [-2, e]),
    ],
    ['RSA with exponent 1', coseKey([1, 3], [3, -257], [-1, modulus], [-2, new Uint8Array([1])])],
    ['RSA with exponent 3', coseKey([1, 3], [3, -257], [-1, modulus], [-2, new Uint8Array([3])])],
    [
      'RSA with a padded exponent',
      coseKey([1, 3], [3, -257], [-1, modulus], [-2, new Uint8Array([0, 1, 0, 1])]),
    ],
  ])('rejects %s as invalid', async (_, key) => {
    expect(await kindOf(key)).toBe('invalid-public-key')
  })

  it('imports no P-256 key of random coordinates', async () => {
    const coordinate = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const property = fc.asyncProperty(coordinate, coordinate, async (left, right) => {
      const key = coseKey([1, 2], [3, -7], [-1, 1], [-2, left], [-3, right])
      expect(await kindOf(key)).toBe('invalid-public-key')
    })
    await fc.assert(property, { numRuns: 500 })
  })

  it('never throws on edited keys', async () => {
    const property = fc.asyncProperty(fc.nat(2), byteEdits, async (index, edits) => {
      const key = new Uint8Array(editWith(edits)(passkeys[index]?.coseKey ?? new Uint8Array()))
      expect(await kindOf(key)).toMatch(/^(imported|unsupported-algorithm|invalid-public-key)$/)
    })
    await fc.assert(property, { numRuns: 2000 })
  })
})

describe('isEd25519PublicKey', () => {
  it.each(ED25519)('accepts %s of RFC 8032', (hex) => {
    expect(isEd25519PublicKey(fromHex(hex))).toBe(true)
  })

  it.each(SMALL_ORDER)('rejects %s, of small order', (hex) => {
    expect(isEd25519PublicKey(fromHex(hex))).toBe(false)
  })

  it('rejects lengths other than 32', () => {
    for (const length of [0, 1, 31, 33, 64]) {
      expect(isEd25519PublicKey(new Uint8Array(length).fill(0x58))).toBe(false)
    }
  })

  it('accepts about half of all texts: those whose x is a square', () => {
    const accepted = Array.from({ length: 400 }, () =>
      isEd25519PublicKey(crypto.getRandomValues(new Uint8Array(32))),
    ).filter(Boolean)
    expect(accepted.length).toBeGreaterThan(120)
    expect(accepted.length).toBeLessThan(280)
  })
})

describe('verifySignature', () => {
  const data = new Uint8Array([1, 2, 3])
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  let pair: CryptoKeyPair
  let raw: Uint8Array
  beforeAll(async () => {
    pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
    raw = new Uint8Array(await crypto.subtle.sign(algorithm, pair.privateKey, data))
  })
  const verifyDer = (der: Uint8Array) =>
    verifySignature({ algorithm: -7, key: pair.publicKey }, new Uint8Array(der), data)

  it('accepts the DER of many signatures, with short and with padded integers', async () => {
    for (let i = 0; i < 200; i++) {
      const signature = await crypto.subtle.sign(algorithm, pair.privateKey, data)
      expect(await verifyDer(derOf(new Uint8Array(signature)))).toBe(true)
    }
  })

  const integer = (...digits: number[]) => [0x02, digits.length, ...digits]
  const sequence = (...body: number[]) => new Uint8Array([0x30, body.length, ...body])
  it.each<[string, (r: number[], s: number[]) => Uint8Array]>([
    ['nothing', () => new Uint8Array()],
    ['an empty sequence', () => sequence()],
    ['r alone', (r) => sequence(...integer(...r))],
    ['the raw form of WebCrypto', (r, s) => new Uint8Array([...r, ...s])],
    ['bytes after s', (r, s) => sequence(...integer(...r), ...integer(...s), 0)],
    [
      'bytes after the sequence',
      (r, s) => new Uint8Array([...sequence(...integer(...r), ...integer(...s)), 0]),
    ],
    [
      'a length in two bytes',
      (r, s) =>
        new Uint8Array([0x30, 0x81, ...sequence(...integer(...r), ...integer(...s)).subarray(1)]),
    ],
    [
      'an indefinite length',
      (r, s) => new Uint8Array([0x30, 0x80, ...integer(...r), ...integer(...s), 0, 0]),
    ],
    ['a set', (r, s) => sequence(...integer(...r), ...integer(...s)).with(0, 0x31)],
    ['an octet string', (r, s) => sequence(...integer(...r), ...integer(...s)).with(2, 0x04)],
    ['r padded twice', (r, s) => sequence(...integer(0, 0, ...r), ...integer(...s))],
    ['an empty r', (_, s) => sequence(0x02, 0, ...integer(...s))],
    ['a negative r', (r, s) => sequence(...integer(0x80, ...r), ...integer(...s))],
    ['r of 0', (_, s) => sequence(...integer(0), ...integer(...s))],
    ['r and s of 0', () => sequence(...integer(0), ...integer(0))],
    [
      'r of 264 bits',
      (_, s) => sequence(...integer(1, ...new Array(32).fill(1)), ...integer(...s)),
    ],
    ['an r that runs over the end', (r) => sequence(0x02, 0x7f, ...r)],
  ])('rejects %s', async (_, make) => {
    const [r, s] = [Array.from(raw.subarray(0, 32)), Array.from(raw.subarray(32))]
    const positive = (digits: number[]) => ((digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits)
    expect(await verifyDer(make(positive(r), positive(s)))).toBe(false)
  })

  it('rejects an r without the padding it needs, and one with padding it does not need', async () => {
    const forms = new Set<string>()
    while (forms.size < 2) {
      const signature = await crypto.subtle.sign(algorithm, pair.privateKey, data)
      const [r, s] = [new Uint8Array(signature, 0, 32), new Uint8Array(signature, 32)]
      const needsPadding = (r[0] ?? 0) >= 0x80
      const der = derOf(new Uint8Array(signature))
      const integerOfS = der.subarray(4 + (der[3] ?? 0))
      expect(integerOfS.at(-1)).toBe(s.at(-1))
      expect(
        await verifyDer(sequence(...integer(...(needsPadding ? r : [0, ...r])), ...integerOfS)),
      ).toBe(false)
      forms.add(needsPadding ? 'unpadded' : 'padded')
    }
  })

  it('never throws, and accepts no edited signature', async () => {
    const property = fc.asyncProperty(byteEdits, async (edits) => {
      const der = derOf(raw)
      const edited = editWith(edits)(der)
      const isSame = edited.join() === der.join()
      expect(await verifyDer(edited)).toBe(isSame)
    })
    await fc.assert(property, { numRuns: 1000 })
  })
})
