import { base64url, decodeJwt, decodeProtectedHeader, exportJWK, exportSPKI, importJWK } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { issueAccessToken, readAccessToken } from '../../src/security/access-token'
import type { Amr } from '../../src/security/auth-methods'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { issueRefreshToken } from '../../src/security/refresh-token'
import { newSecretToken, randomId } from '../../src/security/secret-token'
import { parseSigningKeys } from '../../src/security/signing-keys'
import { encodeJson, flipSpareBit, forge, hmac, jwkSet, newJwk } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-token-tests-012345'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-token-tests-456789'
const issuer = 'https://gatepost.example'
const LIFETIME = 900
const NOW = new Date('2026-05-01T12:00:00.900Z')
const seconds = Math.floor(NOW.getTime() / 1000)
const sessionId = randomId()
const authentication = { time: new Date('2026-05-01T11:00:00.000Z'), amr: ['pwd'] as Amr[] }
const grant = {
  issuer,
  userId: 7,
  sessionId,
  clientId: 'first-party',
  scope: new Set(['posts:write', 'account']),
  authentication,
  now: NOW,
  lifetimeSeconds: LIFETIME,
}
const expected = { issuer, now: NOW, lifetimeSeconds: LIFETIME }
const sign = hmac(SECRET)

let keyring: Keyring
let token: string
let header: Record<string, unknown>
let claims: Record<string, unknown>

beforeAll(async () => {
  keyring = await openKeyring({ jwtSecret: SECRET, jwtSecretPrevious: null, signingKeys: null })
  token = await issueAccessToken(keyring, grant)
  header = decodeProtectedHeader(token) as Record<string, unknown>
  claims = decodeJwt(token)
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const kindOf = async (text: string, more: Partial<typeof expected> = {}, keys = keyring) =>
  (await readAccessToken(keys, text, { ...expected, ...more })) ? 'valid' : 'invalid'

/** Every token of the table is refused, none throws, and no key is requested over the network. */
async function expectRefused(tokens: Record<string, string | Promise<string>>, keys = keyring) {
  const fetch = vi.fn()
  vi.stubGlobal('fetch', fetch)
  for (const [name, text] of Object.entries(tokens)) {
    expect(await kindOf(await text, {}, keys), name).toBe('invalid')
  }
  expect(fetch).not.toHaveBeenCalled()
}

describe('an access token', () => {
  it('has exactly the header and claims of the contract', () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: keyring.signing.kid })
    expect(claims).toEqual({
      iss: issuer,
      aud: issuer,
      sub: '7',
      client_id: 'first-party',
      iat: seconds,
      exp: seconds + LIFETIME,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      sid: sessionId,
      scope: 'posts:write account',
      auth_time: authentication.time.getTime() / 1000,
      amr: ['pwd'],
      acr: '1fa',
    })
  })

  it('is read back as what was granted', async () => {
    expect(await readAccessToken(keyring, token, expected)).toEqual({
      userId: 7,
      sessionId,
      clientId: 'first-party',
      scope: ['posts:write', 'account'],
      authentication,
    })
    const bare = await issueAccessToken(keyring, { ...grant, scope: [] })
    expect(await readAccessToken(keyring, bare, expected)).toMatchObject({ scope: [] })
  })

  it('says when and how the person signed in (RFC 9068 §2.2.1)', async () => {
    const time = new Date('2026-05-01T11:00:00.000Z')
    for (const [amr, acr] of [
      [['pwd'], '1fa'],
      [['pwd', 'otp', 'mfa'], 'mfa'],
      [['swk', 'user', 'mfa'], 'phr'],
    ] as [Amr[], string][]) {
      const authentication = { time, amr }
      const issued = await issueAccessToken(keyring, { ...grant, authentication })
      expect(decodeJwt(issued)).toEqual({
        ...claims,
        jti: expect.any(String),
        auth_time: time.getTime() / 1000,
        amr,
        acr,
      })
      expect(await readAccessToken(keyring, issued, expected)).toMatchObject({ authentication })
    }
  })

  it('is never the same twice', async () => {
    expect(await issueAccessToken(keyring, grant)).not.toBe(token)
  })

  it('lives from a moment before its issue until its lifetime is over', async () => {
    const at = (offset: number) => ({ now: new Date((seconds + offset) * 1000) })
    for (const offset of [-5, 0, 1, LIFETIME - 1]) {
      expect(await kindOf(token, at(offset)), `${offset} s`).toBe('valid')
    }
    for (const offset of [-86_400, -6, LIFETIME, LIFETIME + 1, 1e9]) {
      expect(await kindOf(token, at(offset)), `${offset} s`).toBe('invalid')
    }
  })

  it('is refused once the setting allows no such lifetime any more', async () => {
    expect(await kindOf(token, { lifetimeSeconds: LIFETIME - 60 })).toBe('invalid')
  })

  it('is refused by a service of another origin', async () => {
    for (const other of ['https://other.example', `${issuer}/`, 'https://GATEPOST.example', '']) {
      expect(await kindOf(token, { issuer: other }), other).toBe('invalid')
    }
  })
})

