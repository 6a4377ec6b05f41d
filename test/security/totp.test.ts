import fc from 'fast-check'
import * as OTPAuth from 'otpauth'
import { describe, expect, it, vi } from 'vitest'
import { generateRecoveryCodes } from '../../src/security/recovery-code'
import {
  encodeBase32,
  generateTotpSecret,
  normalizeCode,
  totpUri,
  verifyTotp,
} from '../../src/security/totp'

const RFC_SECRET = new TextEncoder().encode('12345678901234567890')
const PERIOD = 30
const seconds = (time: number) => new Date(time * 1000)
const startOf = (step: number) => seconds(step * PERIOD)

/** The code that the library computes for a step. */
const codeOf = (secret: Uint8Array, step: number) =>
  new OTPAuth.TOTP({ secret: new OTPAuth.Secret({ buffer: secret.slice().buffer }) }).generate({
    timestamp: step * PERIOD * 1000,
  })

const secrets = fc.uint8Array({ minLength: 20, maxLength: 20 })
/** Steps from 1970 to about the year 6000. */
const steps = fc.integer({ min: 2, max: 2 ** 32 + 2 ** 20 })

describe('verifyTotp', () => {
  it('accepts the values of RFC 4226 appendix D', async () => {
    const codes = ['755224', '287082', '359152', '969429', '338314']
    codes.push('254676', '287922', '162583', '399871', '520489')
    for (const [step, code] of codes.entries())
      expect(await verifyTotp(RFC_SECRET, code, startOf(step))).toBe(step)
  })

  it('accepts the SHA-1 values of RFC 6238 appendix B', async () => {
    const table: [time: number, code: string, step: number][] = [
      [59, '94287082', 0x1],
      [1111111109, '07081804', 0x23523ec],
      [1111111111, '14050471', 0x23523ed],
      [1234567890, '89005924', 0x273ef07],
      [2000000000, '69279037', 0x3f940aa],
      [20000000000, '65353130', 0x27bc86aa],
    ]
    for (const [time, code, step] of table) {
      // The RFC has 8 digits; the last 6 are the same number modulo 10⁶.
      expect(await verifyTotp(RFC_SECRET, code.slice(2), seconds(time))).toBe(step)
    }
  })

  it('agrees with otpauth on any secret and time', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, steps, fc.nat(PERIOD * 1000 - 1), async (secret, step, part) => {
        const now = new Date(step * PERIOD * 1000 + part)
        expect(await verifyTotp(secret, codeOf(secret, step), now)).toBe(step)
      }),
      { numRuns: 500 },
    )
  })

  it('gives the step of the code, one before or after the current one, and no other', async () => {
    const current = 59_000_000
    for (let offset = -4; offset <= 4; offset++) {
      const step = current + offset
      const expected = Math.abs(offset) <= 1 ? step : null
      for (const now of [startOf(current), new Date(startOf(current + 1).getTime() - 1)])
        expect(await verifyTotp(RFC_SECRET, codeOf(RFC_SECRET, step), now), `${offset}`).toBe(
          expected,
        )
    }
  })

  it('gives the latest step when two have the same code, so that storing it uses up both', async () => {
    for (const [earlier, later, code] of [
      [59_061_240, 59_061_241, '963181'],
      [58_261_606, 58_261_608, '905913'],
    ] as const) {
      expect(codeOf(RFC_SECRET, earlier)).toBe(code)
      expect(codeOf(RFC_SECRET, later)).toBe(code)
      expect(await verifyTotp(RFC_SECRET, code, startOf(later - 1))).toBe(later)
    }
  })

  it('computes and compares three codes, whichever matches', async () => {
    const sign = vi.spyOn(crypto.subtle, 'sign')
    const compare = vi.spyOn(crypto.subtle, 'timingSafeEqual')
    const current = 59_000_000
    const codes = [-1, 0, 1, 2].map((offset) => codeOf(RFC_SECRET, current + offset))
    for (const code of codes) {
      sign.mockClear()
      compare.mockClear()
      await verifyTotp(RFC_SECRET, code, startOf(current))
      expect([sign.mock.calls.length, compare.mock.calls.length]).toEqual([3, 3])
    }
    sign.mockRestore()
    compare.mockRestore()
  })

  it('refuses every wrong code', async () => {
    const now = startOf(59_000_000)
    const right = codeOf(RFC_SECRET, 59_000_000)
    const wrong = [
      '',
      right.slice(1),
      `${right}0`,
      ` ${right}`,
      `${right}\n`,
      `${right.slice(0, 3)} ${right.slice(3)}`,
      [...right].reverse().join(''),
      '١٢٣٤٥٦',
      '123456'.replace(/./g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
      'abcdef',
      '12345e',
      '-12345',
      '1e5   ',
      '\0'.repeat(6),
      '\ud800'.repeat(6),
      '0'.repeat(1_000_000),
    ]
    for (const code of wrong) expect(await verifyTotp(RFC_SECRET, code, now), code).toBeNull()
    const other = new TextEncoder().encode('abcdefghijklmnopqrst')
    expect(await verifyTotp(RFC_SECRET, codeOf(other, 59_000_000), now)).toBeNull()
  })

  it('accepts at most three of all codes', async () => {
    const accepted = []
    for (let number = 0; number < 20_000; number++) {
      const code = String(number).padStart(6, '0')
      if ((await verifyTotp(RFC_SECRET, code, startOf(59_000_000))) !== null) accepted.push(code)
    }
    const inRange = [-1, 0, 1]
      .map((offset) => codeOf(RFC_SECRET, 59_000_000 + offset))
      .filter((code) => Number(code) < 20_000)
    expect(accepted.sort()).toEqual(inRange.sort())
  })

  it('never throws', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, fc.string({ unit: 'binary' }), async (secret, text) => {
        const step = await verifyTotp(secret, text, startOf(59_000_000))
        return step === null || /^\d{6}$/.test(text)
      }),
    )
  })
})

