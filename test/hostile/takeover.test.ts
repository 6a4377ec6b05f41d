// The data of other users, or of none: it cannot be read, taken over or kept.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { catchMails, ownMailbox } from '../support/mailbox'
import { askForLink, clickLink, linkCookieOf, mailedLink } from '../support/sign-in-links'
import { admin, freshName, PASSWORD, person, proven, setRole } from '../support/users'

catchMails()

describe('the data of another user', () => {
  it('cannot be reached with the id of another', async () => {
    const ann = await person()
    const eve = await person('eve')
    const post = await (
      await call('POST', '/api/posts', { token: ann.token, json: { title: 'a', content: 'b' } })
    ).json<{ id: number }>()
    const { sessions } = await (
      await call('GET', '/api/users/me/sessions', { token: ann.token })
    ).json<{ sessions: { id: string }[] }>()
    const { token } = eve
    const json = { title: 'c', content: 'd' }
    const id = sessions[0]?.id
    expect((await call('PUT', `/api/posts/${post.id}`, { token, json })).status).toBe(403)
    expect((await call('PATCH', `/api/posts/${post.id}`, { token, json })).status).toBe(403)
    expect((await call('DELETE', `/api/posts/${post.id}`, { token })).status).toBe(403)
    expect((await call('DELETE', `/api/users/me/sessions/${id}`, { token })).status).toBe(404)
    expect((await call('GET', '/api/admin/users', { token })).status).toBe(403)
    const change = { token, json: { role: 'admin' } }
    expect((await call('PATCH', `/api/admin/users/${eve.id}`, change)).status).toBe(403)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })

  it('cannot be requested as a scope, nor kept when the role is lost', async () => {
    const eve = await person('eve')
    const form = { username: eve.email, password: PASSWORD, scope: 'posts:write account admin' }
    expect((await call('POST', '/api/users/token', { form })).status).toBe(422)
    const root = await admin()
    await setRole(root.id, 'user')
    expect((await call('GET', '/api/admin/users', { token: root.token })).status).toBe(403)
    const refreshed = await call('POST', '/oauth/token', {
      form: { grant_type: 'refresh_token', refresh_token: root.refreshToken },
    })
    expect(await refreshed.json()).toMatchObject({ scope: 'posts:write account' })
  })

  it('→ 422 for the cursor of another list or user', async () => {
    const root = await admin()
    const page = async (path: string) =>
      (await (await call('GET', path, { token: root.token })).json<{ next_cursor: string }>())
        .next_cursor
    await person()
    const cursor = await page('/api/admin/users?limit=1')
    for (const path of [
      '/api/admin/events?limit=1',
      '/api/admin/users?limit=1&q=a',
      '/api/posts?limit=1',
      '/api/users/me/sessions?limit=1',
      '/api/users/me/events?limit=1',
      `/api/users/${root.id}/posts?limit=1`,
    ])
      expect((await call('GET', `${path}&cursor=${cursor}`, { token: root.token })).status).toBe(
        422,
      )
    expect(
      (await call('GET', `/api/admin/users?cursor=${cursor}`, { token: root.token })).status,
    ).toBe(200)
  })
})

