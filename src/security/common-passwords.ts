// The first guesses of attackers: the 3 500 most common ones of at least 8 characters,
// exactly, without regard to case.
import { FRONT_CODED } from './common-passwords-list'

let known: ReadonlySet<string> | undefined

/**
 * Unpacks the front-coded list: each line is a count (`0` + n) of characters shared with the word
 * before, then the rest. Takes about 1 ms, once per isolate.
 */
function unpack(): ReadonlySet<string> {
  const words = new Set<string>()
  let word = ''
  for (const line of FRONT_CODED.split('\n')) {
    word = word.slice(0, line.charCodeAt(0) - 48) + line.slice(1)
    words.add(word)
  }
  return words
}

/** Whether a password is on the list (ASVS 6.2.4, NIST 800-63B-4 §3.1.1.2). */
export function isCommonPassword(password: string): boolean {
  known ??= unpack()
  return known.has(password.toLowerCase())
}
