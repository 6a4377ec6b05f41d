// Stored passwords: their form, strict verification, and no exception for any input.
import { describe, expect, it } from 'vitest'
import {
  dummyHash,
  hashesComputed,
  hashPassword,
  needsRehash,
  verifyPassword,
} from '../../src/security/password'

const stored = hashPassword('correct horse')

describe('a stored password', () => {
  it('is an Argon2id PHC string of 19 MiB, 2 passes, 1 lane, 16-byte salt, 32-byte tag', () => {
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(hashPassword('correct horse')).not.toBe(stored)
  })

  it('verifies its own password only', () => {
    expect(verifyPassword('correct horse', stored)).toBe(true)
    for (const other of [
      '',
      'correct horse ',
      'Correct horse',
      'correct horse\0',
      'correct hors',
    ]) {
      expect(verifyPassword(other, stored)).toBe(false)
    }
  })

  it('is whole: what differs after NUL, after 72 bytes, after 1000 characters counts', () => {
    const long = 'é😀'.repeat(500)
    for (const password of ['12345678\0tail', 'x'.repeat(128), long]) {
      const phc = hashPassword(password)
      expect(verifyPassword(password, phc)).toBe(true)
      expect(verifyPassword(`${password}y`, phc)).toBe(false)
      expect(verifyPassword(password.slice(0, -1), phc)).toBe(false)
    }
  })

  it('is the same for both spellings of a letter (NFC), and only for those', () => {
    const phc = hashPassword('Cafe\u0301 Zoe\u0308')
    expect(verifyPassword('Caf\u00e9 Zo\u00eb', phc)).toBe(true)
    expect(verifyPassword('Cafe Zoe', phc)).toBe(false)
    expect(verifyPassword('\ufb01', hashPassword('fi'))).toBe(false) // NFKC would say yes
  })

  it('is never made of, nor matched by, ill-formed Unicode', () => {
    expect(() => hashPassword('lone \ud800 surrogate')).toThrow(TypeError)
    const phc = hashPassword('lone \ufffd surrogate')
    expect(verifyPassword('lone \ud800 surrogate', phc)).toBe(false)
    expect(verifyPassword('lone \ufffd surrogate', phc)).toBe(true)
  })

  it('is not to be confused with the dummy, which takes one hash and fits no password', () => {
    const before = hashesComputed()
    expect(verifyPassword('correct horse', dummyHash)).toBe(false)
    expect(verifyPassword('', dummyHash)).toBe(false)
    expect(hashesComputed() - before).toBe(2)
    expect(needsRehash(dummyHash)).toBe(false)
  })
})

describe('a hash of another system', () => {
  // made by the reference implementation (npm argon2)
  const foreign = [
    '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$3H89/uYPTdmIBoPLs7iTxBHY9JzpdqZQ3FyUPKtGq2Q',
    '$argon2id$v=19$m=65536,p=1,t=4$c2FsdHNhbHRzYWx0c2FsdA$KMjmBXYUlkFqARKPAeIrRQoz+ReltIQerA4sN9dxuLc',
    '$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA$3qOqAM2nKDacYMJ5ClZCOCLel6WitrxUAV2kNNlpSeQ',
    '$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$eHbushslEoTiOwMtlkCLDa5SzwKaHVQzFwKOFHgOCzo',
    '$argon2id$v=19$m=102,t=2,p=1$c2FsdHNhbHQ$OLzJW5y3K8qQzdlCXQ28zw',
    '$argon2id$v=19$m=4096,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0$rI2m9hdRldVS4+Gei/fTvaYLt0ZcyzQ+ed2KIvwlvSwtfaC/dJw57cLqafdCsQDtQLpFueHXsdBas26mqxyGyQ',
  ]
  it.each(foreign)('%s verifies, and only its own password does', (phc) => {
    expect(verifyPassword('päßword', phc)).toBe(true)
    expect(verifyPassword('passwort', phc)).toBe(false)
    expect(needsRehash(phc)).toBe(true)
    // The memory still works.
    expect(verifyPassword('correct horse', stored)).toBe(true)
  })

  it('is to be hashed again unless it has exactly our cost and lengths', () => {
    expect(needsRehash(stored)).toBe(false)
    for (const [from, to] of [
      ['m=19456', 'm=4096'],
      ['m=19456', 'm=65536'],
      ['t=2', 't=1'],
      ['p=1', 'p=4'],
      [/\$[^$]+$/, `$$${'A'.repeat(22)}`],
      [/\$[^$]+(\$[^$]+)$/, `$$${'A'.repeat(11)}$1`],
      [/.*/, 'junk'],
    ] as const) {
      expect(needsRehash(stored.replace(from, to)), String(to)).toBe(true)
    }
  })
})

