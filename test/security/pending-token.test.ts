import fc from 'fast-check'
import { base64url, decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import {
  issuePendingToken,
  PENDING_SECONDS,
  passwordFingerprint,
  readPendingToken,
} from '../../src/security/pending-token'
import { randomId } from '../../src/security/secret-token'
import { encodeJson, flipSpareBit, forge, hmac } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-pending-tests-0123'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-pending-tests-4567'
const NOW = new Date('2026-05-01T12:00:00.900Z')
const seconds = Math.floor(NOW.getTime() / 1000)
const PASSWORD_HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$dGFn'
const replaces = randomId()
const grant = {
  userId: 7,
  amr: ['pwd'] as const,
  clientId: 'first-party',
  scope: ['posts:write', 'account'],
  replaces: null,
  passwordHash: PASSWORD_HASH,
  now: NOW,
}
const open = (jwtSecret: string, jwtSecretPrevious: string | null = null) =>
  openKeyring({ jwtSecret, jwtSecretPrevious, signingKeys: null })

let keyring: Keyring
let token: string
let header: Record<string, unknown>
let claims: Record<string, unknown>
/** Signs as this service does, so that only the changed part can be the reason of a refusal. */
const sign = (input: Uint8Array) => crypto.subtle.sign('HMAC', keyring.pendingSignIn[0], input)

beforeAll(async () => {
  keyring = await open(SECRET)
  token = await issuePendingToken(keyring, grant)
  header = decodeProtectedHeader(token) as Record<string, unknown>
  claims = decodeJwt(token)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const at = (offset: number) => new Date((seconds + offset) * 1000)
const read = (text: string, now = NOW, keys = keyring) => readPendingToken(keys, text, now)

async function expectRefused(tokens: Record<string, string | Promise<string>>) {
  const fetch = vi.fn()
  vi.stubGlobal('fetch', fetch)
  for (const [name, text] of Object.entries(tokens)) expect(await read(await text), name).toBeNull()
  expect(fetch).not.toHaveBeenCalled()
}

describe('a pending token', () => {
  it('has exactly the header and claims of the design', async () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'pending+jwt' })
    expect(claims).toEqual({
      sub: '7',
      amr: ['pwd'],
      client_id: 'first-party',
      scope: 'posts:write account',
      iat: seconds,
      exp: seconds + 300,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      pwh: await passwordFingerprint(PASSWORD_HASH),
    })
    const replacing = await issuePendingToken(keyring, { ...grant, replaces })
    expect(decodeJwt(replacing)).toMatchObject({ replaces })
  })

  it('is read back as what was granted', async () => {
    const expected = {
      userId: 7,
      amr: ['pwd'],
      clientId: 'first-party',
      scope: ['posts:write', 'account'],
      replaces: null,
      jti: claims.jti,
      expiresAt: at(PENDING_SECONDS),
      passwordFingerprint: await passwordFingerprint(PASSWORD_HASH),
    }
    expect(await read(token)).toEqual(expected)
    const replacing = await issuePendingToken(keyring, { ...grant, replaces, scope: [] })
    expect(await read(replacing)).toMatchObject({ replaces, scope: [] })
  })

  it('is read back for any person, client, scope and password', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 50 }),
        fc.constantFrom(['pwd'] as const, ['fed'] as const, ['email'] as const),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
        fc.subarray(['posts:write', 'account', 'admin']),
        fc.string(),
        async (userId, amr, clientId, scope, passwordHash) => {
          const given = { ...grant, userId, amr, clientId, scope, passwordHash }
          const claims = await read(await issuePendingToken(keyring, given))
          expect(claims).toMatchObject({ userId, amr, clientId, scope })
          expect(claims?.passwordFingerprint).toBe(await passwordFingerprint(passwordHash))
        },
      ),
    )
  })

  it('is never the same twice', async () => {
    expect(await issuePendingToken(keyring, grant)).not.toBe(token)
  })

  it('lives for five minutes', async () => {
    for (const offset of [-5, 0, 1, 299]) expect(await read(token, at(offset))).not.toBeNull()
    for (const offset of [-86_400, -6, 300, 301, 1e9])
      expect(await read(token, at(offset)), `${offset} s`).toBeNull()
  })

  it('survives a change of JWT_SECRET while the old one is JWT_SECRET_PREVIOUS', async () => {
    expect(await read(token, NOW, await open(OTHER_SECRET, SECRET))).not.toBeNull()
    expect(await read(token, NOW, await open(OTHER_SECRET))).toBeNull()
  })

  it('names a password hash by 64 bits that depend on all of it', async () => {
    const fingerprint = await passwordFingerprint(PASSWORD_HASH)
    expect(base64url.decode(fingerprint)).toHaveLength(8)
    expect(await passwordFingerprint(PASSWORD_HASH)).toBe(fingerprint)
    for (const other of ['', `${PASSWORD_HASH} `, PASSWORD_HASH.replace('dGFn', 'dGFm')])
      expect(await passwordFingerprint(other)).not.toBe(fingerprint)
  })
})

