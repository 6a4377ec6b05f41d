import { env } from 'cloudflare:workers'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { call, ORIGIN, trips } from '../support/client'
import { encodeJson, flipSpareBit, forge, hmac } from '../support/jwks'
import { browserSignIn, expectProblem, me } from '../support/sign-in'
import { type Person, person } from '../support/users'

const CHALLENGE = 'Bearer realm="gatepost"'
const INVALID = `${CHALLENGE}, error="invalid_token"`
const read = (headers: Record<string, string>, path = '/api/users/me') =>
  call('GET', path, { headers })

let ann: Person
beforeAll(async () => {
  ann = await person()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('the bearer token of a request', () => {
  it('missing → 401 with a bare challenge, without an error code', async () => {
    const token = ann.token
    for (const [what, response] of [
      ['nothing', await call('GET', '/api/users/me')],
      ['another scheme', await read({ Authorization: `Basic ${btoa('ann:x')}` })],
      ['no scheme', await read({ Authorization: token })],
      ['a longer scheme', await read({ Authorization: `Bearers ${token}` })],
      ['no space', await read({ Authorization: `Bearer${token}` })],
      ['in the query', await call('GET', `/api/users/me?access_token=${token}`)],
      ['in a cookie', await call('GET', '/api/users/me', { cookie: `access_token=${token}` })],
      ['in another header', await read({ 'X-Authorization': `Bearer ${token}` })],
    ] as const) {
      expect([response.headers.get('WWW-Authenticate'), trips(response)], what).toEqual([
        CHALLENGE,
        0,
      ])
      await expectProblem(response, 401, 'unauthenticated')
    }
  })

  it('is accepted whatever the case of the scheme and the number of spaces', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer   ']) {
      const response = await read({ Authorization: `${scheme} ${ann.token}` })
      expect([response.status, trips(response)], scheme).toEqual([200, 1])
    }
    const response = await read(
      { Authorization: `Bearer ${ann.token}` },
      '/api/users/me?access_token=x',
    )
    expect(response.status).toBe(200)
  })

  it('malformed → 401 invalid_token, never a 500', async () => {
    const token = ann.token
    const [header = '', claims = '', signature = ''] = token.split('.')
    const table: Record<string, string> = {
      empty: '',
      'two tokens': `${token} ${token}`,
      'two headers joined': `${token}, Bearer ${token}`,
      'a comma': `${token},`,
      quoted: `"${token}"`,
      'a tab': `\t${token}\tx`,
      long: 'x'.repeat(20_000),
      'long, in shape': `${'x'.repeat(5000)}.y.z`,
      shorter: token.slice(0, -1),
      longer: `${token}A`,
      'no signature': `${header}.${claims}.`,
      'two parts': `${header}.${claims}`,
      'four parts': `${token}.x`,
      'five parts': `${token}.x.y`,
      'flipped spare bits': flipSpareBit(token),
      padded: `${token}=`,
      'claims padded': `${header}.${claims}=.${signature}`,
      'standard base64': `${header}.${claims}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`,
      'swapped parts': `${claims}.${header}.${signature}`,
      'percent-encoded': encodeURIComponent(`${token} `),
      null: 'null',
      undefined: 'undefined',
      brackets: '[object Object]',
      'only dots': '..',
      'JSON header that is no object': `${encodeJson('[]')}.${claims}.${signature}`,
      'deep JSON': `${encodeJson(`${'['.repeat(700)}`)}.${claims}.${signature}`,
    }
    for (const [what, text] of Object.entries(table)) {
      const response = await read({ Authorization: `Bearer ${text}` })
      expect([response.headers.get('WWW-Authenticate'), trips(response)], what).toEqual([
        INVALID,
        0,
      ])
      await expectProblem(response, 401, 'invalid-access-token')
    }
  })

  it('forged, or another kind of token → 401 invalid_token, without fetching a key', async () => {
    const header = decodeProtectedHeader(ann.token) as Record<string, unknown>
    const claims = decodeJwt(ann.token) as Record<string, unknown>
    const sign = hmac(env.JWT_SECRET)
    const { cookie } = await browserSignIn(ann.email)
    const now = Math.floor(Date.now() / 1000)
    const url = 'https://attacker.example/keys.json'
    const jwk = { kty: 'oct', k: 'AAAA' }
    const own = hmac('an attacker’s own secret of 32 bytes and more')
    const nothing = () => new ArrayBuffer(0)
    const { kid: _kid, ...noKid } = header
    const { exp: _exp, ...endless } = claims
    const forgeries: Record<string, string | Promise<string>> = {
      'alg none': forge({ ...header, alg: 'none' }, claims, nothing),
      'alg None': forge({ ...header, alg: 'None' }, claims, sign),
      'alg HS512': forge({ ...header, alg: 'HS512' }, claims, hmac(env.JWT_SECRET, 'SHA-512')),
      'alg RS256': forge({ ...header, alg: 'RS256' }, claims, sign),
      'another secret': forge(header, claims, own),
      'no secret': forge(header, claims, hmac(new Uint8Array(1))),
      'no kid': forge(noKid, claims, sign),
      'another kid': forge({ ...header, kid: '../../dev/null' }, claims, sign),
      'kid of SQL': forge({ ...header, kid: "' or 1=1 --" }, claims, sign),
      jku: forge({ ...header, jku: url }, claims, sign),
      jwk: forge({ ...header, jwk }, claims, sign),
      x5u: forge({ ...header, x5u: url }, claims, sign),
      crit: forge({ ...header, crit: ['exp'] }, claims, sign),
      'typ JWT': forge({ ...header, typ: 'JWT' }, claims, sign),
      'no typ': forge({ ...header, typ: undefined }, claims, sign),
      'another issuer': forge(header, { ...claims, iss: 'https://evil.example' }, sign),
      'another audience': forge(header, { ...claims, aud: 'https://evil.example' }, sign),
      'many audiences': forge(header, { ...claims, aud: [ORIGIN, 'x'] }, sign),
      expired: forge(header, { ...claims, exp: now - 1 }, sign),
      'no exp': forge(header, endless, sign),
      'exp 1e400': forge(header, JSON.stringify(endless).replace('{', '{"exp":1e400,'), sign),
      'far exp': forge(header, { ...claims, exp: now + 10_000_000 }, sign),
      'future iat': forge(header, { ...claims, iat: now + 600, exp: now + 900 }, sign),
      'a number as sub': forge(header, { ...claims, sub: ann.id }, sign),
      'no sid': forge(header, { ...claims, sid: undefined }, sign),
      'scope as a list': forge(header, { ...claims, scope: ['admin'] }, sign),
      'a refresh token': ann.refreshToken,
      'a cookie': cookie.split('=')[1] as string,
      'a mailed token': 'A'.repeat(43),
    }
    const fetch = vi.fn()
    vi.stubGlobal('fetch', fetch)
    for (const [what, token] of Object.entries(forgeries)) {
      for (const [method, path, json] of [
        ['GET', '/api/users/me', undefined],
        ['GET', '/api/users/me/sessions', undefined],
        ['DELETE', '/api/users/me/sessions', undefined],
        ['POST', '/api/posts', { title: 'x', content: 'x' }],
      ] as const) {
        const response = await call(method, path, { token: await token, json })
        expect([response.headers.get('WWW-Authenticate'), trips(response)], what).toEqual([
          INVALID,
          0,
        ])
        await expectProblem(response, 401, 'invalid-access-token')
      }
    }
    expect(fetch).not.toHaveBeenCalled()
    // The same hand makes good ones, so the table tells something.
    expect((await me(await forge(header, claims, sign))).status).toBe(200)
  })

  it('of an unknown session, or of another user’s → 401 in one trip', async () => {
    const header = decodeProtectedHeader(ann.token) as Record<string, unknown>
    const claims = decodeJwt(ann.token) as Record<string, unknown>
    const sign = hmac(env.JWT_SECRET)
    const bob = await person('bob')
    for (const more of [{ sub: String(bob.id) }, { sub: '999999999' }, { sid: 'A'.repeat(22) }]) {
      const response = await me(await forge(header, { ...claims, ...more }, sign))
      expect([response.headers.get('WWW-Authenticate'), trips(response)]).toEqual([INVALID, 1])
    }
  })

  it('expires after 15 minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const bob = await person('bob')
    vi.setSystemTime(Date.now() + 898_000)
    expect((await me(bob.token)).status).toBe(200)
    vi.setSystemTime(Date.now() + 2_000)
    const response = await me(bob.token)
    expect([response.headers.get('WWW-Authenticate'), trips(response)]).toEqual([INVALID, 0])
  })
})
