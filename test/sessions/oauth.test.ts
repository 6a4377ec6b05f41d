import { describe, expect, it } from 'vitest'
import { hashesComputed } from '../../src/security/password'
import { call, trips } from '../support/client'
import {
  claimsOf,
  expectOAuthError,
  expectProblem,
  me,
  oauthSignIn,
  oauthToken,
  refresh,
  tokens,
} from '../support/sign-in'
import { admin, freshName, PASSWORD, person, register } from '../support/users'

const basic = (text: string) => ({ Authorization: `Basic ${btoa(text)}` })

describe('POST /oauth/token', () => {
  it('grant password → 200 in the exact shape of RFC 6749, in two trips and one hash', async () => {
    const ann = await register()
    const before = hashesComputed()
    const response = await oauthToken({
      grant_type: 'password',
      username: ann.email,
      password: PASSWORD,
    })
    expect([trips(response), hashesComputed() - before]).toEqual([2, 1])
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const body = await tokens(response)
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'bearer',
      expires_in: 900,
      refresh_token: expect.stringMatching(/^[\w-]{22}\.0\.[\w-]{43}$/),
      scope: 'posts:write account',
    })
    expect((await me(body.access_token)).status).toBe(200)
  })

  it('grant refresh_token → 200 in the same shape, in one trip and without a hash', async () => {
    const ann = await person()
    const before = hashesComputed()
    const response = await refresh(ann.refreshToken)
    expect([trips(response), hashesComputed() - before]).toEqual([1, 0])
    const body = await tokens(response)
    expect(Object.keys(body).sort()).toEqual(
      ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'].sort(),
    )
    expect((await me(body.access_token)).status).toBe(200)
  })

  it('a wrong request → 400 with a code of RFC 6749 §5.2, without a hash or a trip', async () => {
    const ann = await person()
    const password = { grant_type: 'password', username: ann.email, password: PASSWORD }
    const refreshing = { grant_type: 'refresh_token', refresh_token: ann.refreshToken }
    const twice = (form: Record<string, string>, name: string): [string, string][] => [
      ...Object.entries(form),
      [name, form[name] ?? 'x'],
    ]
    const before = hashesComputed()
    const table: [string, Record<string, string> | [string, string][], string][] = [
      ['nothing', {}, 'invalid_request'],
      ['no grant_type', { username: ann.email, password: PASSWORD }, 'invalid_request'],
      ['an empty grant_type', { ...password, grant_type: '' }, 'invalid_request'],
      ['no username', { ...password, username: '' }, 'invalid_request'],
      ['no password', { ...password, password: '' }, 'invalid_request'],
      ['no refresh_token', { ...refreshing, refresh_token: '' }, 'invalid_request'],
      ['grant_type twice', twice(password, 'grant_type'), 'invalid_request'],
      ['username twice', twice(password, 'username'), 'invalid_request'],
      ['password twice', twice(password, 'password'), 'invalid_request'],
      ['scope twice', twice({ ...password, scope: 'account' }, 'scope'), 'invalid_request'],
      ['client_id twice', twice({ ...password, client_id: 'x' }, 'client_id'), 'invalid_request'],
      ['refresh_token twice', twice(refreshing, 'refresh_token'), 'invalid_request'],
      ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
      ['a code', { grant_type: 'authorization_code', code: 'x' }, 'unsupported_grant_type'],
      ['a grant in capitals', { ...password, grant_type: 'PASSWORD' }, 'unsupported_grant_type'],
      ['a grant with quotes', { grant_type: 'a"b\\c\u00e9\n' }, 'unsupported_grant_type'],
      ['an unknown scope', { ...password, scope: 'account root' }, 'invalid_scope'],
      ['a scope in capitals', { ...password, scope: 'ACCOUNT' }, 'invalid_scope'],
      ['an unknown scope to refresh', { ...refreshing, scope: 'x' }, 'invalid_scope'],
      ['a garbled refresh token', { ...refreshing, refresh_token: 'x' }, 'invalid_grant'],
    ]
    for (const [what, form, error] of table) {
      const response = await call('POST', '/oauth/token', { form })
      expect(trips(response), what).toBe(0)
      await expectOAuthError(response, error)
    }
    expect(hashesComputed()).toBe(before)
    await tokens(await refresh(ann.refreshToken)) // none of it consumed the token
  })

  it('a body of another type, or an unreadable one → 400 invalid_request', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const table: [string, Parameters<typeof call>[2]][] = [
      ['JSON', { json: { grant_type: 'password', username: 'a', password: 'b' } }],
      ['no body', {}],
      ['no type', { body: new TextEncoder().encode('grant_type=password') }],
      ['multipart', { body: 'x', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }],
      ['broken percent', { body: 'grant_type=%', headers: form }],
      ['ill-formed UTF-8', { body: 'grant_type=%c3%28', headers: form }],
      ['raw ill-formed UTF-8', { body: new Uint8Array([0x61, 0x3d, 0xff]), headers: form }],
    ]
    for (const [what, options] of table) {
      const response = await call('POST', '/oauth/token', options)
      expect(trips(response), what).toBe(0)
      await expectOAuthError(response, 'invalid_request')
    }
    const charset = { 'Content-Type': 'Application/X-WWW-Form-Urlencoded;charset=UTF-8' }
    const response = await call('POST', '/oauth/token', {
      body: `grant_type=password&username=${freshName()}&password=x`,
      headers: charset,
    })
    await expectOAuthError(response, 'invalid_grant')
    const big = { body: `grant_type=${'x'.repeat(70_000)}`, headers: form }
    await expectProblem(await call('POST', '/oauth/token', big), 413, 'too-large')
  })

  it('a failed password → 400 invalid_grant, alike for unknown, wrong and disabled', async () => {
    const ann = await register()
    const seen = new Set<string>()
    for (const username of [ann.email, ann.username, freshName(), `${freshName()}@example.com`]) {
      const before = hashesComputed()
      const response = await oauthToken({ grant_type: 'password', username, password: 'wrong one' })
      expect([trips(response), hashesComputed() - before]).toEqual([1, 1])
      seen.add(JSON.stringify(await expectOAuthError(response, 'invalid_grant')))
    }
    expect(seen.size).toBe(1)
  })

  it('a scope beyond the role → 400 invalid_scope; any other is granted as requested', async () => {
    const [ann, root] = [await register(), await admin()]
    const form = { grant_type: 'password', username: ann.email, password: PASSWORD }
    await expectOAuthError(await oauthToken({ ...form, scope: 'account admin' }), 'invalid_scope')
    expect((await oauthSignIn(ann.email, { scope: 'posts:write' })).scope).toBe('posts:write')
    expect((await oauthSignIn(root.email, { scope: 'admin account' })).scope).toBe('account admin')
  })

  it('accepts a public client by form or Basic name; a client with a secret → 401 invalid_client', async () => {
    const ann = await register()
    const form = { grant_type: 'password', username: ann.email, password: PASSWORD }
    const clientOf = async (more: Record<string, string>, headers: Record<string, string> = {}) => {
      const { access_token } = await tokens(await oauthToken({ ...form, ...more }, { headers }))
      return claimsOf(access_token).client_id
    }
    expect(await clientOf({})).toBe('first-party')
    expect(await clientOf({}, basic(':'))).toBe('first-party')
    expect(await clientOf({ client_id: 'my-app' })).toBe('my-app')
    expect(await clientOf({}, basic('my%2Dapp:'))).toBe('my-app')
    expect(await clientOf({ client_id: 'my-app' }, basic('my-app:'))).toBe('my-app')
    expect(await clientOf({ client_id: 'my-app' }, basic('my%2Dapp:'))).toBe('my-app')
    const printable = '~'.repeat(100)
    expect(await clientOf({ client_id: printable })).toBe(printable)
    expect(await clientOf({ client_id: 'my app' }, basic('my+app:'))).toBe('my app')

    const before = hashesComputed()
    const refused: [string, Record<string, string>, Record<string, string>, RegExp][] = [
      ['a secret', { client_id: 'my-app', client_secret: 'x' }, {}, /without a secret/],
      ['a secret alone', { client_secret: 'x' }, {}, /without a secret/],
      ['a Basic secret', {}, basic('my-app:secret'), /without a secret/],
      ['two names', { client_id: 'my-app' }, basic('other:'), /two clients/],
      ['a name of other letters', { client_id: 'mÿ-app' }, {}, /^client_id must have/],
      ['a name with a line break', { client_id: 'my\napp' }, {}, /^client_id must have/],
      ['a name past any bound', { client_id: 'x'.repeat(101) }, {}, /^client_id must have/],
      ['a Basic name that does not decode', {}, basic('%:'), /does not decode/],
      ['Basic that is no base64', {}, { Authorization: 'Basic A' }, /does not decode/],
      ['Basic of other characters', {}, { Authorization: 'Basic !!!' }, /does not decode/],
      ['Basic and nothing', {}, { Authorization: 'Basic' }, /does not decode/],
    ]
    for (const [what, more, headers, why] of refused) {
      const response = await oauthToken({ ...form, ...more }, { headers })
      expect(response.headers.get('WWW-Authenticate'), what).toMatch(/^Basic /)
      const { error_description } = await expectOAuthError(response, 'invalid_client', 401)
      expect(error_description, what).toMatch(why)
    }
    expect(hashesComputed()).toBe(before)
  })

  it('another method → 405 with Allow: POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      const response = await call(method, '/oauth/token')
      expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST'])
    }
  })

  it('→ 429 after five failures until the wait is over, at every endpoint, for either login and any password', async () => {
    const ann = await register()
    const nobody = `${freshName()}@example.com`
    for (const login of [ann.email, nobody]) {
      for (let failure = 0; failure < 5; failure++) {
        const form = { grant_type: 'password', username: login, password: `wrong ${failure}` }
        await expectOAuthError(await oauthToken(form), 'invalid_grant')
      }
      const before = hashesComputed()
      for (const password of [PASSWORD, 'wrong again']) {
        const form = { username: login, password }
        for (const response of [
          await oauthToken({ grant_type: 'password', ...form }),
          await call('POST', '/api/users/token', { form }),
          await call('POST', '/api/session', { json: { login, password } }),
        ]) {
          expect(trips(response)).toBe(1)
          expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(25)
          await expectProblem(response, 429, 'too-many-attempts')
        }
      }
      expect(hashesComputed()).toBe(before)
    }
  })
})
