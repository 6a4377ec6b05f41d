import { base64url } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { issueAccessToken } from '../../src/security/access-token'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { issueRefreshToken, readRefreshToken } from '../../src/security/refresh-token'
import { newSecretToken, randomId } from '../../src/security/secret-token'
import { parseSigningKeys } from '../../src/security/signing-keys'
import { flipSpareBit, hmac, jwkSet, newJwk } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-refresh-tests-0123'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-refresh-tests-4567'
const sessionId = randomId()
const otherSession = randomId()
const open = (jwtSecret: string, jwtSecretPrevious: string | null = null) =>
  openKeyring({ jwtSecret, jwtSecretPrevious, signingKeys: null })

let keyring: Keyring
let token: string
beforeAll(async () => {
  keyring = await open(SECRET)
  token = await issueRefreshToken(keyring, { sessionId, counter: 12 })
})

describe('refresh token', () => {
  it('says its session and counter', async () => {
    for (const counter of [0, 1, 12, 999_999_999_999_999]) {
      const issued = await issueRefreshToken(keyring, { sessionId, counter })
      expect(await readRefreshToken(keyring, issued)).toEqual({ sessionId, counter })
    }
  })

  it('is the same when it is issued again', async () => {
    expect(await issueRefreshToken(keyring, { sessionId, counter: 12 })).toBe(token)
  })

  it('survives a change of JWT_SECRET while the old one is JWT_SECRET_PREVIOUS', async () => {
    const during = await open(OTHER_SECRET, SECRET)
    const after = await open(OTHER_SECRET)
    expect(await readRefreshToken(during, token)).toEqual({ sessionId, counter: 12 })
    expect(await readRefreshToken(after, token)).toBeNull()
    const successor = await issueRefreshToken(during, { sessionId, counter: 13 })
    expect(await readRefreshToken(after, successor)).toEqual({ sessionId, counter: 13 })
  })

  it('survives SIGNING_KEYS coming and going', async () => {
    const signingKeys = parseSigningKeys(jwkSet(await newJwk('ES256')))
    const asymmetric = await openKeyring({
      jwtSecret: SECRET,
      jwtSecretPrevious: null,
      signingKeys,
    })
    expect(await readRefreshToken(asymmetric, token)).not.toBeNull()
    const issued = await issueRefreshToken(asymmetric, { sessionId, counter: 12 })
    expect(issued).toBe(token)
  })

  it('is refused when forged, altered, respelled, foreign or of another kind', async () => {
    const [, , mac] = token.split('.') as [string, string, string]
    const other = await issueRefreshToken(keyring, {
      sessionId: otherSession,
      counter: 12,
    })
    const text = new TextEncoder().encode(`${sessionId}.13`)
    const underPlainSecret = base64url.encode(new Uint8Array(await hmac(SECRET)(text)))
    const wrong: Record<string, string> = {
      empty: '',
      'dots only': '..',
      'another counter': `${sessionId}.13.${mac}`,
      'another session': `${otherSession}.12.${mac}`,
      "another token's MAC": `${sessionId}.12.${other.split('.')[2]}`,
      'no MAC': `${sessionId}.12.`,
      'a MAC under JWT_SECRET itself': `${sessionId}.13.${underPlainSecret}`,
      'a MAC of zeros': `${sessionId}.12.${'A'.repeat(43)}`,
      'a short MAC': token.slice(0, -1),
      'a long MAC': `${token}A`,
      'flipped spare bits of the MAC': flipSpareBit(token),
      'flipped spare bits of the session': `${flipSpareBit(sessionId)}.12.${mac}`,
      'a padded MAC': `${token}=`,
      'a fourth part': `${token}.x`,
      'a leading zero': `${sessionId}.012.${mac}`,
      'a signed counter': `${sessionId}.+12.${mac}`,
      'a negative counter': `${sessionId}.-12.${mac}`,
      'a decimal counter': `${sessionId}.12.0.${mac}`,
      'an exponent': `${sessionId}.12e0.${mac}`,
      'a hexadecimal counter': `${sessionId}.0xc.${mac}`,
      'a counter in other digits': `${sessionId}.１２.${mac}`,
      'an endless counter': `${sessionId}.${'9'.repeat(400)}.${mac}`,
      'white space before': ` ${token}`,
      'a line break after': `${token}\n`,
      'a NUL': `${token}\0`,
      'upper case': token.toUpperCase(),
      'an access token': await issueAccessToken(keyring, {
        issuer: 'https://gatepost.example',
        userId: 7,
        sessionId,
        clientId: 'first-party',
        scope: [],
        authentication: { time: new Date(), amr: ['pwd'] },
        now: new Date(),
        lifetimeSeconds: 900,
      }),
      'a mailed token': (await newSecretToken()).token,
      'a megabyte': 'x'.repeat(1_000_000),
    }
    for (const [name, text] of Object.entries(wrong)) {
      expect(await readRefreshToken(keyring, text), name).toBeNull()
    }
    expect(await readRefreshToken(await open(OTHER_SECRET), token)).toBeNull()
  })

  it('refuses any single changed character', async () => {
    for (let at = 0; at < token.length; at++) {
      for (const character of ['A', '0', '_']) {
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        if (changed === token) continue
        expect(await readRefreshToken(keyring, changed), changed).toBeNull()
      }
    }
  })
})