describe('an access token that was verified before', () => {
  const keysOf = (jwtSecret: string) =>
    openKeyring({ jwtSecret, jwtSecretPrevious: null, signingKeys: null })

  it('is verified once, and its claims are checked each time', async () => {
    const keys = await keysOf(SECRET)
    const text = await issueAccessToken(keys, grant)
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const claimsRead = await readAccessToken(keys, text, expected)
    expect(await readAccessToken(keys, text, expected)).toEqual(claimsRead)
    expect(verify).toHaveBeenCalledTimes(1)
    const end = NOW.getTime() + LIFETIME * 1000
    expect(await kindOf(text, { now: new Date(end) }, keys)).toBe('invalid')
    expect(await kindOf(text, { lifetimeSeconds: LIFETIME - 60 }, keys)).toBe('invalid')
    expect(await kindOf(text, { issuer: 'https://other.example' }, keys)).toBe('invalid')
    expect(await kindOf(text, {}, keys)).toBe('valid')
    expect(verify).toHaveBeenCalledTimes(1)
    verify.mockRestore()
  })

  it('is refused by other keys, and with another signature', async () => {
    const keys = await keysOf(SECRET)
    const text = await issueAccessToken(keys, grant)
    expect(await kindOf(text, {}, keys)).toBe('valid')
    expect(await kindOf(text, {}, await keysOf(OTHER_SECRET))).toBe('invalid')
    const [head, body, signature = ''] = text.split('.')
    const other = signature.startsWith('A') ? 'B' : 'A'
    expect(await kindOf(`${head}.${body}.${other}${signature.slice(1)}`, {}, keys)).toBe('invalid')
  })

  it('is forgotten after 256 others', async () => {
    const keys = await keysOf(SECRET)
    const first = await issueAccessToken(keys, grant)
    expect(await kindOf(first, {}, keys)).toBe('valid')
    for (let other = 0; other < 256; other++)
      expect(await kindOf(await issueAccessToken(keys, grant), {}, keys)).toBe('valid')
    const verify = vi.spyOn(crypto.subtle, 'verify')
    expect(await kindOf(first, {}, keys)).toBe('valid')
    expect(verify).toHaveBeenCalledTimes(1)
    verify.mockRestore()
  })
})