describe('a sign-in link', () => {
  it('leads no one into the account that a stranger registered with the address', async () => {
    const eve = await person('victim') // Eve holds the session; the address is not hers.
    const { send, ask } = ownMailbox()
    expect((await askForLink(eve.email, undefined, ask)).status).toBe(202)
    expect(send).not.toHaveBeenCalled()
  })

  it('of an attacker signs a victim in to neither account', async () => {
    const eve = await proven('eve')
    const { token } = await mailedLink(eve.email)
    const ann = await person()
    const cookie = `__Host-gatepost=${ann.refreshToken}`
    const clicked = await clickLink(token, cookie)
    expect([clicked.status, clicked.headers.getSetCookie()]).toEqual([401, []])
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })

  it('that leaks to a mail scanner gives it no session, whatever it posts', async () => {
    const ann = await proven()
    const { token, cookie } = await mailedLink(ann.email)
    const page = await call('GET', `/api/session/email/use?token=${token}`)
    expect(page.status).toBe(405)
    for (let n = 0; n < 3; n++) {
      const posted = await clickLink(token)
      expect([posted.status, posted.headers.getSetCookie()]).toEqual([401, []])
    }
    expect((await clickLink(token, cookie)).status).toBe(200)
  })

  it('accepts no code and no cookie of another request', async () => {
    const [ann, eve] = [await proven(), await proven('eve')]
    const hers = await mailedLink(ann.email)
    const own = await mailedLink(eve.email)
    if (own.code !== hers.code)
      expect((await clickLink(hers.token, own.cookie, own.code)).status).toBe(401)
    expect((await clickLink(hers.token, own.cookie)).status).toBe(401)
    // A new request from another browser moves the link there, and voids the mailed one.
    const moved = await askForLink(ann.email)
    expect((await clickLink(hers.token, hers.cookie)).status).toBe(400)
    expect((await clickLink(hers.token, linkCookieOf(moved))).status).toBe(400)
  })
})

it.each([
  ['POST', '/api/users', { username: 'x', email: 'x@example.com', password: PASSWORD }],
  ['PATCH', '/api/users/me', { full_name: 'Eve' }],
  ['POST', '/api/posts', { title: 'a', content: 'b' }],
  ['PUT', '/api/users/me/email', { email: 'eve@example.org', password: PASSWORD }],
])('%s %s takes no member that it does not know', async (method, path, fine) => {
  const { token, id } = await person('eve')
  const before = await env.DB.prepare('select * from users where id = ?').bind(id).first()
  const name = freshName()
  const json = 'username' in fine ? { ...fine, username: name, email: `${name}@example.com` } : fine
  for (const more of [
    '"role":"admin"',
    '"is_active":true',
    '"isActive":true',
    '"email_verified":true',
    '"id":1',
    '"user_id":1',
    '"author":{"id":1}',
    '"author_id":1',
    '"hash":"x"',
    '"__proto__":{"role":"admin"}',
    '"constructor":{"prototype":{"role":"admin"}}',
    '"created_at":"2000-01-01T00:00:00Z"',
  ]) {
    const body = `${JSON.stringify(json).slice(0, -1)},${more}}`
    const headers = { 'Content-Type': 'application/json' }
    expect([more, (await call(method, path, { token, body, headers })).status]).toEqual([more, 422])
  }
  expect(await env.DB.prepare('select * from users where id = ?').bind(id).first()).toEqual(before)
  expect(({} as Record<string, unknown>).role).toBeUndefined()
})

it('a body of unknown members → a response below ten times its size', async () => {
  const json = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, n]))
  const answer = await call('POST', '/api/users', { json })
  expect(answer.status).toBe(422)
  expect((await answer.text()).length).toBeLessThan(10_000)
})

it('an access token ends with its session, at every route', async () => {
  const { token, refreshToken } = await person()
  expect((await call('POST', '/oauth/revoke', { form: { token: refreshToken } })).status).toBe(200)
  for (const [method, path, json] of [
    ['GET', '/api/users/me', undefined],
    ['PATCH', '/api/users/me', { full_name: 'x' }],
    ['POST', '/api/posts', { title: 'a', content: 'b' }],
    ['GET', '/api/users/me/export', undefined],
    ['DELETE', '/api/users/me/sessions', undefined],
    ['POST', '/api/users/me/deletion', { password: PASSWORD }],
    [
      'PUT',
      '/api/users/me/password',
      { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
    ],
  ] as const) {
    const answer = await call(method, path, { token, json })
    expect([path, answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
      path,
      401,
      'Bearer realm="gatepost", error="invalid_token"',
    ])
  }
})