describe('generateTotpSecret', () => {
  it('gives 160 random bits', () => {
    const made = Array.from({ length: 100 }, generateTotpSecret)
    for (const secret of made) expect(secret).toHaveLength(20)
    expect(new Set(made.map(encodeBase32)).size).toBe(100)
  })
})

describe('encodeBase32', () => {
  it('gives the values of RFC 4648 §10 without padding', () => {
    const table = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB' }
    for (const [text, expected] of Object.entries({ ...table, foobar: 'MZXW6YTBOI' }))
      expect(encodeBase32(new TextEncoder().encode(text)), text).toBe(expected)
  })

  it('is read back by otpauth', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(OTPAuth.Secret.fromBase32(encodeBase32(bytes)).bytes).toEqual(bytes)
      }),
    )
  })
})

describe('totpUri', () => {
  it('has the label, the secret in base32 and the parameters of RFC 6238', () => {
    const uri = totpUri({ issuer: 'Acme Co', account: 'ann@example.com', secret: RFC_SECRET })
    expect(uri).toBe(
      'otpauth://totp/Acme%20Co:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' +
        '&issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30',
    )
  })

  it('is read by otpauth as what it was made of, and its codes are accepted', async () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(name, name, secrets, steps, async (issuer, account, secret, step) => {
        const uri = totpUri({ issuer, account, secret })
        const read = OTPAuth.URI.parse(uri) as OTPAuth.TOTP
        expect(read).toBeInstanceOf(OTPAuth.TOTP)
        expect(read.issuer).toBe(issuer.replaceAll(':', '-'))
        expect(read.label).toBe(account.replaceAll(':', '-'))
        const code = read.generate({ timestamp: step * PERIOD * 1000 })
        expect(await verifyTotp(secret, code, startOf(step))).toBe(step)
      }),
      { numRuns: 300 },
    )
  })

  it('lets no name add a parameter or another issuer', () => {
    const hostile = 'a&secret=AAAA?issuer=x#y/../%41+"\'<>\n\0:\ud800é'
    const uri = totpUri({ issuer: hostile, account: hostile, secret: RFC_SECRET })
    const url = new URL(uri)
    expect(url.hash).toBe('')
    expect([...url.searchParams.keys()]).toEqual([
      'secret',
      'issuer',
      'algorithm',
      'digits',
      'period',
    ])
    expect(url.pathname.split('/').at(-1)?.split(':')).toHaveLength(2)
    expect(url.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    expect(url.searchParams.get('issuer')).toBe(
      hostile.replaceAll(':', '-').replace('\ud800', '\ufffd'),
    )
  })
})

describe('normalizeCode', () => {
  it('drops spaces and dashes and tells the kinds apart', async () => {
    for (const text of [
      '123456',
      '123 456',
      ' 123-456\n',
      '1 2 3 4 5 6',
      '123\u00a0456',
      '123–456',
    ])
      expect(normalizeCode(text), text).toEqual({ kind: 'totp', code: '123456' })
    const [code = ''] = (await generateRecoveryCodes(1)).codes
    const plain = code.replaceAll('-', '')
    for (const text of [code, plain, code.toLowerCase(), code.replaceAll('-', ' ')])
      expect(normalizeCode(text), text).toEqual({ kind: 'recovery', code: plain })
  })

  it('takes 25 digits for a recovery code', () => {
    const code = '0123456789012345678901234'
    expect(normalizeCode(code)).toEqual({ kind: 'recovery', code })
  })

  it('is null for text that cannot be a code', () => {
    const wrong = ['', ' ', '-', '12345', '1234567', '12345a', '１２３４５６', '123.456', '123,456']
    for (const text of [...wrong, '123456;', 'x'.repeat(24), '\u200b123456', '9'.repeat(100_000)])
      expect(normalizeCode(text), text.slice(0, 40)).toBeNull()
  })

  it('gives one spelling, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const read = normalizeCode(text)
        if (read) expect(normalizeCode(read.code)).toEqual(read)
      }),
    )
  })
})