describe('a forged access token', () => {
  it('can be made by these tests: with nothing changed it is valid', async () => {
    expect(await kindOf(await forge(header, claims, sign))).toBe('valid')
    const { alg, typ, kid } = header
    expect(await kindOf(await forge({ kid, typ, alg }, claims, sign))).toBe('valid')
  })

  it('is refused with another algorithm or signature', async () => {
    const unsigned = () => new ArrayBuffer(0)
    const none = (alg: unknown) => ({ ...header, alg })
    await expectRefused({
      'no signature': `${encodeJson(none('none'))}.${encodeJson(claims)}.`,
      'none, with a signature': forge(none('none'), claims, sign),
      None: forge(none('None'), claims, sign),
      'none, unsigned': forge(none('none'), claims, unsigned),
      'HS256, unsigned': forge(header, claims, unsigned),
      'lower case': forge(none('hs256'), claims, sign),
      HS384: forge(none('HS384'), claims, hmac(SECRET, 'SHA-384')),
      HS512: forge(none('HS512'), claims, hmac(SECRET, 'SHA-512')),
      ES256: forge(none('ES256'), claims, sign),
      'no alg': forge({ typ: 'at+jwt', kid: header.kid }, claims, sign),
      'alg as an array': forge(none(['HS256']), claims, sign),
      'alg null': forge(none(null), claims, sign),
      'another secret': forge(header, claims, hmac(OTHER_SECRET)),
      'an empty secret': forge(header, claims, hmac(new Uint8Array(1))),
      'a signature of zeros': forge(header, claims, () => new ArrayBuffer(32)),
      'half a signature': forge(header, claims, async (text) => (await sign(text)).slice(0, 16)),
    })
  })

  it('is refused when a public key is used as the HS256 secret', async () => {
    for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
      const jwk = await newJwk(alg)
      const keys = await openKeyring({
        jwtSecret: SECRET,
        jwtSecretPrevious: null,
        signingKeys: parseSigningKeys(jwkSet(jwk)),
      })
      const { kid, key } = [...keys.verification].map(([kid, { key }]) => ({ kid, key }))[0] as {
        kid: string
        key: CryptoKey
      }
      expect(await kindOf(await issueAccessToken(keys, grant), {}, keys)).toBe('valid')
      const publicJwk = keys.publicJwks.keys[0]
      const bare = await exportJWK(key)
      const pem = await exportSPKI((await importJWK(bare, alg, { extractable: true })) as CryptoKey)
      const secrets: Record<string, string> = {
        'the PEM': pem,
        'the PEM without its last line break': pem.trim(),
        'the JWK': JSON.stringify(bare),
        'the published JWK': JSON.stringify(publicJwk),
        x: publicJwk?.x ?? publicJwk?.n ?? '',
        JWT_SECRET: SECRET,
      }
      for (const [name, secret] of Object.entries(secrets)) {
        await expectRefused(
          {
            [`HS256 with ${name}`]: forge({ ...header, kid }, claims, hmac(secret)),
            [`HS256 with ${name}, without kid`]: forge(
              { alg: 'HS256', typ: 'at+jwt' },
              claims,
              hmac(secret),
            ),
            [`${alg} in name, HMAC in truth`]: forge({ ...header, alg, kid }, claims, hmac(secret)),
          },
          keys,
        )
      }
      await expectRefused({ 'a token of the time before SIGNING_KEYS': token }, keys)
    }
  })

  it('is refused when it names or brings its own key', async () => {
    const attacker = await newJwk('ES256')
    const { d: _, ...jwk } = attacker
    const key = (await importJWK({ ...attacker, kty: 'EC' }, 'ES256')) as CryptoKey
    const own = (text: Uint8Array) =>
      crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, text)
    const kids: unknown[] = [
      undefined,
      null,
      0,
      '',
      ' ',
      `${header.kid} `,
      'unknown',
      [header.kid],
      { kid: header.kid },
      '../../../../dev/null',
      "' OR 1=1 --",
      '__proto__',
      'constructor',
      'x'.repeat(1000),
    ]
    for (const kid of kids) {
      const name = `kid ${JSON.stringify(kid)}`
      await expectRefused({
        [name]: forge({ ...header, kid }, claims, sign),
        [`${name}, empty secret`]: forge({ ...header, kid }, claims, hmac(new Uint8Array(1))),
      })
    }
    const url = 'https://attacker.example/keys.json'
    const more: Record<string, unknown> = {
      jku: url,
      jwk,
      x5u: url,
      x5c: ['MIIB'],
      x5t: 'AAAA',
      'x5t#S256': 'AAAA',
      crit: ['exp'],
      b64: false,
      cty: 'JWT',
      zip: 'DEF',
      enc: 'A256GCM',
      apu: 'x',
      foo: 'bar',
      nonce: 1,
    }
    for (const [member, value] of Object.entries(more)) {
      await expectRefused({
        [`${member}, signed by our key`]: forge({ ...header, [member]: value }, claims, sign),
        [`${member}, signed by another`]: forge(
          { ...header, alg: 'ES256', [member]: value },
          claims,
          own,
        ),
      })
    }
    const { alg, kid } = header
    await expectRefused({
      'crit without members': forge({ ...header, crit: [] }, claims, sign),
      'crit b64': forge({ ...header, crit: ['b64'], b64: true }, claims, sign),
      '__proto__ as a member': forge(
        `{"alg":"${alg}","typ":"at+jwt","kid":"${kid}","__proto__":{"alg":"none"}}`,
        claims,
        sign,
      ),
      'header members by __proto__': forge(
        `{"__proto__":{"alg":"${alg}"},"typ":"at+jwt","kid":"${kid}"}`,
        claims,
        sign,
      ),
    })
  })

  it('is refused with another typ', async () => {
    const types = [
      undefined,
      null,
      '',
      'JWT',
      'jwt',
      'at+JWT',
      'AT+JWT',
      'application/at+jwt',
      'at+jwt ',
      'at',
      'rt+jwt',
      'id+jwt',
      'secevent+jwt',
      ['at+jwt'],
      1,
      true,
    ]
    for (const typ of types) {
      await expectRefused({
        [`typ ${JSON.stringify(typ)}`]: forge({ ...header, typ }, claims, sign),
      })
    }
  })

  it('is refused when a claim is missing or of another type or value', async () => {
    const never = [undefined, null, true, [], {}, '']
    const wrong: Record<string, unknown[]> = {
      iss: [...never, 7, [issuer], 'https://other.example', `${issuer}/`, issuer.toUpperCase()],
      aud: [
        ...never,
        7,
        [issuer],
        [issuer, issuer],
        [issuer, 'https://other.example'],
        'https://other.example',
        `${issuer}/`,
      ],
      sub: [
        ...never,
        7,
        ['7'],
        '0',
        '-7',
        '+7',
        '07',
        '7.0',
        '7e0',
        '0x7',
        ' 7',
        '7 ',
        '7\n',
        '７',
        'ann',
        '9007199254740993',
        '9'.repeat(400),
        'NaN',
        "7' OR '1'='1",
      ],
      exp: [
        ...never,
        String(seconds + 60),
        seconds,
        seconds - 1,
        0,
        -1,
        seconds + 60.5,
        seconds + LIFETIME + 60,
        seconds * 1000,
        Number.MAX_SAFE_INTEGER,
        1e300,
        [seconds + 60],
      ],
      iat: [
        ...never,
        String(seconds),
        -1,
        seconds + 0.5,
        seconds + 60,
        seconds * 1000,
        1e300,
        [seconds],
      ],
      nbf: [null, '0', seconds + 60, {}],
      sid: [
        ...never,
        7,
        'short',
        `${sessionId}A`,
        `${sessionId}=`,
        flipSpareBit(sessionId),
        ` ${sessionId}`,
        [sessionId],
      ],
      jti: [...never, 7, 'short', 'x'.repeat(65), 'not an id at all, no', [randomId()]],
      client_id: [...never.slice(0, 5), '', 7, ['first-party']],
      scope: [
        undefined,
        null,
        true,
        [],
        {},
        7,
        ['account'],
        ' ',
        ' account',
        'account ',
        'account  posts:write',
        'account\tposts:write',
        'account\n',
        '"account"',
        'back\\slash',
        'konto-ä',
      ],
    }
    for (const [claim, values] of Object.entries(wrong)) {
      for (const value of values) {
        const name = `${claim} ${JSON.stringify(value)}`
        await expectRefused({ [name]: forge(header, { ...claims, [claim]: value }, sign) })
      }
    }
  })

  it('is refused when it says in part, or wrongly, how the person signed in', async () => {
    const right = { auth_time: seconds - 60, amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' }
    const said = (more: object) => forge(header, { ...claims, ...right, ...more }, sign)
    expect(await kindOf(await said({}))).toBe('valid')
    expect(await kindOf(await said({ auth_time: seconds + 5 }))).toBe('valid')
    const wrong: Record<string, unknown[]> = {
      auth_time: [
        undefined,
        null,
        true,
        '',
        String(seconds),
        -1,
        seconds - 0.5,
        seconds + 6,
        1e300,
        [seconds],
        {},
      ],
      amr: [
        undefined,
        null,
        'pwd otp mfa',
        'mfa',
        [],
        {},
        [null],
        [['pwd', 'mfa']],
        ['pwd', 'mfa', 7],
        ['pwd', 'sms', 'mfa'],
        ['pwd'],
        ['swk', 'user', 'mfa'],
        { length: 1, 0: 'mfa' },
      ],
      acr: [undefined, null, '', 'MFA', 'phr', '1fa', 'phrh', '0', 0, ['mfa'], {}],
    }
    for (const [claim, values] of Object.entries(wrong)) {
      for (const value of values) {
        await expectRefused({ [`${claim} ${JSON.stringify(value)}`]: said({ [claim]: value }) })
      }
    }
  })

  it('is refused with numbers that JSON can spell and a clock cannot', async () => {
    const spelled = (claim: string, number: string) =>
      forge(header, JSON.stringify({ ...claims, [claim]: '#' }).replace('"#"', number), sign)
    expect(await kindOf(await spelled('exp', String(seconds + 60)))).toBe('valid')
    for (const number of [
      '1e400',
      '-1e400',
      '1e-400',
      '-0',
      '1e20',
      `${seconds}.25`,
      '9007199254740993',
    ]) {
      await expectRefused({
        [`exp ${number}`]: spelled('exp', number),
        ...(number === '1e-400' || number === '-0'
          ? {}
          : { [`iat ${number}`]: spelled('iat', number) }),
      })
    }
    const ends = JSON.stringify(claims)
    await expectRefused({
      'a second exp': forge(header, ends.replace(/}$/, ',"exp":1e400}'), sign),
      'exp before iat': forge(header, { ...claims, iat: seconds + 4, exp: seconds + 3 }, sign),
    })
  })

  it('is refused when its payload is not an object of claims', async () => {
    const payloads = [
      '',
      'null',
      '7',
      '[]',
      '"x"',
      '{',
      '{}',
      `[${JSON.stringify(claims)}]`,
      '\ufeff{}',
      '[[[['.repeat(300),
    ]
    for (const payload of payloads) {
      await expectRefused({ [`payload ${payload.slice(0, 20)}`]: forge(header, payload, sign) })
      await expectRefused({ [`header ${payload.slice(0, 20)}`]: forge(payload, claims, sign) })
    }
    const input = `${encodeJson(header)}.${base64url.encode(new Uint8Array([0xff, 0xfe]))}`
    const mac = await sign(new TextEncoder().encode(input))
    await expectRefused({ 'ill-formed UTF-8': `${input}.${base64url.encode(new Uint8Array(mac))}` })
  })
})

