import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import type { Post } from '../../src/posts/schemas'
import { call, trips } from '../support/client'
import { TEXT, write } from '../support/posts'
import { admin, disable, type Person, person, setRole, signIn } from '../support/users'

const longest = { title: '𝕏'.repeat(200), content: '😀'.repeat(50_000) }

const goodTexts: [string, Partial<typeof TEXT>, Partial<typeof TEXT>][] = [
  ['the longest, counted in code points', longest, longest],
  ['the shortest', { title: 'x', content: 'y' }, { title: 'x', content: 'y' }],
  ['a title with spaces around it, which go', { title: ' \t Hi \n' }, { title: 'Hi' }],
  ['white space in the content, which stays', { content: ' a\r\n\tb ' }, { content: ' a\r\n\tb ' }],
  ['any script', { title: '中文 العربية עברית ไทย' }, { title: '中文 العربية עברית ไทย' }],
  ['what a database might take for its own', { title: "'; drop table posts; --" }, {}],
  ['what a page might take for its own', { title: '<img src=x onerror=alert(1)>' }, {}],
]

const badTexts: [string, object, string][] = [
  ['no title', { content: 'x' }, '#/title'],
  ['no content', { title: 'x' }, '#/content'],
  ['an empty title', { ...TEXT, title: '' }, '#/title'],
  ['a title of spaces', { ...TEXT, title: ' \u00a0\u3000 ' }, '#/title'],
  ['a title that shows nothing', { ...TEXT, title: '\u200b\u2060\ufeff' }, '#/title'],
  ['a title of 201', { ...TEXT, title: 'x'.repeat(201) }, '#/title'],
  ['a title of 201 emoji', { ...TEXT, title: '😀'.repeat(201) }, '#/title'],
  ['a title of two lines', { ...TEXT, title: 'a\nb' }, '#/title'],
  ['a NUL in the title', { ...TEXT, title: 'a\u0000b' }, '#/title'],
  ['half a surrogate pair in the title', { ...TEXT, title: 'a\ud83d' }, '#/title'],
  ['an empty content', { ...TEXT, content: '' }, '#/content'],
  ['a content of 50 001', { ...TEXT, content: 'x'.repeat(50_001) }, '#/content'],
  ['a content of 50 001 emoji', { ...TEXT, content: '😀'.repeat(50_001) }, '#/content'],
  ['a NUL in the content', { ...TEXT, content: 'a\u0000b' }, '#/content'],
  ['an escape character in the content', { ...TEXT, content: '\u001b[2J' }, '#/content'],
  ['half a surrogate pair in the content', { ...TEXT, content: '\udc00' }, '#/content'],
  ['a number', { ...TEXT, title: 7 }, '#/title'],
  ['null', { ...TEXT, content: null }, '#/content'],
  ['an array', [TEXT], '#'],
  ['an author', { ...TEXT, author_id: 1 }, '#/author_id'],
  ['an id', { ...TEXT, id: 1 }, '#/id'],
  ['an unknown visibility', { ...TEXT, visibility: 'friends' }, '#/visibility'],
  ['no visibility', { ...TEXT, visibility: null }, '#/visibility'],
  ['__proto__', JSON.parse('{"title":"x","content":"y","__proto__":{"id":1}}'), '#/__proto__'],
]

const postsOf = async ({ id }: Person) =>
  env.DB.prepare('select count(*) as n from posts where author_id = ?').bind(id).first<number>('n')

