import { base64url } from 'jose'
import { expect, it } from 'vitest'
import { sha1Hex, sha256, sha256Base64url } from '../../src/security/digest'

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

/** The examples of FIPS 180-4 that NIST publishes, and the empty text. */
const SHA_256: [string, string][] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
]

it('sha256 → the digests NIST publishes, as bytes and as base64url', async () => {
  for (const [text, expected] of SHA_256) {
    const bytes = await sha256(text)
    expect(hex(bytes)).toBe(expected)
    expect(await sha256Base64url(text)).toBe(base64url.encode(bytes))
  }
})

it('sha256 → the digest of the UTF-8 bytes', async () => {
  const bytes = new Uint8Array([0xc3, 0xa9]) // é
  const expected = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  expect(await sha256('é')).toEqual(expected)
  expect(await sha256(bytes)).toEqual(expected)
})

it('sha1Hex → the digests NIST publishes, in upper case with leading zeros', async () => {
  expect(await sha1Hex('abc')).toBe('A9993E364706816ABA3E25717850C26C9CD0D89D')
  expect(await sha1Hex('')).toBe('DA39A3EE5E6B4B0D3255BFEF95601890AFD80709')
  const digests = await Promise.all(Array.from({ length: 600 }, (_, i) => sha1Hex(String(i))))
  for (const digest of digests) expect(digest).toMatch(/^[0-9A-F]{40}$/)
  expect(digests.some((digest) => digest.startsWith('0'))).toBe(true)
})
