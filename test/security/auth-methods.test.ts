import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ACR_VALUES,
  type Acr,
  type Amr,
  acrOf,
  amrOf,
  formatAmr,
  isAcr,
  isAmr,
  type Method,
  parseAmr,
  satisfies,
} from '../../src/security/auth-methods'

const METHODS: Method[] = ['pwd', 'fed', 'email', 'otp', 'recovery', 'swk', 'hwk']
const methods = fc.array(fc.constantFrom(...METHODS), { maxLength: 8 })

/** Every way to sign in or confirm, with its claims. */
const TABLE: [Method[], Amr[], Acr][] = [
  [['pwd'], ['pwd'], '1fa'],
  [['fed'], ['fed'], '1fa'],
  [['email'], ['email'], '1fa'],
  [['pwd', 'otp'], ['pwd', 'otp', 'mfa'], 'mfa'],
  [['pwd', 'recovery'], ['pwd', 'recovery', 'mfa'], 'mfa'],
  [['fed', 'otp'], ['fed', 'otp', 'mfa'], 'mfa'],
  [['email', 'recovery'], ['email', 'recovery', 'mfa'], 'mfa'],
  [['swk'], ['swk', 'user', 'mfa'], 'phr'],
  [['hwk'], ['hwk', 'user', 'mfa'], 'phr'],
  [['pwd', 'swk'], ['pwd', 'swk', 'user', 'mfa'], 'phr'],
  [['fed', 'hwk'], ['fed', 'hwk', 'user', 'mfa'], 'phr'],
]

describe('amrOf, acrOf', () => {
  it('give the claims of every way to sign in', () => {
    for (const [used, amr, acr] of TABLE) {
      expect(amrOf(used), used.join()).toEqual(amr)
      expect(acrOf(amr), used.join()).toBe(acr)
    }
  })

  it('count two methods of the same kind as one factor', () => {
    for (const used of [
      ['pwd', 'email'],
      ['pwd', 'fed'],
      ['otp', 'recovery'],
      ['otp'],
      [],
    ] as const)
      expect(acrOf(amrOf(used)), used.join()).toBe('1fa')
  })

  it('name each method once', () => {
    expect(amrOf(['pwd', 'pwd', 'otp', 'otp'])).toEqual(['pwd', 'otp', 'mfa'])
  })

  it('never lower the level when a method is added', () => {
    fc.assert(
      fc.property(methods, fc.constantFrom(...METHODS), (used, more) =>
        satisfies(acrOf(amrOf([...used, more])), acrOf(amrOf(used))),
      ),
    )
  })

  it('claim phishing resistance for passkeys alone', () => {
    fc.assert(
      fc.property(methods, (used) => {
        const usedPasskey = used.includes('swk') || used.includes('hwk')
        return (acrOf(amrOf(used)) === 'phr') === usedPasskey
      }),
    )
  })
})

describe('satisfies', () => {
  it('orders the levels 1fa < mfa < phr', () => {
    const table = ACR_VALUES.map((acr) => ACR_VALUES.map((required) => satisfies(acr, required)))
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ])
  })
})

describe('the stored text of amr', () => {
  it('is read back as it was written', () => {
    expect(formatAmr(['pwd', 'otp', 'mfa'])).toBe('pwd otp mfa')
    fc.assert(
      fc.property(methods, (used) => {
        const amr = amrOf(used)
        expect(parseAmr(formatAmr(amr))).toEqual(amr)
      }),
    )
  })

  it('gives only known values, whatever it holds', () => {
    expect(parseAmr('pwd sms mfa')).toEqual(['pwd', 'mfa'])
    for (const text of ['', ' ', 'PWD', 'constructor __proto__', 'pwdotp', 'pwd,otp'])
      expect(parseAmr(text), text).toEqual([])
    fc.assert(fc.property(fc.string(), (text) => parseAmr(text).every(isAmr)))
  })
})

it('isAmr and isAcr accept their values only', () => {
  expect([...METHODS, 'user', 'mfa'].every(isAmr)).toBe(true)
  expect(ACR_VALUES.every(isAcr)).toBe(true)
  for (const value of [undefined, null, 0, '', 'sms', 'phrh', ['pwd'], ['mfa'], {}, 'toString']) {
    expect([isAmr(value), isAcr(value)], String(value)).toEqual([false, false])
  }
})