describe('POST /api/posts', () => {
  it('→ 201 in one trip, with Location and ETag', async () => {
    const ann = await person()
    const before = Date.now()
    const made = await call('POST', '/api/posts', { token: ann.token, json: TEXT })
    expect(made.status).toBe(201)
    expect(trips(made)).toBe(1)
    const post = await made.clone().json<Post>()
    expect(made.headers.get('Location')).toBe(`/api/posts/${post.id}`)
    expect(made.headers.get('ETag')).toBe('"1.1"')
    expect(made.headers.get('Cache-Control')).toBe('no-store')
    const { id, username, full_name, image_url, created_at } = ann.user
    expect(post).toEqual({
      id: expect.any(Number),
      ...TEXT,
      visibility: 'public',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: post.created_at,
      author: { id, username, full_name, image_url, created_at },
    })
    expect(Date.parse(post.created_at)).toBeGreaterThanOrEqual(before)
    expect(await (await call('GET', `/api/posts/${post.id}`)).json()).toEqual(post)
  })

  it('stores texts unchanged', async () => {
    const ann = await person()
    for (const [name, sent, kept] of goodTexts) {
      const { id } = await write(ann, sent)
      const post = await (await call('GET', `/api/posts/${id}`)).json()
      expect(post, name).toMatchObject({ ...TEXT, ...sent, ...kept })
    }
  })

  it('→ 422 for every text that breaks a rule, with the member, and writes nothing', async () => {
    const ann = await person()
    const { id } = await write(ann)
    for (const [name, json, pointer] of badTexts) {
      for (const [method, path] of [
        ['POST', '/api/posts'],
        ['PUT', `/api/posts/${id}`],
      ] as const) {
        const response = await call(method, path, { token: ann.token, json })
        expect(response.status, `${method} ${name}`).toBe(422)
        expect(trips(response), name).toBe(0)
        const { errors } = await response.json<Problem>()
        expect(
          errors?.map((e) => e.pointer),
          name,
        ).toContain(pointer)
      }
    }
    expect(await postsOf(ann)).toBe(1)
    expect(await (await call('GET', `/api/posts/${id}`)).json()).toMatchObject(TEXT)
  })

  it.each([
    ['', 'must not be empty'],
    [' \t ', 'must not be empty'],
    ['\u200b\u2060', 'must have at least one visible character'],
    ['\u3164\u115f', 'must have at least one visible character'],
    ['\ufffe', 'must have at least one visible character'],
    ['\u{1fffe}\ufdd0', 'must have at least one visible character'],
  ])('422 with the rule that the title %j breaks', async (title, rule) => {
    const ann = await person()
    const json = { ...TEXT, title }
    const response = await call('POST', '/api/posts', { token: ann.token, json })
    expect(response.status).toBe(422)
    const { errors } = await response.json<Problem>()
    expect(errors).toEqual([{ pointer: '#/title', detail: rule }])
  })

  it('accepts a noncharacter beside text, and characters that Unicode has not assigned yet', async () => {
    const ann = await person()
    for (const title of ['a\ufffe', '\u{378}', '\ue000'])
      expect((await write(ann, { title })).title).toBe(title)
  })

  it('accepts bodies up to 256 KiB', async () => {
    const ann = await person()
    const send = (bytes: number) => {
      const json = JSON.stringify(TEXT)
      return call('POST', '/api/posts', {
        token: ann.token,
        body: json + ' '.repeat(bytes - json.length),
        headers: { 'Content-Type': 'application/json' },
      })
    }
    expect((await send(256 * 1024)).status).toBe(201)
    expect((await send(256 * 1024 + 1)).status).toBe(413)
  })
})

describe('PUT and PATCH /api/posts/{id}', () => {
  it('→ 200 in one trip: PUT replaces the post, PATCH the members that are sent', async () => {
    const ann = await person()
    const { id, created_at } = await write(ann)
    const put = await call('PUT', `/api/posts/${id}`, {
      token: ann.token,
      json: { title: ' New ', content: 'new' },
    })
    expect([put.status, trips(put), put.headers.get('ETag')]).toEqual([200, 1, '"2.1"'])
    const post = await put.json<Post>()
    expect(post).toMatchObject({ id, title: 'New', content: 'new', created_at })
    expect(post.updated_at > created_at).toBe(true)

    const patch = await call('PATCH', `/api/posts/${id}`, {
      token: ann.token,
      json: { content: 'newer' },
    })
    expect([patch.status, trips(patch), patch.headers.get('ETag')]).toEqual([200, 1, '"3.1"'])
    const patched = await patch.json<Post>()
    expect(patched).toMatchObject({ title: 'New', content: 'newer', author: { id: ann.id } })
    expect(await (await call('GET', `/api/posts/${id}`)).json()).toEqual(patched)
  })

  it('→ 422 for a partial PUT and an empty PATCH', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const cases: [string, object][] = [
      ['PUT', { title: 'only' }],
      ['PUT', {}],
      ['PATCH', {}],
      ['PATCH', { titel: 'x' }],
      ['PATCH', { title: null }],
    ]
    for (const [method, json] of cases) {
      const response = await call(method, `/api/posts/${id}`, { token: ann.token, json })
      expect(response.status, `${method} ${JSON.stringify(json)}`).toBe(422)
    }
    expect(await (await call('GET', `/api/posts/${id}`)).json()).toMatchObject(TEXT)
  })
})

