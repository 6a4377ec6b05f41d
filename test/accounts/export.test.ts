/** The export of an account: complete, or visibly not. */
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, freshAddress, ORIGIN, trips } from '../support/client'
import { writeMany } from '../support/posts'
import { eventsOf, PASSWORD, type Person, person, signIn } from '../support/users'

const PATH = '/api/users/me/export'
const post = (token: string, title: string) =>
  call('POST', '/api/posts', { token, json: { title, content: 'text' } })

/** Begins an export and reads its first part. */
async function beginReading({ token }: Person) {
  const headers = { Authorization: `Bearer ${token}`, 'CF-Connecting-IP': freshAddress() }
  const response = await exports.default.fetch(new Request(ORIGIN + PATH, { headers }))
  expect(response.status).toBe(200)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  const readOn = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text
      text += decoder.decode(value, { stream: true })
    }
  }
  const first = await reader.read()
  text += decoder.decode(first.value, { stream: true })
  return { readOn, textSoFar: () => text }
}

describe('GET /api/users/me/export', () => {
  it('→ 200 with all data of the caller, and none of others', async () => {
    const [ann, bob] = [await person(), await person('bob')]
    await post(ann.token, 'One "quoted" \\')
    await post(ann.token, 'Second')
    await post(bob.token, 'Not hers')
    const response = await call('GET', '/api/users/me/export', { token: ann.token })
    expect([response.status, trips(response)]).toEqual([200, 1])
    expect(response.headers.get('Content-Disposition')).toBe(
      'attachment; filename="gatepost-export.json"',
    )
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const file = await response.json<{
      profile: object
      sessions: object[]
      links: object[]
      posts: { title: string }[]
      events: { type: string }[]
    }>()
    expect(file.profile).toEqual(ann.user)
    expect(file.sessions).toHaveLength(1)
    expect(file.links).toEqual([expect.objectContaining({ purpose: 'verify', email: ann.email })])
    expect(file.posts.map((p) => p.title)).toEqual(['One "quoted" \\', 'Second'])
    expect(file.events.map((e) => e.type)).toEqual(['registered', 'login', 'exported'])
    const text = JSON.stringify(file)
    expect(text).not.toContain('argon2')
    expect(text).not.toContain(bob.username)
  })

  it('contains each of many large posts once', async () => {
    const ann = await person()
    const insert = env.DB.prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?2)
       insert into posts (author_id, title, content, created_at, updated_at)
       select ?1, 'post ' || cast(i as integer), case when i % 100 = 0 then replace(hex(zeroblob(25000)), '00', 'äö') else 'small' end, 0, 0 from n`,
    )
    await insert.bind(ann.id, 1300).run()
    const response = await call('GET', '/api/users/me/export', { token: ann.token })
    const { posts } = await response.json<{ posts: { title: string; content: string }[] }>()
    expect(posts.map((p) => p.title)).toEqual(
      Array.from({ length: 1300 }, (_, i) => `post ${i + 1}`),
    )
    expect(posts[99]?.content).toHaveLength(50_000)
  })

  it('→ 401 or 403 without an active session or the scope account', async () => {
    const ann = await person()
    const narrow = await signIn(ann.email, PASSWORD, { scope: 'posts:write' })
    expect((await call('GET', '/api/users/me/export', { token: narrow.token })).status).toBe(403)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    expect((await call('GET', '/api/users/me/export', { token: ann.token })).status).toBe(401)
  })
})

describe('an export', () => {
  it('contains every session once, also those of the same moment', async () => {
    const ann = await person()
    await env.DB.prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 250)
       insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at)
       select 'export-' || i || '-' || ?1, ?1, 'x', '', 0, i / 120, 0, 0 from n`,
    )
      .bind(ann.id)
      .run()
    const file = await (await call('GET', PATH, { token: ann.token })).json<{
      sessions: { id: string; created_at: string }[]
    }>()
    expect(new Set(file.sessions.map(({ id }) => id)).size).toBe(251)
    expect(file.sessions).toHaveLength(251)
    const times = file.sessions.map(({ created_at }) => created_at)
    expect(times).toEqual([...times].sort())
  })

  it('stops when its session ends, and the file is not valid JSON', async () => {
    const ann = await person()
    await writeMany(ann.id, 400)
    const { readOn, textSoFar } = await beginReading(ann)
    const ended = await call('DELETE', '/api/session', { token: ann.token })
    expect(ended.status).toBeLessThan(500)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    await env.DB.prepare(
      "insert into posts (author_id, title, content, created_at, updated_at) values (?, 'after the end', 'x', 0, 0)",
    )
      .bind(ann.id)
      .run()
    await expect(readOn()).rejects.toThrow()
    expect(textSoFar()).toContain('"profile"')
    expect(textSoFar()).not.toContain('after the end')
    expect(() => JSON.parse(textSoFar())).toThrow(SyntaxError)
  })
})

describe('HEAD /api/users/me/export', () => {
  it('checks the session, without an event or a body', async () => {
    const ann = await person()
    const before = await eventsOf(ann.id)
    const response = await call('HEAD', PATH, { token: ann.token })
    expect([response.status, trips(response), await response.text()]).toEqual([200, 1, ''])
    expect(response.headers.get('Content-Disposition')).toContain('attachment')
    expect(await eventsOf(ann.id)).toEqual(before)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    expect((await call('HEAD', PATH, { token: ann.token })).status).toBe(401)
  })
})
