import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { hashesComputed } from '../../src/security/password'
import { type Call, call, ORIGIN, trips, workerWith } from '../support/client'
import {
  browserSignIn,
  cookieOf,
  expectDead,
  expectProblem,
  me,
  refresh,
  sessionIdOf,
} from '../support/sign-in'
import { PASSWORD, person, register } from '../support/users'

const SPA = 'https://spa.example'
const EVIL = 'https://evil.example'
const refreshSession = (cookie: string | undefined, more: Call = {}) =>
  call('POST', '/api/session/refresh', { cookie, ...more })

const logouts = async (userId: number) => {
  const sql = "select session_id as id from events where user_id = ? and type = 'logout'"
  const { results } = await env.DB.prepare(sql).bind(userId).all<{ id: string }>()
  return results.map(({ id }) => id)
}

describe('/api/session', () => {
  it('POST → the refresh token in a __Host- cookie only', async () => {
    const ann = await register()
    const before = hashesComputed()
    const { response, body, cookie } = await browserSignIn(ann.email)
    expect([trips(response), hashesComputed() - before]).toEqual([2, 1])
    const [set] = response.headers.getSetCookie()
    expect(set).toMatch(/^__Host-gatepost=[\w-]{22}\.0\.[\w-]{43}; /)
    expect(set?.split('; ').slice(1).sort()).toEqual(
      ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'Secure'].sort(),
    )
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 900,
      scope: 'posts:write account',
      user: ann.user,
    })
    expect(JSON.stringify(body)).not.toContain(cookie.split('=')[1])
  })

  it('POST /refresh → 200 with the cookie and no body or {}, in one trip', async () => {
    const ann = await register()
    const first = await browserSignIn(ann.username)
    const response = await refreshSession(first.cookie)
    expect(trips(response)).toBe(1)
    const body = await response.json<{ access_token: string; user: unknown }>()
    expect(Object.keys(body).sort()).toEqual(
      ['access_token', 'expires_in', 'scope', 'token_type', 'user'].sort(),
    )
    expect(body.user).toEqual(ann.user)
    expect((await me(body.access_token)).status).toBe(200)
    const second = cookieOf(response)
    expect(second).toMatch(/\.1\.[\w-]{43}$/)

    // A second tab, or a lost answer: the parent once more.
    expect(cookieOf(await refreshSession(first.cookie))).toBe(second)
    const third = await refreshSession(second, { json: {} })
    expect(third.status).toBe(200)
    await expectProblem(
      await refreshSession(cookieOf(third), { json: { a: 1 } }),
      422,
      'invalid-request',
    )
    // The grandparent: the session ends.
    const reused = await refreshSession(first.cookie)
    await expectProblem(reused, 401, 'session-ended')
    await expectDead({ token: body.access_token })
    await expectProblem(await refreshSession(cookieOf(third)), 401, 'session-ended')
  })

  it('a refused refresh does not delete the cookie: another tab may have signed in', async () => {
    const ann = await register()
    const { cookie } = await browserSignIn(ann.email)
    await call('DELETE', '/api/session', { cookie })
    for (const dead of [cookie, '__Host-gatepost=x.0.y']) {
      const response = await refreshSession(dead)
      expect(response.headers.getSetCookie()).toEqual([])
      await expectProblem(response, 401, 'session-ended')
    }
  })

  it('POST /refresh → 401 without a trip for a missing or foreign cookie', async () => {
    for (const cookie of [undefined, '__Host-gatepost=', '__Host-gatepost=x.0.y', 'gatepost=a']) {
      const response = await refreshSession(cookie)
      expect(trips(response)).toBe(0)
      expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="gatepost"')
      await expectProblem(response, 401, 'session-ended')
    }
  })

  it('DELETE → 204: the session ends, the cookie is deleted; a repeated request is 204', async () => {
    const ann = await register()
    const { cookie, token } = await browserSignIn(ann.email)
    for (let round = 0; round < 2; round++) {
      const response = await call('DELETE', '/api/session', { cookie })
      expect([response.status, trips(response)]).toEqual([204, 1])
      expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-gatepost=; Max-Age=0; /)
    }
    await expectDead({ token })
    await expectProblem(await refreshSession(cookie), 401, 'session-ended')
    expect((await call('DELETE', '/api/session')).status).toBe(204)
  })

  it('POST with a cookie → ends its session if the sign-in succeeds, and only then', async () => {
    const [ann, bob] = [await register(), await register('bob')]
    const first = await browserSignIn(ann.email)
    const wrong = await call('POST', '/api/session', {
      json: { login: ann.email, password: 'not this password' },
      cookie: first.cookie,
    })
    await expectProblem(wrong, 401, 'invalid-credentials')
    expect((await me(first.token)).status).toBe(200)
    expect(await logouts(ann.id)).toEqual([])

    const second = await browserSignIn(bob.email, first.cookie)
    expect(sessionIdOf(second.token)).not.toBe(sessionIdOf(first.token))
    expect(second.body.user.id).toBe(bob.id)
    await expectDead({ token: first.token })
    await expectProblem(await refreshSession(first.cookie), 401, 'session-ended')
    expect((await me(second.token)).status).toBe(200)
    expect(await logouts(ann.id)).toEqual([sessionIdOf(first.token)])
    expect(await logouts(bob.id)).toEqual([])
  })

  it('its tokens are valid or void at all sign-in endpoints alike', async () => {
    const ann = await person()
    const { cookie } = await browserSignIn(ann.email)
    const value = cookie.split('=')[1] as string
    expect((await refreshSession(`__Host-gatepost=${ann.refreshToken}`)).status).toBe(200)
    expect((await refresh(value)).status).toBe(200)
    expect((await call('POST', '/oauth/revoke', { form: { token: value } })).status).toBe(200)
    await expectProblem(await refreshSession(cookie), 401, 'session-ended')
  })

  it('→ 401, 422, 400, 415 and 405 as POST /api/users/token does', async () => {
    const ann = await register()
    const login = ann.email
    const before = hashesComputed()
    const refused: [unknown, string][] = [
      [{ login }, 'password is missing.'],
      [{ password: PASSWORD }, 'login is missing.'],
      [{ login, password: PASSWORD, role: 'admin' }, 'role is not a known member.'],
      [{ login: [login], password: PASSWORD }, 'login must be given once.'],
      [{ login, password: 12345678 }, 'password must be a text.'],
      [{ login, password: '' }, 'password is empty.'],
      [{ login: 'x'.repeat(321), password: PASSWORD }, 'login must have at most 320 characters.'],
      [[login, PASSWORD], 'The body must be a JSON object.'],
      [null, 'The body must be a JSON object.'],
      [{ login, password: '\ud800-not-well-formed' }, 'password is not well-formed Unicode.'],
    ]
    for (const [json, why] of refused) {
      const response = await call('POST', '/api/session', { json })
      expect(trips(response), why).toBe(0)
      expect((await expectProblem(response, 422, 'invalid-request')).detail).toBe(why)
    }
    const headers = { 'Content-Type': 'application/json' }
    for (const body of ['', '{', '{"login":"a"', '[1,]', '"', '{"login":"a","password":"b"}x']) {
      const response = await call('POST', '/api/session', { body, headers })
      await expectProblem(response, 400, 'malformed-request')
    }
    expect(hashesComputed()).toBe(before)
    const response = await call('GET', '/api/session')
    expect(response.headers.get('Allow')).toBe('DELETE, POST')
    await expectProblem(response, 405, 'method-not-allowed')
  })
})