describe('a respelled access token', () => {
  it('is refused, though it decodes to the same bytes', async () => {
    const [h, p, s] = token.split('.') as [string, string, string]
    // Every signature of 32 bytes has spare bits; of three payloads in a row, two have.
    const longer = await Promise.all(
      ['x', 'xx'].map((client_id) => forge(header, { ...claims, client_id }, sign)),
    )
    const loose = longer.find((text) => (text.split('.')[1] ?? '').length % 4 !== 0) ?? ''
    const [lh, lp, ls] = loose.split('.') as [string, string, string]
    const wrong: Record<string, string> = {
      'spare bits of the signature': `${h}.${p}.${flipSpareBit(s)}`,
      'spare bits of the payload': `${lh}.${flipSpareBit(lp)}.${ls}`,
      'a padded signature': `${token}=`,
      'all padded': `${h}==.${p}==.${s}=`,
      'a space before': ` ${token}`,
      'a space after': `${token} `,
      'a line break after': `${token}\n`,
      'a line break within': `${h}.${p.slice(0, 8)}\n${p.slice(8)}.${s}`,
      'spaces around the dots': `${h} . ${p} . ${s}`,
      'a NUL after': `${token}\0`,
      'standard base64': token.replaceAll('-', '+').replaceAll('_', '/').concat('/+'),
      'a percent-encoded dot': `${h}%2E${p}.${s}`,
      'full-width letters': token.replace('e', 'ｅ'),
      quotes: `"${token}"`,
      'its scheme again': `Bearer ${token}`,
      'two tokens': `${token},${token}`,
      'a fourth part': `${token}.${s}`,
      'a fifth part': `${token}..`,
    }
    expect(await kindOf(loose)).toBe('valid')
    await expectRefused(wrong)
  })

  it('is refused cut short anywhere, or with a character changed', async () => {
    for (let length = 0; length < token.length; length++) {
      expect(await kindOf(token.slice(0, length)), `${length} characters`).toBe('invalid')
    }
    for (let at = 0; at < token.length; at += 3) {
      const other = token[at] === 'A' ? 'B' : 'A'
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      expect(await kindOf(changed), `character ${at}`).toBe('invalid')
    }
  })

  it('is refused when its parts come from two tokens', async () => {
    const other = await issueAccessToken(keyring, { ...grant, userId: 8 })
    const [h, p] = token.split('.')
    const [, , signature] = other.split('.')
    await expectRefused({
      'the signature of another': `${h}.${p}.${signature}`,
      'in another order': token.split('.').reverse().join('.'),
    })
  })
})

