// Recovery codes: a second factor for a person whose other factors are lost. A code has 125 random
// bits, so D1 stores its plain SHA-256; NIST SP 800-63B-4 §3.1.2.2 asks for a slow hash only below
// 112 bits.

import { sha256Base64url } from './digest'

/** Crockford's base32: digits and letters without I, L, O and U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUPS = 5
const GROUP_LENGTH = 5

const separators = /[\s\u2010-\u2015\u2212-]/g
const letters = /^[\dA-Za-z]{25}$/
const canonical = /^[\dA-HJKMNP-TV-Z]{25}$/

/**
 * New codes as `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`, to be shown once, and the hashes that D1 stores.
 */
export async function generateRecoveryCodes(
  count: number,
): Promise<{ codes: string[]; hashes: string[] }> {
  const codes = Array.from({ length: count }, newCode)
  const hashes = await Promise.all(codes.map((code) => sha256Base64url(withoutSeparators(code))))
  return { codes, hashes }
}

/**
 * The hash that D1 stores for a code, or null for text that cannot be a code. Case, spaces and
 * dashes do not matter; O counts as 0, I and L as 1 (Crockford).
 */
export async function hashRecoveryCode(text: string): Promise<string | null> {
  const code = canonicalRecoveryCode(text)
  return code && sha256Base64url(code)
}

/** The 25 characters of a code in its one spelling, or null for text that cannot be a code. */
export function canonicalRecoveryCode(text: string): string | null {
  const entered = withoutSeparators(text)
  // toUpperCase turns some letters outside ASCII into ASCII ones.
  if (!letters.test(entered)) return null
  const code = entered.toUpperCase().replaceAll('O', '0').replaceAll('I', '1').replaceAll('L', '1')
  return canonical.test(code) ? code : null
}

/** The text without spaces and dashes, also the typographic ones that keyboards insert. */
export const withoutSeparators = (text: string): string => text.replace(separators, '')

const newCode = () => Array.from({ length: GROUPS }, newGroup).join('-')

/** The alphabet has 32 characters and 256 is a multiple of 32, so each is equally likely. */
function newGroup(): string {
  const random = crypto.getRandomValues(new Uint8Array(GROUP_LENGTH))
  return Array.from(random, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
}