describe('a malformed or immoderate stored hash', () => {
  const [head, salt, tag] = ['$argon2id$v=19$m=19456,t=2,p=1', 'A'.repeat(22), 'A'.repeat(43)]
  const refused = {
    'nothing at all': '',
    junk: 'junk',
    'a plain password': 'correct horse',
    bcrypt: '$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m',
    argon2i: `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${tag}`,
    argon2d: `$argon2d$v=19$m=19456,t=2,p=1$${salt}$${tag}`,
    'version 1.0': `$argon2id$v=16$m=19456,t=2,p=1$${salt}$${tag}`,
    'no version': `$argon2id$m=19456,t=2,p=1$${salt}$${tag}`,
    'more than 64 MiB': `$argon2id$v=19$m=65537,t=2,p=1$${salt}$${tag}`,
    '4 GiB': `$argon2id$v=19$m=4194304,t=2,p=1$${salt}$${tag}`,
    'a huge number': `$argon2id$v=19$m=${'9'.repeat(400)},t=2,p=1$${salt}$${tag}`,
    'more than 10 passes': `$argon2id$v=19$m=19456,t=11,p=1$${salt}$${tag}`,
    'more than 4 lanes': `$argon2id$v=19$m=19456,t=2,p=5$${salt}$${tag}`,
    'less than 8 blocks a lane': `$argon2id$v=19$m=31,t=2,p=4$${salt}$${tag}`,
    'no memory': `$argon2id$v=19$m=0,t=2,p=1$${salt}$${tag}`,
    'no pass': `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${tag}`,
    'no lane': `$argon2id$v=19$m=19456,t=2,p=0$${salt}$${tag}`,
    'a negative number': `$argon2id$v=19$m=-19456,t=2,p=1$${salt}$${tag}`,
    'a fraction': `$argon2id$v=19$m=19456.5,t=2,p=1$${salt}$${tag}`,
    'a leading zero': `$argon2id$v=19$m=019456,t=2,p=1$${salt}$${tag}`,
    'an exponent': `$argon2id$v=19$m=1e4,t=2,p=1$${salt}$${tag}`,
    'a parameter twice': `$argon2id$v=19$m=19456,t=2,t=2$${salt}$${tag}`,
    'a parameter more': `$argon2id$v=19$m=19456,t=2,p=1,x=1$${salt}$${tag}`,
    'a parameter less': `$argon2id$v=19$m=19456,t=2$${salt}$${tag}`,
    'a short salt': `${head}$${'A'.repeat(10)}$${tag}`,
    'a salt of 17 bytes': `${head}$${'A'.repeat(23)}$${tag}`,
    'a long salt': `${head}$${'A'.repeat(87)}$${tag}`,
    'no salt': `${head}$$${tag}`,
    'a short tag': `${head}$${salt}$${'A'.repeat(19)}`,
    'a tag of 31 bytes': `${head}$${salt}$${'A'.repeat(42)}`,
    'a tag cut by one character': `${head}$${salt}$${'A'.repeat(41)}`,
    'a long tag': `${head}$${salt}$${'A'.repeat(88)}`,
    'no tag': `${head}$${salt}$`,
    'another spelling of the same tag': `${head}$${salt}$${'A'.repeat(42)}B`,
    padding: `${head}$${salt}==$${tag}=`,
    base64url: `${head}$${salt}$${'-_'.repeat(21)}A`,
    'a line break': `${head}$${salt}$${tag}\n`,
    'something behind': `${head}$${salt}$${tag}$x`,
    'something before': ` ${head}$${salt}$${tag}`,
  }
  it.each(Object.entries(refused))(
    'is refused without a hash, and without an error: %s',
    (_, phc) => {
      const before = hashesComputed()
      expect(verifyPassword('correct horse', phc)).toBe(false)
      expect(hashesComputed()).toBe(before)
    },
  )
})
