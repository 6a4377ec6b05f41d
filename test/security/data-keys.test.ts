import fc from 'fast-check'
import { base64url } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type DataKeys,
  open,
  openDataKeys,
  parseDataKeys,
  seal,
} from '../../src/security/data-keys'
import { flipSpareBit } from '../support/jwks'

const newKey = () => base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
const FIRST = newKey()
const SECOND = newKey()
const THIRD = newKey()
const CONTEXT = { purpose: 'totp', userId: 7 }
const SECRET = new TextEncoder().encode('12345678901234567890')
const bytesOf = (text: string) => new TextEncoder().encode(text)

const keysOf = (...secrets: string[]) => openDataKeys(parseDataKeys(secrets.join(',')))

let keys: DataKeys
let sealed: string
beforeAll(async () => {
  keys = await keysOf(FIRST, SECOND)
  sealed = await seal(keys, SECRET, CONTEXT)
})

describe('DATA_KEYS', () => {
  it('holds 1 to 8 keys of 32 bytes, separated by commas', () => {
    expect(parseDataKeys(FIRST)).toEqual([FIRST])
    expect(parseDataKeys(`${FIRST},${SECOND}`)).toEqual([FIRST, SECOND])
    expect(parseDataKeys(` ${FIRST} ,\n${SECOND}\n`)).toEqual([FIRST, SECOND])
    const eight = Array.from({ length: 8 }, newKey)
    expect(parseDataKeys(eight.join())).toEqual(eight)
  })

  it('refuses keys that are malformed, weak or double, naming the rule and no value', () => {
    const wrong: [string, RegExp][] = [
      ['', /^key 1 must be 32 bytes in base64url \(43 characters\)/],
      [',', /^key 1 must be 32 bytes/],
      [`${FIRST},`, /^key 2 must be 32 bytes/],
      [`${FIRST},,${SECOND}`, /^key 2 must be 32 bytes/],
      [`${FIRST} ${SECOND}`, /^key 1 must be 32 bytes/],
      [`${FIRST};${SECOND}`, /^key 1 must be 32 bytes/],
      [FIRST.slice(1), /^key 1 must be 32 bytes/],
      [`${FIRST}A`, /^key 1 must be 32 bytes/],
      [`${FIRST}=`, /^key 1 must be 32 bytes/],
      [flipSpareBit(FIRST), /^key 1 must be 32 bytes/],
      [`${FIRST.slice(0, 42)}+`, /^key 1 must be 32 bytes/],
      [base64url.encode(new Uint8Array(16).fill(7)), /^key 1 must be 32 bytes/],
      [JSON.stringify({ keys: [{ kty: 'oct', k: FIRST }] }), /^key 1 must be 32 bytes/],
      [`"${FIRST}"`, /^key 1 must be 32 bytes/],
      ['A'.repeat(43), /^key 1 is guessable/],
      [base64url.encode(new Uint8Array(32).fill(0x5a)), /^key 1 is guessable/],
      [`${FIRST},${'your-super-secret-data-key-change-this-nowA'}`, /^key 2 is guessable/],
      ['abcdefghijklmnopqrstuvwxyzabcdefghijklmnopw', /^key 1 is guessable/],
      [[FIRST, SECOND, FIRST].join(), /^must not hold a key twice$/],
      [Array(9).fill(FIRST).join(), /^must hold at most 8 keys$/],
    ]
    for (const [text, rule] of wrong) {
      const parse = () => parseDataKeys(text)
      expect(parse, text).toThrow(rule)
      expect(parse, text).not.toThrow(text.slice(0, 20) || 'never')
    }
  })

  it('accepts random keys', () => {
    for (let round = 0; round < 2000; round++) expect(() => parseDataKeys(newKey())).not.toThrow()
  })

  it('is imported once, to keys that cannot be exported', async () => {
    const secrets = parseDataKeys(FIRST)
    const imported = await openDataKeys(secrets)
    expect(await openDataKeys(secrets)).toBe(imported)
    expect(imported.current.key.extractable).toBe(false)
    await expect(openDataKeys([])).rejects.toThrow(RangeError)
  })

  it('names its keys by a value that only the key yields, and that is not its digest', async () => {
    const [one, same, other] = await Promise.all([FIRST, FIRST, SECOND].map((key) => keysOf(key)))
    expect(one?.current.kid).toMatch(/^[\w-]{11}$/)
    expect(one?.current.kid).toBe(same?.current.kid)
    expect(one?.current.kid).not.toBe(other?.current.kid)
    const digest = await crypto.subtle.digest('SHA-256', base64url.decode(FIRST))
    expect(base64url.encode(new Uint8Array(digest))).not.toContain(one?.current.kid)
  })
})

