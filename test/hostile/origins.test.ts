// Other sites and hosts: no CORS headers unless listed, no use of a cookie, no influence on links.
import { describe, expect, it } from 'vitest'
import { call, workerWith } from '../support/client'
import { person } from '../support/users'

const LISTED = 'https://app.example'
const listed = workerWith({ ALLOWED_ORIGINS: LISTED })

describe('another origin', () => {
  it.each([
    'null',
    'https://app.example.evil.example',
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'https://app.example/',
    'https://app.example, https://evil.example',
    ' ',
  ])('%s gets no word of CORS, on success or failure', async (origin) => {
    for (const [method, path] of [
      ['GET', '/api/posts'],
      ['OPTIONS', '/api/session'],
      ['GET', '/api/users/me'],
      ['GET', '/nothing'],
    ] as const) {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
      const answer = await listed(method, path, { headers })
      expect([...answer.headers.keys()].filter((name) => /^access-control-/.test(name))).toEqual([])
      expect(answer.headers.get('Vary')).toMatch(/\bOrigin\b/)
    }
  })

  it('that is listed may read responses and errors, which vary by Origin', async () => {
    for (const path of ['/api/posts', '/api/users/me', '/nothing']) {
      const answer = await listed('GET', path, { headers: { Origin: LISTED } })
      expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(LISTED)
      expect(answer.headers.get('Vary')).toMatch(/\bOrigin\b/)
    }
  })

  it.each([
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://localhost:8787', 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    { Origin: 'http://localhost:8787.evil.example', 'Sec-Fetch-Site': 'same-origin' },
  ])('cannot use a cookie: %o', async (headers) => {
    const { refreshToken, token } = await person()
    const cookie = `__Host-gatepost=${refreshToken}`
    const json = { login: 'a', password: 'b' }
    for (const answer of [
      await call('POST', '/api/session', { json, cookie, headers }),
      await call('POST', '/api/session/refresh', { cookie, headers }),
      await call('DELETE', '/api/session', { cookie, headers }),
      await call('POST', '/api/session/email', { json: { email: 'a@b.at' }, cookie, headers }),
      await call('POST', '/api/session/email/use', { json: { token: 'a' }, cookie, headers }),
    ]) {
      expect(answer.status).toBe(403)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    expect((await call('GET', '/api/users/me', { token })).status).toBe(200)
  })

  it('cannot send text or a form in place of JSON → 415', async () => {
    const { refreshToken } = await person()
    const cookie = `__Host-gatepost=${refreshToken}`
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const options = {
        body: '{"login":"a","password":"b"}',
        cookie,
        headers: { 'Content-Type': type },
      }
      expect((await call('POST', '/api/session', options)).status).toBe(415)
      expect((await call('POST', '/api/session/refresh', options)).status).toBe(415)
    }
  })
})

describe('a cookie', () => {
  it('that is set beside the real one ends no session', async () => {
    const { refreshToken, token } = await person()
    const forged = `__Host-gatepost=${'A'.repeat(22)}.0.${'A'.repeat(43)}`
    for (const cookie of [
      forged,
      `${forged}; x=y`,
      `__host-gatepost=${refreshToken}`,
      `gatepost=${refreshToken}`,
    ]) {
      expect((await call('POST', '/api/session/refresh', { cookie })).status).toBe(401)
      expect((await call('DELETE', '/api/session', { cookie })).status).toBe(204)
    }
    expect((await call('GET', '/api/users/me', { token })).status).toBe(200)
  })

  it('→ 401 at routes that require a token', async () => {
    const { refreshToken } = await person()
    const cookie = `__Host-gatepost=${refreshToken}; access_token=${refreshToken}`
    for (const path of ['/api/users/me', '/api/users/me/sessions', '/api/users/me/export'])
      expect((await call('GET', path, { cookie })).status).toBe(401)
    expect((await call('GET', '/api/users/me', { token: refreshToken })).status).toBe(401)
  })
})

it('links, pictures and metadata have APP_ORIGIN, whatever the headers say', async () => {
  const headers = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'javascript',
    'X-Original-URL': '/api/admin/users',
    'X-Rewrite-URL': '/api/admin/users',
    'X-HTTP-Method-Override': 'DELETE',
    Forwarded: 'host=evil.example',
  }
  for (const path of ['/api/posts', '/.well-known/oauth-authorization-server', '/openapi.json']) {
    const answer = await call('GET', path, { headers })
    expect(answer.status).toBe(200)
    expect(JSON.stringify([[...answer.headers], await answer.text()])).not.toContain('evil')
  }
  const metadata = await call('GET', 'http://evil.example/.well-known/oauth-authorization-server')
  expect(await metadata.text()).not.toContain('evil')
})
