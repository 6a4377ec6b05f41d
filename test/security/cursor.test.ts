import { base64url } from 'jose'
import { beforeAll, expect, it } from 'vitest'
import { openCursor, sealCursor } from '../../src/security/cursor'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { flipSpareBit } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-cursor-tests-01234'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-cursor-tests-45678'
const open = (jwtSecret: string, jwtSecretPrevious: string | null = null) =>
  openKeyring({ jwtSecret, jwtSecretPrevious, signingKeys: null })

let keyring: Keyring
let cursor: string
beforeAll(async () => {
  keyring = await open(SECRET)
  cursor = await sealCursor(keyring, 'posts', [1_777_636_800_000, 42])
})

it('opens to what was sealed, for the same list', async () => {
  for (const value of [
    [],
    [42],
    [-1.5, 0],
    ['ann', 7],
    ['"]\\\u2028é😀\0', 1],
    [Number.MAX_SAFE_INTEGER],
  ]) {
    const text = await sealCursor(keyring, 'posts', value)
    expect(text).toMatch(/^[\w-]+$/)
    expect(await openCursor(keyring, 'posts', text)).toEqual(value)
  }
})

it('is rejected for another list or filter', async () => {
  for (const purpose of ['', 'post', 'posts ', 'posts author=7', 'admin/users', 'posts"[']) {
    expect(await openCursor(keyring, purpose, cursor), purpose).toBeNull()
  }
  const tricky = await sealCursor(keyring, 'a', ['b'])
  expect(await openCursor(keyring, 'a"["b"]', tricky)).toBeNull()
})

it('opens after a change of JWT_SECRET while the old one is known', async () => {
  expect(await openCursor(await open(OTHER_SECRET, SECRET), 'posts', cursor)).not.toBeNull()
  expect(await openCursor(await open(OTHER_SECRET), 'posts', cursor)).toBeNull()
})

it('is rejected when forged, altered or respelled', async () => {
  const sealed = base64url.decode(cursor)
  const json = new TextEncoder().encode('[1777636800000,41]')
  const moved = new Uint8Array([...sealed.subarray(0, 16), ...json])
  const padded = await sealCursor(keyring, 'posts', [1])
  const wrong: Record<string, string> = {
    empty: '',
    'a number': '42',
    'plain JSON': '[1777636800000,42]',
    'JSON without a MAC': base64url.encode(json),
    'another place under the same MAC': base64url.encode(moved),
    'a MAC of zeros': base64url.encode(new Uint8Array([...new Uint8Array(16), ...json])),
    'a MAC alone': base64url.encode(sealed.subarray(0, 16)),
    'a truncated cursor': cursor.slice(0, -4),
    'a longer cursor': `${cursor}AAAA`,
    'flipped spare bits': flipSpareBit(padded),
    padding: `${cursor}=`,
    'white space': ` ${cursor}`,
    'a line break': `${cursor}\n`,
    'standard base64': `+/${cursor.slice(2)}`,
    'ill-formed UTF-8': base64url.encode(new Uint8Array([...sealed.subarray(0, 16), 0xff])),
    'a byte order mark': base64url.encode(
      new Uint8Array([...sealed.subarray(0, 16), 0xef, 0xbb, 0xbf, ...sealed.subarray(16)]),
    ),
    'a megabyte': 'A'.repeat(1_000_000),
  }
  expect(padded.length % 4, 'has spare bits to flip').not.toBe(0)
  for (const [name, text] of Object.entries(wrong)) {
    expect(await openCursor(keyring, 'posts', text), name).toBeNull()
  }
})

it('refuses any single changed character', async () => {
  for (let at = 0; at < cursor.length; at++) {
    for (const character of ['A', '0', '_']) {
      const changed = cursor.slice(0, at) + character + cursor.slice(at + 1)
      if (changed === cursor) continue
      expect(await openCursor(keyring, 'posts', changed), changed).toBeNull()
    }
  }
})