describe('anything else', () => {
  it('is no access token: other kinds, noise, and what is too long', async () => {
    const ofAnotherSecret = await openKeyring({
      jwtSecret: OTHER_SECRET,
      jwtSecretPrevious: null,
      signingKeys: null,
    })
    const refresh = { sessionId, counter: 0 }
    await expectRefused({
      'a refresh token': issueRefreshToken(keyring, refresh),
      'a mailed token': (await newSecretToken()).token,
      'a token of another secret': issueAccessToken(ofAnotherSecret, grant),
      'an id token': forge({ ...header, typ: 'JWT' }, { ...claims, nonce: 'x' }, sign),
      'an encrypted token': `${encodeJson({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`,
      'a JWS in JSON': JSON.stringify({ payload: 'e30', protected: 'e30', signature: 'AA' }),
      nothing: '',
      dots: '..',
      'one dot': '.',
      undefined: 'undefined',
      'a lone surrogate': '\ud800.\ud800.\ud800',
      emoji: '😀.😀.😀',
      'too long, though signed': forge(header, { ...claims, more: 'x'.repeat(4096) }, sign),
      'a megabyte': 'A'.repeat(1_000_000),
      'a megabyte of dots': '.'.repeat(1_000_000),
      'a megabyte of parts': 'AA.'.repeat(333_333),
    })
  })
})
