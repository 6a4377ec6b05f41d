/** Deleting an account, and the list of its events. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import { call, trips } from '../support/client'
import { catchMails, nextMail } from '../support/mailbox'
import { admin, PASSWORD, person, signIn } from '../support/users'

catchMails()

const remove = (token: string, password = PASSWORD) =>
  call('POST', '/api/users/me/deletion', { token, json: { password } })
const post = (token: string, title: string) =>
  call('POST', '/api/posts', { token, json: { title, content: 'text' } }).then((r) =>
    r.json<{ id: number }>(),
  )
const rowsOf = async (id: number) => {
  const tables = {
    users: 'id',
    sessions: 'user_id',
    posts: 'author_id',
    email_tokens: 'user_id',
    sign_in_links: 'user_id',
    idempotency_keys: 'user_id',
    attempts: 'user_id',
    events: 'user_id',
  }
  const counts: Record<string, number> = {}
  for (const [table, column] of Object.entries(tables)) {
    counts[table] =
      (await env.DB.prepare(`select count(*) as n from ${table} where ${column} = ?`)
        .bind(id)
        .first<number>('n')) ?? -1
  }
  return counts
}

describe('POST /api/users/me/deletion', () => {
  it('→ 204 in two trips: all data is deleted, tokens end, username and address are free, the id is not reused', async () => {
    const ann = await person()
    const { id: postId } = await post(ann.token, 'Farewell')
    const other = await signIn(ann.email)
    const response = await remove(ann.token)
    expect([response.status, trips(response)]).toEqual([204, 2])

    for (const token of [ann.token, other.token])
      expect((await call('GET', '/api/users/me', { token })).status).toBe(401)
    const refresh = await call('POST', '/oauth/token', {
      form: { grant_type: 'refresh_token', refresh_token: ann.refreshToken },
    })
    expect(refresh.status).toBe(400)
    await expect(signIn(ann.email)).rejects.toThrow('401')
    expect((await call('GET', `/api/users/${ann.id}`)).status).toBe(404)
    expect((await call('GET', `/api/posts/${postId}`)).status).toBe(404)
    expect(await rowsOf(ann.id)).toEqual({
      users: 0,
      sessions: 0,
      posts: 0,
      email_tokens: 0,
      sign_in_links: 0,
      idempotency_keys: 0,
      attempts: 0,
      events: 1,
    })
    const left = await env.DB.prepare(
      'select type, session_id, location from events where user_id = ?',
    )
      .bind(ann.id)
      .all()
    expect(left.results).toEqual([{ type: 'deleted', session_id: null, location: null }])
    await nextMail(ann.email, 'Your account was deleted')

    const { username, email } = ann
    const again = await call('POST', '/api/users', {
      json: { username, email, password: PASSWORD },
    })
    expect(again.status).toBe(201)
    expect((await again.json<{ id: number }>()).id).toBeGreaterThan(ann.id)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(401)
  })

  it('→ 403 for a wrong password, and deletes nothing', async () => {
    const ann = await person()
    const response = await remove(ann.token, 'not the password')
    expect([response.status, trips(response)]).toEqual([403, 1])
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })

  it('deletes the picture', async () => {
    const ann = await person()
    await env.AVATARS.put('AAAAAAAAAAAAAAAAAAAAAA.png', 'bytes')
    await env.DB.prepare("update users set avatar_key = 'AAAAAAAAAAAAAAAAAAAAAA.png' where id = ?")
      .bind(ann.id)
      .run()
    await remove(ann.token)
    await expect.poll(() => env.AVATARS.head('AAAAAAAAAAAAAAAAAAAAAA.png')).toBeNull()
  })

  it('→ 409 for the last active admin', async () => {
    await env.DB.prepare("update users set role = 'user'").run()
    const root = await admin()
    const refused = await remove(root.token)
    expect(refused.status).toBe(409)
    expect((await refused.json<Problem>()).type).toBe('/problems/last-admin')
    expect((await call('GET', '/api/users/me', { token: root.token })).status).toBe(200)
    expect((await rowsOf(root.id)).attempts).toBe(0)
    await admin()
    expect((await remove(root.token)).status).toBe(204)
  })
})

describe('GET /api/users/me/events', () => {
  it('→ 200 with the events, latest first; pages have each event once while more arrive', async () => {
    const ann = await person()
    for (let i = 0; i < 3; i++)
      await call('PATCH', '/api/users/me', {
        token: ann.token,
        json: { username: `${ann.username}${i}` },
      })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const path: string = `/api/users/me/events?limit=2${cursor ? `&cursor=${cursor}` : ''}`
      const response = await call('GET', path, { token: ann.token })
      expect([response.status, trips(response)]).toEqual([200, 1])
      const page = await response.json<{
        events: { id: number; type: string }[]
        next_cursor: string | null
      }>()
      seen.push(...page.events.map((e) => e.type))
      if (!cursor)
        await call('PUT', '/api/users/me/password', {
          token: ann.token,
          json: { current_password: 'x', new_password: 'long enough one' },
        })
      cursor = page.next_cursor
    } while (cursor)
    expect(seen).toEqual([
      'username_changed',
      'username_changed',
      'username_changed',
      'login',
      'registered',
    ])
  })

  it('→ 422 for an edited cursor and for the cursor of another user', async () => {
    const [ann, bob] = [await person(), await person('bob')]
    const first = await call('GET', '/api/users/me/events?limit=1', { token: ann.token })
    const { next_cursor } = await first.json<{ next_cursor: string }>()
    for (const [token, cursor] of [
      [bob.token, next_cursor],
      [ann.token, `${next_cursor}A`],
      [ann.token, 'x'],
    ] as const) {
      expect((await call('GET', `/api/users/me/events?cursor=${cursor}`, { token })).status).toBe(
        422,
      )
    }
  })
})
