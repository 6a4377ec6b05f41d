// Deceptive texts: names, addresses, searches, user agents, pictures.
import { describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { admin, freshName, PASSWORD, person, register, signIn } from '../support/users'

describe('names that look alike', () => {
  it('are one account in every spelling, and cannot be registered twice', async () => {
    const { username, email } = await register('kate')
    for (const again of [
      { username: username.toUpperCase(), email: `${freshName()}@example.com` },
      { username: freshName(), email: email.toUpperCase() },
      { username: freshName(), email: ` ${email}\t` },
      // U+212A KELVIN SIGN is a K to NFC.
      { username: freshName(), email: email.replace('k', '\u212a') },
    ]) {
      const json = { ...again, password: PASSWORD }
      expect([again, (await call('POST', '/api/users', { json })).status]).toEqual([again, 409])
    }
    expect((await signIn(email.replace('k', '\u212a'))).token).toBeTruthy()
  })

  it.each([
    'kаte',
    'ｋａｔｅ',
    'ka\u200bte',
    'kate\u0000',
    'kate ',
    'ka/te',
    'ka\u202ete',
    'me',
    'ADMIN',
    '..',
    '-kate',
  ])('%s is no username', async (username) => {
    const json = { username, email: `${freshName()}@example.com`, password: PASSWORD }
    expect((await call('POST', '/api/users', { json })).status).toBe(422)
  })

  it.each([
    'a@example.com\r\nBcc: b@example.com',
    'a@example.com,b@example.com',
    'a@example.com b@example.com',
    '<a@example.com>',
    'a@example.com>',
    '"a\r\nb"@example.com',
    'a@exämple.com',
    'a@[127.0.0.1]',
    'a@localhost',
    `a@${'b'.repeat(64)}.com.${'c'.repeat(250)}`,
    'a@example.com\u0000',
    'a@example.com%0d%0aBcc:b@example.com',
  ])('%s is no address', async (email) => {
    const json = { username: freshName(), email, password: PASSWORD }
    expect((await call('POST', '/api/users', { json })).status).toBe(422)
    expect((await call('POST', '/api/users/forgot-password', { json: { email } })).status).toBe(422)
  })
})

it('the search of admins has no wildcards', async () => {
  const { token } = await admin()
  for (const q of ['%', '_', '%@%', '*', "' or 1=1 --", 'a%', '\u0000']) {
    const answer = await call('GET', `/api/admin/users?q=${encodeURIComponent(q)}`, { token })
    expect([q, await answer.json()]).toEqual([q, { users: [], next_cursor: null }])
  }
})

it('a session shows a hostile User-Agent as text, cut to a length', async () => {
  const someone = await register()
  const agent = `<script>alert(1)</script>"};${'x'.repeat(4000)}`
  const signedIn = await call('POST', '/api/users/token', {
    form: { username: someone.email, password: PASSWORD },
    headers: { 'User-Agent': agent },
  })
  const { access_token: token } = await signedIn.json<{ access_token: string }>()
  const list = await call('GET', '/api/users/me/sessions', { token })
  expect(list.headers.get('Content-Type')).toMatch(/^application\/json/)
  const { sessions } = await list.json<{ sessions: { user_agent: string }[] }>()
  expect(sessions[0]?.user_agent).toBe(agent.slice(0, 255))
})

describe('a picture', () => {
  const PNG = [
    0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1,
  ]
  const put = async (token: string, bytes: Uint8Array, type = 'image/png') =>
    call('PUT', '/api/users/me/avatar', { token, body: bytes, headers: { 'Content-Type': type } })
  const text = (s: string) => new TextEncoder().encode(s)

  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    '<!doctype html><script>alert(1)</script>',
    'GIF89a<script>',
    '%PDF-1.4',
    'MZ',
    '',
  ])('that is none (%s) is refused whatever it says it is', async (content) => {
    const { token } = await person()
    for (const type of ['image/png', 'image/svg+xml', 'text/html', 'image/jpeg; charset=utf-7'])
      expect((await put(token, text(content), type)).status).toBe(415)
  })

  it('that is also an HTML page is served as a picture only', async () => {
    const { token } = await person()
    const polyglot = Uint8Array.from([...PNG, ...text('<html><script>alert(1)</script>')])
    const { image_url } = await (await put(token, polyglot)).json<{ image_url: string }>()
    const { pathname } = new URL(image_url)
    const shown = await call('GET', pathname)
    expect(shown.headers.get('Content-Type')).toBe('image/png')
    expect(shown.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(shown.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    for (const headers of [
      { 'If-None-Match': '"' },
      { 'If-None-Match': 'garbage, W/"' },
      { 'If-None-Match': '*' },
      { 'If-None-Match': '""' },
      { Range: 'bytes=5-1' },
    ] as Record<string, string>[])
      expect([headers, (await call('GET', pathname, { headers })).status]).toEqual([
        headers,
        expect.toBeOneOf([200, 304]),
      ])
  })
})