describe('a request that another site makes with the cookie', () => {
  const json = { login: 'nobody@example.com', password: 'whatever it is' }
  const allowed: [string, Record<string, string>][] = [
    ['curl', {}],
    ['this page', { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }],
    ['the address bar', { 'Sec-Fetch-Site': 'none' }],
    ['an old browser', { Origin: ORIGIN }],
    ['a listed page', { 'Sec-Fetch-Site': 'cross-site', Origin: SPA }],
    ['a listed neighbour', { 'Sec-Fetch-Site': 'same-site', Origin: SPA }],
  ]
  const refused: [string, Record<string, string>][] = [
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL }],
    ['another site, old browser', { Origin: EVIL }],
    ['another site without Origin', { 'Sec-Fetch-Site': 'cross-site' }],
    [
      'an unlisted neighbour',
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://b.gatepost.example' },
    ],
    ['a neighbour without Origin', { 'Sec-Fetch-Site': 'same-site' }],
    ['a sandbox', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
    ['a sandbox, old browser', { Origin: 'null' }],
    ['one that claims our origin', { 'Sec-Fetch-Site': 'cross-site', Origin: ORIGIN }],
    ['one that claims our fetch', { 'Sec-Fetch-Site': 'same-origin', Origin: EVIL }],
    ['ours, prefixed', { Origin: `${ORIGIN}.evil.example` }],
    ['the list, prefixed', { Origin: `${SPA}.evil.example` }],
    ['the list over http', { Origin: 'http://spa.example' }],
    ['the list with a port', { Origin: `${SPA}:8443` }],
    ['the list in capitals', { Origin: SPA.toUpperCase() }],
    ['an unknown word', { 'Sec-Fetch-Site': 'same-orgin', Origin: ORIGIN }],
  ]
  const ask = workerWith({ ALLOWED_ORIGINS: SPA })

  it('→ 403 at every route with the cookie, sign-in too, unless its origin is listed', async () => {
    const ann = await register()
    const { cookie, token } = await browserSignIn(ann.email)
    for (const [what, headers] of refused) {
      for (const response of [
        await ask('POST', '/api/session', { json, headers, cookie }),
        await ask('POST', '/api/session/refresh', { headers, cookie }),
        await ask('DELETE', '/api/session', { headers, cookie }),
      ]) {
        expect([trips(response), response.headers.getSetCookie()], what).toEqual([0, []])
        await expectProblem(response, 403, 'cross-site')
      }
    }
    expect((await me(token)).status).toBe(200)
    expect((await refreshSession(cookie)).status).toBe(200)
  })

  it('passes from this origin, from a listed one, and from other clients than browsers', async () => {
    const ann = await register()
    for (const [what, headers] of allowed) {
      const json = { login: ann.email, password: PASSWORD }
      const signedIn = await ask('POST', '/api/session', { json, headers })
      expect(signedIn.status, what).toBe(200)
      const refreshed = await ask('POST', '/api/session/refresh', {
        headers,
        cookie: cookieOf(signedIn),
      })
      expect(refreshed.status, what).toBe(200)
      const out = await ask('DELETE', '/api/session', { headers, cookie: cookieOf(refreshed) })
      expect(out.status, what).toBe(204)
    }
  })

  it('→ 415 for a form: only JSON is accepted', async () => {
    const ann = await register()
    const { cookie } = await browserSignIn(ann.email)
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      const headers = { 'Content-Type': type, Origin: EVIL }
      for (const path of ['/api/session', '/api/session/refresh']) {
        const response = await ask('POST', path, { body: JSON.stringify(json), headers, cookie })
        await expectProblem(response, 415, 'unsupported-media-type')
      }
    }
    for (const path of ['/api/session', '/api/session/refresh']) {
      expect((await ask('GET', path, { cookie })).status).toBe(405)
    }
    expect((await refreshSession(cookie)).status).toBe(200)
  })
})