describe('a sealed value', () => {
  it('is kid.iv.ciphertext, and opens as what was sealed', async () => {
    const [kid, iv, ciphertext] = sealed.split('.') as [string, string, string]
    expect(kid).toBe(keys.current.kid)
    expect(base64url.decode(iv)).toHaveLength(12)
    expect(base64url.decode(ciphertext)).toHaveLength(20 + 16)
    expect(await open(keys, sealed, CONTEXT)).toEqual({ plaintext: SECRET, isCurrent: true })
  })

  it('opens as what was sealed, whatever the bytes and the place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeNat(),
        async (bytes, purpose, userId) => {
          const text = await seal(keys, bytes, { purpose, userId })
          expect(await open(keys, text, { purpose, userId })).toEqual({
            plaintext: bytes,
            isCurrent: true,
          })
        },
      ),
    )
  })

  it('is never the same twice, and never uses an IV twice', async () => {
    const texts = await Promise.all(Array.from({ length: 500 }, () => seal(keys, SECRET, CONTEXT)))
    expect(new Set(texts.map((text) => text.split('.')[1])).size).toBe(500)
  })

  it('does not open for another user or purpose', async () => {
    const others = [
      { purpose: 'totp', userId: 8 },
      { purpose: 'totp', userId: 77 },
      { purpose: 'totp ', userId: 7 },
      { purpose: 'TOTP', userId: 7 },
      { purpose: '', userId: 7 },
      { purpose: 'totp",7', userId: 7 },
    ]
    for (const other of others)
      expect(await open(keys, sealed, other), JSON.stringify(other)).toBeNull()
    const ofTotp7 = await seal(keys, SECRET, { purpose: 'totp7', userId: 7 })
    expect(await open(keys, ofTotp7, { purpose: 'totp', userId: 77 })).toBeNull()
  })

  it('opens while its key is among the keys, and is current only under the first', async () => {
    const bySecond = await seal(await keysOf(SECOND), SECRET, CONTEXT)
    expect(await open(await keysOf(SECOND, FIRST), bySecond, CONTEXT)).toMatchObject({
      isCurrent: true,
    })
    expect(await open(await keysOf(FIRST, SECOND), bySecond, CONTEXT)).toEqual({
      plaintext: SECRET,
      isCurrent: false,
    })
    expect(await open(await keysOf(FIRST, THIRD), bySecond, CONTEXT)).toBeNull()
  })

  it('stays readable in each step of a rotation, also by isolates one step behind or ahead', async () => {
    const steps = await Promise.all([keysOf(FIRST), keysOf(FIRST, SECOND), keysOf(SECOND, FIRST)])
    for (const [index, step] of steps.slice(0, -1).entries()) {
      const next = steps[index + 1] as DataKeys
      for (const [by, reader] of [
        [step, next],
        [next, step],
      ] as const)
        expect(await open(reader, await seal(by, SECRET, CONTEXT), CONTEXT)).not.toBeNull()
    }
    const renewed = await seal(steps[2] as DataKeys, SECRET, CONTEXT)
    expect(await open(await keysOf(SECOND), renewed, CONTEXT)).toMatchObject({ isCurrent: true })
  })

  it('does not open when changed, respelled or cut short', async () => {
    const [kid, iv, ciphertext] = sealed.split('.') as [string, string, string]
    const other = await seal(await keysOf(SECOND), SECRET, CONTEXT)
    const [otherKid, otherIv] = other.split('.') as [string, string]
    const wrong = {
      nothing: '',
      dots: '..',
      'another key’s name': `${otherKid}.${iv}.${ciphertext}`,
      'an unknown key’s name': `${(await keysOf(THIRD)).current.kid}.${iv}.${ciphertext}`,
      'another IV': `${kid}.${otherIv}.${ciphertext}`,
      'no IV': `${kid}..${ciphertext}`,
      'a tag alone': `${kid}.${iv}.${ciphertext.slice(-22)}`,
      'less than a tag': `${kid}.${iv}.AAAA`,
      'a short tag': `${kid}.${iv}.${ciphertext.slice(0, -4)}`,
      'spare bits of the name': `${flipSpareBit(kid)}.${iv}.${ciphertext}`,
      padding: `${sealed}=`,
      'a line break': `${sealed}\n`,
      'a space': ` ${sealed}`,
      'a fourth part': `${sealed}.AAAA`,
      'the plaintext': base64url.encode(SECRET),
      'names of Object.prototype': `__proto__AA.${iv}.${ciphertext}`,
      'a megabyte': 'A'.repeat(1_000_000),
    }
    for (const [name, text] of Object.entries(wrong))
      expect(await open(keys, text, CONTEXT), name).toBeNull()
    for (let length = 0; length < sealed.length; length++)
      expect(await open(keys, sealed.slice(0, length), CONTEXT), `${length}`).toBeNull()
  })

  it('does not open with any character changed, and any text is refused without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.length - 1),
        fc.constantFrom(...'AZaz09-_.= é'),
        async (place, character) => {
          const changed = sealed.slice(0, place) + character + sealed.slice(place + 1)
          const opened = await open(keys, changed, CONTEXT)
          expect(changed === sealed || opened === null, changed).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        async (text) => (await open(keys, text, CONTEXT)) === null,
      ),
    )
  })

  it('reveals only the length of the value', async () => {
    const text = await seal(keys, bytesOf('a secret of an app'), CONTEXT)
    const bytes = text.split('.').map((part) => new TextDecoder().decode(base64url.decode(part)))
    expect(bytes.join()).not.toContain('secret')
  })
})
