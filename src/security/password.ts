// How passwords are hashed and checked: Argon2id in PHC strings, synchronously, on one kept
// instance. Nothing is awaited, so requests cannot meet in the memory; the isolate stands still
// meanwhile.
import { argon2id } from './argon2/own-kernel'
import { formatPhc, parsePhc } from './argon2/phc'

/**
 * OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane; RFC 9106: 128-bit salt, 256-bit
 * tag.
 */
const OURS = { m: 19_456, t: 2, p: 1 }
const SALT_LENGTH = 16
const TAG_LENGTH = 32

/**
 * A hash that no password is known for, with our cost: checking it for an unknown login takes the
 * same work as checking a real one. (A password with the all-zero tag cannot be computed.)
 */
export const dummyHash = formatPhc({
  ...OURS,
  salt: new Uint8Array(SALT_LENGTH),
  tag: new Uint8Array(TAG_LENGTH),
})

/**
 * A hash that no password is known for, for an account without a password. Checking it takes the
 * same work as checking a real one.
 */
export const unusablePasswordHash = (): string =>
  formatPhc({
    ...OURS,
    salt: crypto.getRandomValues(new Uint8Array(SALT_LENGTH)),
    tag: crypto.getRandomValues(new Uint8Array(TAG_LENGTH)),
  })

const utf8 = new TextEncoder()
let computed = 0

/** How many hashes this isolate has computed, for tests and benchmarks. */
export const hashesComputed = (): number => computed

/** NFC and nothing else: no trimming, no case, no cutting. [NIST SP 800-63B-4, 3.1.1.2] */
function tagOf(
  password: string,
  input: { m: number; t: number; p: number; salt: Uint8Array },
  tagLength: number,
) {
  computed++
  return argon2id({ ...input, password: utf8.encode(password.normalize('NFC')), tagLength })
}

/**
 * The PHC string to store for a password. The caller has refused ill-formed Unicode before: lone
 * surrogates all encode alike, so they throw TypeError here.
 */
export function hashPassword(password: string): string {
  if (!password.isWellFormed()) throw new TypeError('the password is not well-formed Unicode')
  const salt = crypto.getRandomValues(new Uint8Array(SALT_LENGTH))
  return formatPhc({ ...OURS, salt, tag: tagOf(password, { ...OURS, salt }, TAG_LENGTH) })
}

/**
 * Whether the password belongs to the stored hash. Never throws: what is malformed or out of bounds
 * fails, without a hash. Heavier hashes of other systems grow the kept memory once, to 64 MiB at
 * most.
 */
export function verifyPassword(password: string, phc: string): boolean {
  const stored = parsePhc(phc)
  if (!stored) return false
  try {
    const tag = tagOf(password, stored, stored.tag.length)
    return crypto.subtle.timingSafeEqual(tag, stored.tag) && password.isWellFormed()
  } catch {
    return false // no memory
  }
}

/**
 * Whether a hash that was just verified should be replaced: its cost, salt or tag is not what we
 * store today. Also heavier ones: an isolate has 128 MB, and every account should take the same
 * time.
 */
export function needsRehash(phc: string): boolean {
  const stored = parsePhc(phc)
  if (!stored) return true
  const { m, t, p, salt, tag } = stored
  const sameCost = m === OURS.m && t === OURS.t && p === OURS.p
  return !sameCost || salt.length < SALT_LENGTH || tag.length !== TAG_LENGTH
}
