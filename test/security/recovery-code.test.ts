import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Base64url } from '../../src/security/digest'
import {
  canonicalRecoveryCode,
  generateRecoveryCodes,
  hashRecoveryCode,
} from '../../src/security/recovery-code'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE = '0189A-BCDEF-GHJKM-NPQRS-TVWXY'
const PLAIN = CODE.replaceAll('-', '')
const codes = fc
  .array(fc.constantFrom(...ALPHABET), { minLength: 25, maxLength: 25 })
  .map((characters) => characters.join(''))

describe('generateRecoveryCodes', () => {
  it('gives as many codes as asked, in five groups of five, with their hashes', async () => {
    const made = await generateRecoveryCodes(10)
    expect(made.codes).toHaveLength(10)
    expect(made.hashes).toHaveLength(10)
    for (const [index, code] of made.codes.entries()) {
      expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/)
      expect(made.hashes[index]).toBe(await hashRecoveryCode(code))
      expect(made.hashes[index]).toBe(await sha256Base64url(code.replaceAll('-', '')))
    }
  })

  it('never gives a code twice', async () => {
    const { codes, hashes } = await generateRecoveryCodes(1000)
    expect(new Set(codes).size).toBe(1000)
    expect(new Set(hashes).size).toBe(1000)
  })

  it('uses each of the 32 characters equally often, at each of the 25 places', async () => {
    const { codes } = await generateRecoveryCodes(6400)
    const plain = codes.map((code) => code.replaceAll('-', ''))
    const counts = new Map([...ALPHABET].map((character) => [character, 0]))
    for (const character of plain.join('')) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(32)
    // 160 000 characters, 5 000 of each expected, standard deviation 70: 6 deviations.
    for (const [character, count] of counts)
      expect(Math.abs(count - 5000), character).toBeLessThan(420)
    for (let place = 0; place < 25; place++)
      expect(new Set(plain.map((code) => code[place])).size, `place ${place}`).toBe(32)
  })
})

describe('hashRecoveryCode', () => {
  it('does not depend on case, spaces, dashes, or letters that look like digits', async () => {
    const expected = await hashRecoveryCode(CODE)
    expect(expected).toMatch(/^[\w-]{43}$/)
    const spellings = [
      PLAIN,
      CODE.toLowerCase(),
      `  ${CODE}\r\n`,
      CODE.replaceAll('-', ' '),
      CODE.replaceAll('-', '\u00a0'),
      CODE.replaceAll('-', ' – '),
      CODE.replaceAll('-', '\u2212'),
      [...PLAIN].join('-'),
      CODE.replace('0', 'O').replace('1', 'I'),
      CODE.replace('0', 'o').replace('1', 'l'),
      CODE.replace('1', 'L'),
      CODE.replace('1', 'i'),
    ]
    for (const text of spellings) expect(await hashRecoveryCode(text), text).toBe(expected)
  })

  it('is null for text that cannot be a code', async () => {
    const wrong = [
      '',
      ' ',
      '-----',
      '123456',
      PLAIN.slice(1),
      `${PLAIN}0`,
      PLAIN.replace('A', 'U'),
      PLAIN.replace('A', 'u'),
      PLAIN.replace('A', '_'),
      PLAIN.replace('A', '.'),
      PLAIN.replace('A', 'Ａ'),
      PLAIN.replace('1', '１'),
      PLAIN.replace('1', 'ı'), // dotless i, whose upper case is I
      PLAIN.replace('S', 'ſ'), // long s, whose upper case is S
      PLAIN.replace('K', '\u212a'), // the Kelvin sign, whose lower case is k
      PLAIN.replace('A', '\0'),
      PLAIN.replace('A', '\ud800'),
      `${PLAIN}\u200b`,
      '😀'.repeat(25),
      '0'.repeat(1_000_000),
      ' '.repeat(1_000_000),
    ]
    for (const text of wrong) expect(await hashRecoveryCode(text), text.slice(0, 40)).toBeNull()
  })

  it('tells every two codes apart', async () => {
    await fc.assert(
      fc.asyncProperty(codes, codes, async (one, other) => {
        const same = (await hashRecoveryCode(one)) === (await hashRecoveryCode(other))
        return same === (one === other)
      }),
    )
    for (let place = 0; place < 25; place++) {
      const changed = PLAIN.slice(0, place) + 'Z' + PLAIN.slice(place + 1)
      expect(await hashRecoveryCode(changed)).not.toBe(await hashRecoveryCode(PLAIN))
    }
  })

  it('reads back any code however it is separated, and never throws', async () => {
    const separator = fc.constantFrom('', ' ', '-', ' - ', '\t', '\u2010', '\u2014')
    await fc.assert(
      fc.asyncProperty(codes, fc.array(separator, { minLength: 25, maxLength: 25 }), (code, gaps) =>
        Promise.resolve(
          canonicalRecoveryCode([...code].map((c, i) => `${gaps[i]}${c}`).join('')) === code,
        ),
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (text) => {
        const hash = await hashRecoveryCode(text)
        return hash === null || hash.length === 43
      }),
    )
  })
})