describe('a forged pending token', () => {
  it('can be made by these tests: with nothing changed it is valid', async () => {
    expect(await read(await forge(header, claims, sign))).not.toBeNull()
    expect(await read(await forge({ typ: header.typ, alg: header.alg }, claims, sign))).toEqual(
      await read(token),
    )
  })

  it('is refused with another algorithm, key or signature', async () => {
    const alg = (name: unknown) => ({ ...header, alg: name })
    await expectRefused({
      'no signature': `${encodeJson(alg('none'))}.${encodeJson(claims)}.`,
      'none, with a signature': forge(alg('none'), claims, sign),
      'lower case': forge(alg('hs256'), claims, sign),
      HS384: forge(alg('HS384'), claims, sign),
      HS512: forge(alg('HS512'), claims, sign),
      ES256: forge(alg('ES256'), claims, sign),
      'alg as an array': forge(alg(['HS256']), claims, sign),
      'no alg': forge({ typ: header.typ }, claims, sign),
      'JWT_SECRET itself': forge(header, claims, hmac(SECRET)),
      'another secret': forge(header, claims, hmac(OTHER_SECRET)),
      'an empty secret': forge(header, claims, hmac(new Uint8Array(1))),
      'the key of refresh tokens': forge(header, claims, (input) =>
        crypto.subtle.sign('HMAC', keyring.refresh[0], input),
      ),
      'a signature of zeros': forge(header, claims, () => new ArrayBuffer(32)),
      'half a signature': forge(header, claims, async (input) => (await sign(input)).slice(0, 16)),
    })
  })

  it('is refused with another typ or more header members', async () => {
    const types = [undefined, null, '', 'JWT', 'at+jwt', 'PENDING+JWT', 'pending+jwt ', 'pending']
    for (const typ of [...types, 'application/pending+jwt', ['pending+jwt'], 1])
      await expectRefused({ [`typ ${typ}`]: forge({ ...header, typ }, claims, sign) })
    const more = { kid: keyring.signing.kid, jku: 'https://a.example', jwk: {}, crit: ['exp'] }
    for (const [member, value] of Object.entries({ ...more, b64: false, zip: 'DEF', cty: 'JWT' }))
      await expectRefused({ [member]: forge({ ...header, [member]: value }, claims, sign) })
    await expectRefused({
      'members by __proto__': forge('{"__proto__":{"alg":"HS256"},"typ":"pending+jwt"}', {}, sign),
    })
  })

  it('is refused when a claim is missing or of another type or value', async () => {
    const never = [undefined, null, true, [], {}, '']
    const time = [...never, String(seconds), -1, seconds + 0.5, 1e300, seconds * 1000, [seconds]]
    const wrong: Record<string, unknown[]> = {
      sub: [...never, 7, '0', '-7', '07', '7.0', ' 7', '7\n', 'ann', '9007199254740993', ['7']],
      amr: [...never, 'pwd', [''], [null], ['pwd', 7], ['sms'], [['pwd']], { 0: 'pwd', length: 1 }],
      client_id: [...never, 7, ['first-party']],
      scope: [undefined, null, true, [], {}, 7, ['account'], ' account', 'a  b', 'a\n', 'konto-ä'],
      replaces: [null, '', 7, 'short', `${replaces}A`, flipSpareBit(replaces), [replaces], {}],
      iat: [...time, seconds + 6, seconds + 300],
      exp: [...time, seconds, seconds - 1, 0, seconds + 306],
      jti: [...never, 7, 'short', 'x'.repeat(65), 'not an id at all, no', [randomId()]],
      pwh: [...never, 7, 'short', `${claims.pwh}A`, flipSpareBit(String(claims.pwh)), [claims.pwh]],
      nbf: [null, '0', seconds + 60],
    }
    for (const [claim, values] of Object.entries(wrong)) {
      for (const value of values) {
        const name = `${claim} ${JSON.stringify(value)}`
        await expectRefused({ [name]: forge(header, { ...claims, [claim]: value }, sign) })
      }
    }
  })

  it('is refused with numbers that JSON can spell and a clock cannot', async () => {
    const spelled = (claim: string, number: string) =>
      forge(header, JSON.stringify({ ...claims, [claim]: '#' }).replace('"#"', number), sign)
    for (const number of ['1e400', '-1e400', '1e20', `${seconds}.25`, '9007199254740993'])
      await expectRefused({
        [`exp ${number}`]: spelled('exp', number),
        [`iat ${number}`]: spelled('iat', number),
      })
  })

  it('is refused when header or payload is not an object', async () => {
    for (const text of ['', 'null', '7', '[]', '"x"', '{', '{}', '\ufeff{}', '[[[['.repeat(300)])
      await expectRefused({
        [`payload ${text.slice(0, 20)}`]: forge(header, text, sign),
        [`header ${text.slice(0, 20)}`]: forge(text, claims, sign),
      })
  })
})

describe('a respelled or damaged pending token', () => {
  it('is refused, though it may decode to the same bytes', async () => {
    const [h, p, s] = token.split('.') as [string, string, string]
    await expectRefused({
      'spare bits of the signature': `${h}.${p}.${flipSpareBit(s)}`,
      padding: `${token}=`,
      'a space before': ` ${token}`,
      'a line break after': `${token}\n`,
      'a NUL after': `${token}\0`,
      'a fourth part': `${token}.${s}`,
      'two tokens': `${token},${token}`,
      'full-width letters': token.replace('e', 'ｅ'),
      nothing: '',
      dots: '..',
      'too long, though signed': forge(header, { ...claims, more: 'x'.repeat(4096) }, sign),
      'a megabyte of parts': 'AA.'.repeat(333_333),
    })
  })

  it('is refused cut short anywhere', async () => {
    for (let length = 0; length < token.length; length++)
      expect(await read(token.slice(0, length)), `${length} characters`).toBeNull()
  })

  it('is refused with any character changed, and any text is refused without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...'AZaz09-_.= é'),
        async (place, character) => {
          const changed = token.slice(0, place) + character + token.slice(place + 1)
          expect(changed === token || (await read(changed)) === null, changed).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => (await read(text)) === null),
    )
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.json(), async (head, body) => {
        expect(await read(await forge(head, body, sign))).toBeNull()
        expect(await read(await forge(header, body, sign))).toBeNull()
      }),
    )
  })
})