describe('the author of a post', () => {
  it('→ 403 for a change by anyone else', async () => {
    const [ann, bob, root] = await Promise.all([person('ann'), person('bob'), admin()])
    const { id, etag } = await write(ann)
    for (const other of [bob, root]) {
      for (const [method, json] of [
        ['PUT', TEXT],
        ['PATCH', { title: 'Mine now' }],
      ] as const) {
        for (const headers of [{}, { 'If-Match': etag }, { 'If-Match': '"9.9"' }]) {
          const response = await call(method, `/api/posts/${id}`, {
            token: other.token,
            json,
            headers,
          })
          expect([response.status, trips(response)], method).toEqual([403, 1])
          const { detail } = await response.json<Problem>()
          expect(detail).toBe('Not authorized to update this post')
        }
      }
    }
    expect((await call('GET', `/api/posts/${id}`)).headers.get('ETag')).toBe(etag)
  })

  it('→ 204 for a deletion by the author or an admin, in one trip; 403 for others', async () => {
    const [ann, bob, root] = await Promise.all([person('ann'), person('bob'), admin()])
    const [first, second] = [await write(ann), await write(ann)]
    const refused = await call('DELETE', `/api/posts/${first.id}`, { token: bob.token })
    expect([refused.status, trips(refused)]).toEqual([403, 1])
    expect((await refused.json<Problem>()).detail).toBe('Not authorized to delete this post')
    for (const [who, post] of [
      [ann, first],
      [root, second],
    ] as const) {
      const deleted = await call('DELETE', `/api/posts/${post.id}`, { token: who.token })
      expect([deleted.status, trips(deleted)]).toEqual([204, 1])
      expect((await call('GET', `/api/posts/${post.id}`)).status).toBe(404)
    }
  })

  it('an admin needs the scope and the present role for the posts of others', async () => {
    const [ann, root, former] = await Promise.all([person(), admin(), admin()])
    const { id } = await write(ann)
    const narrow = await signIn(root.email, root.password, { scope: 'posts:write' })
    await setRole(former.id, 'user')
    for (const { token } of [narrow, former]) {
      const response = await call('DELETE', `/api/posts/${id}`, { token })
      expect(response.status).toBe(403)
      expect((await response.json<Problem>()).detail).toBe('Not authorized to delete this post')
    }
    const own = await write({ ...root, ...narrow })
    expect((await call('DELETE', `/api/posts/${own.id}`, narrow)).status).toBe(204)
  })

  it('the posts of a disabled author stay', async () => {
    const ann = await person()
    const { id } = await write(ann)
    await disable(ann.id)
    expect((await call('GET', `/api/posts/${id}`)).status).toBe(200)
  })
})

/** All writes, on the post of this id. */
const writes = (id: number): [string, string, object | undefined][] => [
  ['POST', '/api/posts', TEXT],
  ['PUT', `/api/posts/${id}`, TEXT],
  ['PATCH', `/api/posts/${id}`, { title: 'New' }],
  ['DELETE', `/api/posts/${id}`, undefined],
]

describe('a client that may not write', () => {
  it('→ 401 invalid_token for an ended session, and changes nothing', async () => {
    const deaths: [string, (p: Person) => D1PreparedStatement][] = [
      ['signed out', (p) => env.DB.prepare('delete from sessions where user_id = ?').bind(p.id)],
      [
        'expired',
        (p) => env.DB.prepare('update sessions set expires_at = 1 where user_id = ?').bind(p.id),
      ],
      ['disabled', (p) => env.DB.prepare('update users set is_active = 0 where id = ?').bind(p.id)],
    ]
    for (const [name, die] of deaths) {
      const ann = await person()
      const { id, etag } = await write(ann)
      await die(ann).run()
      const keyed = { 'Idempotency-Key': 'k' }
      for (const [method, path, json] of [...writes(id), ['POST', '/api/posts', TEXT] as const]) {
        const response = await call(method, path, { token: ann.token, json, headers: keyed })
        expect([response.status, trips(response)], `${name}: ${method}`).toEqual([401, 1])
        expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
      }
      expect(await postsOf(ann)).toBe(1)
      expect((await call('GET', `/api/posts/${id}`)).headers.get('ETag')).toBe(etag)
    }
  })

  it('→ 401 without a token, 403 without the scope, before any trip', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const narrow = await signIn(ann.email, ann.password, { scope: 'account' })
    for (const [method, path, json] of writes(id)) {
      const anonymous = await call(method, path, { json })
      expect([anonymous.status, trips(anonymous)], method).toEqual([401, 0])
      const narrowed = await call(method, path, { json, token: narrow.token })
      expect([narrowed.status, trips(narrowed)], method).toEqual([403, 0])
      expect(narrowed.headers.get('WWW-Authenticate')).toContain('scope="posts:write"')
    }
  })

  it('→ 404 for a missing post, for every client', async () => {
    const ann = await person()
    for (const id of [999_999_999, Number.MAX_SAFE_INTEGER]) {
      for (const [method, path, json] of writes(id).slice(1)) {
        const response = await call(method, path, { token: ann.token, json })
        expect([response.status, trips(response)], method).toEqual([404, 1])
        expect((await response.json<Problem>()).detail).toBe('Post not found')
      }
    }
    for (const id of ['0', '-1', 'x', '1.5', '1e3', '99999999999999999999', '%00']) {
      const response = await call('DELETE', `/api/posts/${id}`, { token: ann.token })
      expect(response.status, id).toBe(422)
    }
  })
})
