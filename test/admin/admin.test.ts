/** Management of accounts by admins. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import type { UserPrivate } from '../../src/user'
import { call, trips } from '../support/client'
import {
  admin,
  disable,
  eventsOf,
  freshName,
  PASSWORD,
  person,
  register,
  signIn,
} from '../support/users'

const change = (token: string, id: number, json: object) =>
  call('PATCH', `/api/admin/users/${id}`, { token, json })
const list = (token: string, query = '') => call('GET', `/api/admin/users${query}`, { token })
const ids = async (response: Response) =>
  (await response.json<{ users: UserPrivate[] }>()).users.map((user) => user.id)
/** Makes the new admin the only one. */
const onlyAdmin = async () => {
  await env.DB.prepare("update users set role = 'user'").run()
  return admin()
}

describe('every admin route', () => {
  it('→ 401 without a token, 403 for a user, for a token without the scope, and for a former admin', async () => {
    const [root, other, ann] = [await admin(), await admin(), await person()]
    const narrow = await signIn(root.email, PASSWORD, { scope: 'account' })
    const demoted = await change(root.token, other.id, { role: 'user' })
    expect(demoted.status).toBe(200)
    for (const [method, path, json] of [
      ['GET', '/api/admin/users', undefined],
      ['PATCH', `/api/admin/users/${ann.id}`, { role: 'admin' }],
      ['DELETE', `/api/admin/users/${ann.id}/sessions`, undefined],
      ['GET', '/api/admin/events', undefined],
    ] as const) {
      expect((await call(method, path, { json })).status, path).toBe(401)
      for (const token of [ann.token, narrow.token, other.token]) {
        const response = await call(method, path, { token, json })
        expect(response.status, path).toBe(403)
        expect(response.headers.get('WWW-Authenticate')).toContain('error="insufficient_scope"')
      }
    }
    expect((await call('GET', '/api/users/me', { token: other.token })).status).toBe(200)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })
})

describe('GET /api/admin/users', () => {
  it('→ 200 with the users whose name or address begins so in any case, or with the id, one trip a page', async () => {
    const root = await admin()
    const stem = freshName('find')
    const people = []
    for (const n of [1, 2, 3]) people.push(await register(`${stem}${n}`))
    const found = people.map((p) => p.id)
    const response = await list(root.token, `?q=${stem.toUpperCase()}`)
    expect(trips(response)).toBe(1)
    expect(await ids(response)).toEqual(found)
    expect(await ids(await list(root.token, `?q=${people[1]?.email}`))).toEqual([found[1]])
    expect(await ids(await list(root.token, `?q=${found[2]}`))).toContain(found[2])
    expect(await ids(await list(root.token, '?q=%25'))).toEqual([])
    const first = await list(root.token, `?q=${stem}&limit=2`)
    const { users, next_cursor } = await first.json<{ users: UserPrivate[]; next_cursor: string }>()
    expect(users.map((user) => user.id)).toEqual(found.slice(0, 2))
    expect(await ids(await list(root.token, `?q=${stem}&limit=2&cursor=${next_cursor}`))).toEqual(
      found.slice(2),
    )
    expect((await list(root.token, `?cursor=${next_cursor}`)).status).toBe(422)
  })
})

