import { base64url } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CHALLENGE_MS,
  type ChallengePurpose,
  issueChallenge,
  readChallenge,
} from '../../src/security/challenge'
import { type Keyring, openKeyring } from '../../src/security/keyring'

const SECRET = 'Vq3x-first-secret-of-the-challenge-tests-01'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-challenge-tests-45'
const NOW = new Date('2026-05-01T12:00:00.123Z')
const open = (jwtSecret: string, jwtSecretPrevious: string | null = null) =>
  openKeyring({ jwtSecret, jwtSecretPrevious, signingKeys: null })
const later = (ms: number) => new Date(NOW.getTime() + ms)

let keyring: Keyring
let challenge: string
beforeAll(async () => {
  keyring = await open(SECRET)
  challenge = await issueChallenge(keyring, 'sign-in', NOW)
})

const PURPOSES: ChallengePurpose[] = [
  'sign-in',
  'register:7',
  'register:71',
  'confirm:7',
  'confirm:',
]

describe('readChallenge', () => {
  it.each(PURPOSES)('reads one for %s, and for no other purpose', async (purpose) => {
    const issued = await issueChallenge(keyring, purpose, NOW)
    expect(issued).toMatch(/^[\w-]{72}$/)
    for (const other of PURPOSES) {
      const read = await readChallenge(keyring, issued, other, NOW)
      expect(read !== null, other).toBe(other === purpose)
    }
  })

  it('returns the expiry, 5 minutes after the issue, and a hash of its own', async () => {
    const read = await readChallenge(keyring, challenge, 'sign-in', NOW)
    expect(read).toEqual({ expiresAt: later(300_000), hash: expect.stringMatching(/^[\w-]{43}$/) })
    const again = await readChallenge(keyring, challenge, 'sign-in', later(1000))
    expect(again).toEqual(read)
    const other = await issueChallenge(keyring, 'sign-in', NOW)
    expect((await readChallenge(keyring, other, 'sign-in', NOW))?.hash).not.toBe(read?.hash)
  })

  it('returns null from the expiry on', async () => {
    expect(
      await readChallenge(keyring, challenge, 'sign-in', later(CHALLENGE_MS - 1)),
    ).not.toBeNull()
    expect(await readChallenge(keyring, challenge, 'sign-in', later(CHALLENGE_MS))).toBeNull()
  })

  it('keeps times beyond 2^32 milliseconds and until the year 10889', async () => {
    for (const at of [0, 2 ** 32 - CHALLENGE_MS, 2 ** 48 - 1 - CHALLENGE_MS]) {
      const issued = await issueChallenge(keyring, 'sign-in', new Date(at))
      const read = await readChallenge(keyring, issued, 'sign-in', new Date(at))
      expect(read?.expiresAt).toEqual(new Date(at + CHALLENGE_MS))
    }
  })

  it('accepts the challenges of the previous JWT_SECRET', async () => {
    const rotated = await open(OTHER_SECRET, SECRET)
    expect(await readChallenge(rotated, challenge, 'sign-in', NOW)).not.toBeNull()
    expect(await readChallenge(await open(OTHER_SECRET), challenge, 'sign-in', NOW)).toBeNull()
    const fresh = await issueChallenge(rotated, 'sign-in', NOW)
    expect(await readChallenge(await open(OTHER_SECRET), fresh, 'sign-in', NOW)).not.toBeNull()
  })

  it('returns null for any changed character', async () => {
    for (let at = 0; at < challenge.length; at++) {
      for (const character of ['A', '0', '_']) {
        const changed = challenge.slice(0, at) + character + challenge.slice(at + 1)
        if (changed === challenge) continue
        expect(await readChallenge(keyring, changed, 'sign-in', NOW), changed).toBeNull()
      }
    }
  })

  it('returns null for another expiry under the same MAC', async () => {
    const bytes = base64url.decode(challenge)
    bytes[21] = (bytes[21] ?? 0) ^ 0xff
    expect(await readChallenge(keyring, base64url.encode(bytes), 'sign-in', NOW)).toBeNull()
  })

  it.each([
    ['nothing', ''],
    ['a character less', 'A'.repeat(71)],
    ['a character more', 'A'.repeat(73)],
    ['padding', `${'A'.repeat(71)}=`],
    ['standard base64', `${'A'.repeat(71)}+`],
    ['a line break', `${'A'.repeat(72)}\n`],
    ['zeros', 'A'.repeat(72)],
    ['a megabyte', 'A'.repeat(1_000_000)],
  ])('returns null for %s', async (_, text) => {
    expect(await readChallenge(keyring, text, 'sign-in', NOW)).toBeNull()
  })

  it('is random', async () => {
    const issued = await Promise.all(
      Array.from({ length: 50 }, () => issueChallenge(keyring, 'sign-in', NOW)),
    )
    expect(new Set(issued.map((text) => text.slice(0, 21))).size).toBe(50)
  })
})