describe('PATCH /api/admin/users/{id}', () => {
  it('→ 200 in one trip: the new admin signs in again for the scope', async () => {
    const [root, ann] = [await admin(), await person()]
    const response = await change(root.token, ann.id, { role: 'admin' })
    expect([response.status, trips(response)]).toEqual([200, 1])
    expect(await response.json()).toEqual({ ...ann.user, role: 'admin' })
    expect((await list(ann.token)).status).toBe(403)
    const { token } = await signIn(ann.email)
    expect((await list(token)).status).toBe(200)
    expect(await eventsOf(ann.id)).toEqual(['registered', 'login', 'role_changed', 'login'])
  })

  it('disables at once: tokens and links are void, sign-in fails like a wrong password; enabling restores it', async () => {
    const [root, ann] = [await admin(), await person()]
    const disabled = await change(root.token, ann.id, { is_active: false })
    expect(await disabled.json()).toEqual({ ...ann.user, is_active: false })
    const dead = await call('GET', '/api/users/me', { token: ann.token })
    expect([dead.status, dead.headers.get('WWW-Authenticate')]).toEqual([
      401,
      'Bearer realm="gatepost", error="invalid_token"',
    ])
    await expect(signIn(ann.email)).rejects.toThrow('401')
    const rows = await env.DB.prepare(
      'select (select count(*) from sessions where user_id = ?1) + (select count(*) from email_tokens where user_id = ?1) as n',
    )
      .bind(ann.id)
      .first('n')
    expect(rows).toBe(0)
    await change(root.token, ann.id, { is_active: false })
    await change(root.token, ann.id, { is_active: true })
    await signIn(ann.email)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(401)
    expect(await eventsOf(ann.id)).toEqual([
      'registered',
      'login',
      'disabled',
      'login_failed',
      'enabled',
      'login',
    ])
  })

  it('→ 404 for an unknown id, 422 for an unknown member, 200 for no change', async () => {
    const [root, ann] = [await admin(), await person()]
    expect((await change(root.token, 999_999_999, { role: 'admin' })).status).toBe(404)
    for (const wrong of [
      { role: 'root' },
      { is_active: 'no' },
      { email: 'a@b.example' },
      { email_verified: true },
      { id: 1 },
    ])
      expect((await change(root.token, ann.id, wrong)).status).toBe(422)
    const same = await change(root.token, ann.id, {})
    expect([same.status, await same.json()]).toEqual([200, ann.user])
  })

  it.each([{ role: 'user' }, { is_active: false }, { role: 'user', is_active: false }])(
    '→ 409 for %j of the last active admin',
    async (json) => {
      const root = await onlyAdmin()
      const disabled = await admin()
      await disable(disabled.id)
      const response = await change(root.token, root.id, json)
      expect(response.status).toBe(409)
      expect((await response.json<Problem>()).type).toBe('/problems/last-admin')
      expect((await list(root.token)).status).toBe(200)
      expect(await eventsOf(root.id)).toEqual(['registered', 'login'])
    },
  )

  it('leaves one admin when two demote or disable each other in parallel', async () => {
    const one = await onlyAdmin()
    const two = await admin()
    for (const json of [{ role: 'user' }, { is_active: false }]) {
      await env.DB.prepare("update users set role = 'admin', is_active = 1 where id in (?, ?)")
        .bind(one.id, two.id)
        .run()
      const [a, b] = [await signIn(one.email), await signIn(two.email)]
      const answers = await Promise.all([
        change(a.token, two.id, json),
        change(b.token, one.id, json),
        change(a.token, one.id, json),
        change(b.token, two.id, json),
      ])
      expect(answers.every((r) => [200, 401, 403, 409].includes(r.status))).toBe(true)
      const left = await env.DB.prepare(
        "select count(*) as n from users where role = 'admin' and is_active = 1",
      ).first('n')
      expect(left).toBe(1)
    }
  })
})

describe('DELETE /api/admin/users/{id}/sessions', () => {
  it('→ 204 in one trip: all sessions of the user end', async () => {
    const [root, ann] = [await admin(), await person()]
    const response = await call('DELETE', `/api/admin/users/${ann.id}/sessions`, {
      token: root.token,
    })
    expect([response.status, trips(response)]).toEqual([204, 1])
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(401)
    await signIn(ann.email)
    const nobody = await call('DELETE', '/api/admin/users/999999999/sessions', {
      token: root.token,
    })
    expect(nobody.status).toBe(404)
  })
})

describe('GET /api/admin/events', () => {
  it('→ 200 with the events of all accounts, latest first, without those of unknown logins', async () => {
    const [root, ann] = [await admin(), await person()]
    await call('POST', '/api/users/token', { form: { username: 'nobody-here', password: 'x' } })
    const response = await call('GET', '/api/admin/events?limit=2', { token: root.token })
    expect(trips(response)).toBe(1)
    const { events, next_cursor } = await response.json<{
      events: { type: string; user_id: number }[]
      next_cursor: string
    }>()
    expect(events.map((e) => [e.type, e.user_id])).toEqual([
      ['login', ann.id],
      ['registered', ann.id],
    ])
    const next = await call('GET', `/api/admin/events?limit=2&cursor=${next_cursor}`, {
      token: root.token,
    })
    expect(
      (await next.json<{ events: { type: string; user_id: number }[] }>()).events[0],
    ).toMatchObject({ type: 'login', user_id: root.id })
    const hers = await call('GET', `/api/admin/events?user_id=${ann.id}`, { token: root.token })
    expect((await hers.json<{ events: { type: string }[] }>()).events.map((e) => e.type)).toEqual([
      'login',
      'registered',
    ])
  })
})
