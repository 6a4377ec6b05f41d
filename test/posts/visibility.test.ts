/** A private post exists for its author alone. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Post } from '../../src/posts/schemas'
import { type Call, call, trips, workerWith } from '../support/client'
import { readAll, readPage, TEXT, write, writeMany } from '../support/posts'
import { admin, disable, freshName, type Person, person, signIn } from '../support/users'

const freshWord = () => freshName('w').replace(/[^a-z0-9]/g, '')

async function writePrivate(author: Person, text: Partial<typeof TEXT> = {}): Promise<Post> {
  const json = { ...TEXT, ...text, visibility: 'private' }
  const response = await call('POST', '/api/posts', { token: author.token, json })
  expect([response.status, trips(response)]).toEqual([201, 1])
  return response.json<Post>()
}

/** Everyone but the author: without a token, with another user's, with an admin's. */
async function others(): Promise<[string, Call][]> {
  const [bob, root] = await Promise.all([person('bob'), admin()])
  return [
    ['anonymous', {}],
    ['another user', { token: bob.token }],
    ['an admin', { token: root.token }],
  ]
}

describe('GET /api/posts/{id} of a private post', () => {
  it('200 with the ETag and no-store for its author, 304 for the current version', async () => {
    const ann = await person()
    const post = await writePrivate(ann)
    expect(post.visibility).toBe('private')
    const path = `/api/posts/${post.id}`
    const read = await call('GET', path, { token: ann.token })
    expect([read.status, trips(read)]).toEqual([200, 1])
    expect(read.headers.get('Cache-Control')).toBe('no-store')
    expect(read.headers.get('ETag')).toBe('"1.1"')
    expect(await read.json()).toEqual(post)
    const headers = { 'If-None-Match': '"1.1"' }
    const same = await call('GET', path, { token: ann.token, headers })
    expect([same.status, same.headers.get('Cache-Control')]).toEqual([304, 'no-store'])
  })

  it('404 post-not-found for all others, also with its ETag, exactly as for no post', async () => {
    const ann = await person()
    const { id } = await writePrivate(ann)
    for (const [name, options] of await others()) {
      for (const known of ['"1.1"', '*']) {
        const headers = { 'If-None-Match': known }
        const response = await call('GET', `/api/posts/${id}`, { ...options, headers })
        const unknown = await call('GET', '/api/posts/999999999', { ...options, headers })
        expect([response.status, response.headers.get('ETag')], name).toEqual([404, null])
        const [body, other] = await Promise.all([response.json(), unknown.json()])
        expect(body).toEqual({ ...(other as object), request_id: expect.any(String) })
      }
    }
    const head = await call('HEAD', `/api/posts/${id}`)
    expect(head.status).toBe(404)
  })

  it('404 for a token of its author without the scope posts:write', async () => {
    const ann = await person()
    const { id } = await writePrivate(ann)
    const { token } = await signIn(ann.email, ann.password, { scope: 'account' })
    expect((await call('GET', `/api/posts/${id}`, { token })).status).toBe(404)
    const { posts } = await readPage(`/api/users/${ann.id}/posts`, { token })
    expect(posts).toEqual([])
  })
})

describe('a token on a public read', () => {
  it('changes nothing when it is malformed, forged, expired or of another scheme', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const hidden = await writePrivate(ann)
    const paths = [`/api/posts/${id}`, '/api/posts', '/api/posts?q=x', `/api/users/${ann.id}/posts`]
    const headers = ['Bearer forged', 'Bearer', `Bearer ${ann.token.slice(0, -2)}xx`, 'Basic eDp5']
    for (const Authorization of headers) {
      for (const path of paths) {
        const [given, none] = await Promise.all([
          call('GET', path, { headers: { Authorization } }),
          call('GET', path),
        ])
        expect([given.status, trips(given)], path).toEqual([200, 1])
        expect(given.headers.get('Cache-Control'), path).toBe('no-store')
        expect(await given.json(), path).toEqual(await none.json())
      }
      const read = await call('GET', `/api/posts/${hidden.id}`, { headers: { Authorization } })
      expect([read.status, trips(read)]).toEqual([404, 1])
    }
  })

  it('shows no private post from the request after its session has ended or its user was disabled', async () => {
    const ann = await person()
    const shown = await write(ann)
    const post = await writePrivate(ann)
    const { token } = await signIn(ann.email)
    const lists = [`/api/posts?author=${ann.id}`, `/api/users/${ann.id}/posts`]
    const seen = async (token: string) => {
      const read = await call('GET', `/api/posts/${post.id}`, { token })
      const pages = await Promise.all(lists.map((path) => readPage(path, { token })))
      expect(trips(read)).toBe(1)
      return [read.status, ...pages.map(({ posts }) => posts.length)]
    }
    expect(await seen(token)).toEqual([200, 2, 2])
    await call('DELETE', '/api/users/me/sessions', { token: ann.token })
    expect(await seen(token)).toEqual([404, 1, 1])
    expect(await seen(ann.token)).toEqual([200, 2, 2])
    await disable(ann.id)
    expect(await seen(ann.token)).toEqual([404, 1, 1])
    expect((await readPage(lists[0] as string)).posts[0]?.id).toBe(shown.id)
  })
})

describe('lists', () => {
  it('have private posts only for their author, and only in the own list', async () => {
    const ann = await person()
    const word = freshWord()
    const shown = await write(ann, { title: word })
    const hidden = await writePrivate(ann, { title: word })
    const last = await write(ann, { content: word })
    const own = [`/api/posts?author=${ann.id}`, `/api/users/${ann.id}/posts`]
    const open = [
      ...own,
      '/api/posts?limit=3',
      `/api/posts?q=${word}`,
      `/api/posts?q=${word}&author=${ann.id}`,
    ]
    const ids = async (path: string, options: Call = {}) =>
      (await readPage(path, options)).posts.map(({ id }) => id)
    for (const path of own) {
      const response = await call('GET', path, { token: ann.token })
      expect([trips(response), response.headers.get('Cache-Control')]).toEqual([1, 'no-store'])
      expect(await ids(path, { token: ann.token }), path).toEqual([last.id, hidden.id, shown.id])
      const excerpts = await ids(`${path}${path.includes('?') ? '&' : '?'}view=excerpt`, {
        token: ann.token,
      })
      expect(excerpts).toContain(hidden.id)
    }
    for (const path of open.slice(2))
      expect(await ids(path, { token: ann.token }), path).not.toContain(hidden.id)
    for (const [name, options] of await others()) {
      for (const path of open) {
        const found = await ids(path, options)
        expect(found, `${name} ${path}`).not.toContain(hidden.id)
        if (path !== '/api/posts?limit=3')
          expect(found, path).toEqual(expect.arrayContaining([shown.id, last.id]))
      }
    }
  })

  it('have pages and cursors as if private posts did not exist', async () => {
    const ann = await person()
    const made = await writeMany(ann.id, 9)
    await env.DB.prepare(
      "update posts set visibility = 'private' where author_id = ? and id % 3 = 0",
    )
      .bind(ann.id)
      .run()
    const open = made.filter((id) => id % 3 > 0).reverse()
    for (const path of [
      `/api/posts?author=${ann.id}`,
      `/api/users/${ann.id}/posts`,
      `/api/posts?q=words&author=${ann.id}`,
    ]) {
      expect(
        (await readAll(path, 2)).map(({ id }) => id),
        path,
      ).toEqual(open)
      const page = await readPage(`${path}${path.includes('?') ? '&' : '?'}limit=${open.length}`)
      expect(page.next_cursor, path).toBeNull()
    }
  })

  it('422 for a cursor of the own list without the token, and the other way round', async () => {
    const ann = await person()
    await writeMany(ann.id, 3)
    for (const path of [
      `/api/posts?author=${ann.id}&limit=1`,
      `/api/users/${ann.id}/posts?limit=1`,
    ]) {
      const own = await readPage(path, { token: ann.token })
      const open = await readPage(path)
      const status = async (cursor: string | null, options: Call) =>
        (await call('GET', `${path}&cursor=${cursor}`, options)).status
      expect(await status(own.next_cursor, { token: ann.token })).toBe(200)
      expect(await status(open.next_cursor, {})).toBe(200)
      expect(await status(own.next_cursor, {})).toBe(422)
      expect(await status(open.next_cursor, { token: ann.token })).toBe(422)
    }
  })
})

describe('changes', () => {
  it('404 for all others who would change or delete a private post, also for admins', async () => {
    const ann = await person()
    const post = await writePrivate(ann)
    const path = `/api/posts/${post.id}`
    for (const [name, options] of (await others()).slice(1)) {
      for (const headers of [{}, { 'If-Match': '"1.1"' }, { 'If-Match': '"9.9"' }] as Record<
        string,
        string
      >[]) {
        const requests: [string, Call][] = [
          ['PUT', { ...options, headers, json: TEXT }],
          ['PATCH', { ...options, headers, json: { visibility: 'public' } }],
          ['DELETE', { ...options, headers }],
        ]
        for (const [method, request] of requests) {
          const response = await call(method, path, request)
          expect([response.status, response.headers.get('ETag')], `${name} ${method}`).toEqual([
            404,
            null,
          ])
        }
      }
    }
    expect(await (await call('GET', path, { token: ann.token })).json()).toEqual(post)
  })

  it('of visibility are changes of the version, and hold at once everywhere', async () => {
    const ann = await person()
    const word = freshWord()
    const { id } = await write(ann, { title: word })
    const path = `/api/posts/${id}`
    const found = async () => (await readPage(`/api/posts?q=${word}`)).posts.length
    const listed = async () => (await readPage(`/api/users/${ann.id}/posts`)).posts.length
    const set = async (visibility: string) => {
      const response = await call('PATCH', path, { token: ann.token, json: { visibility } })
      expect((await response.json<Post>()).visibility).toBe(visibility)
      return response.headers.get('ETag')
    }
    expect([await found(), await listed()]).toEqual([1, 1])
    expect(await set('private')).toBe('"2.1"')
    expect([await found(), await listed()]).toEqual([0, 0])
    const stale = await call('GET', path, { headers: { 'If-None-Match': '"1.1"' } })
    expect(stale.status).toBe(404)
    // While it is private, its new words are not indexed either.
    await call('PATCH', path, { token: ann.token, json: { content: word } })
    expect(await found()).toBe(0)
    expect(await set('public')).toBe('"4.1"')
    expect([await found(), await listed()]).toEqual([1, 1])
  })

  it('PUT without visibility keeps it', async () => {
    const ann = await person()
    const { id } = await writePrivate(ann)
    const put = async (json: object) =>
      (await call('PUT', `/api/posts/${id}`, { token: ann.token, json })).json<Post>()
    expect((await put({ title: 'a', content: 'b' })).visibility).toBe('private')
    expect((await put({ ...TEXT, visibility: 'public' })).visibility).toBe('public')
    expect((await put(TEXT)).visibility).toBe('public')
  })

  it('an Idempotency-Key with another visibility is another body', async () => {
    const ann = await person()
    const send = (json: object) =>
      call('POST', '/api/posts', { token: ann.token, json, headers: { 'Idempotency-Key': 'v' } })
    const first = await (await send({ ...TEXT, visibility: 'private' })).json<Post>()
    expect(first.visibility).toBe('private')
    expect(await (await send({ ...TEXT, visibility: 'private' })).json()).toEqual(first)
    expect((await send(TEXT)).status).toBe(422)
    const plain = { ...TEXT, title: 'Plain' }
    const key = { token: ann.token, headers: { 'Idempotency-Key': 'p' } }
    const open = await (await call('POST', '/api/posts', { ...key, json: plain })).json<Post>()
    const said = { ...plain, visibility: 'public' }
    expect(await (await call('POST', '/api/posts', { ...key, json: said })).json()).toEqual(open)
  })
})

it('no answer for others has a word of a private post, whatever is asked', async () => {
  const ann = await person()
  const word = freshWord()
  const post = await writePrivate(ann, { title: `${word} title`, content: `${word} content` })
  const document = await (await call('GET', '/openapi.json')).json<{
    paths: Record<string, Record<string, object>>
  }>()
  const worker = workerWith({})
  for (const [, options] of await others()) {
    for (const [path, operations] of Object.entries(document.paths)) {
      if (!operations.get || path === '/ready') continue
      const filled = path
        .replace('posts/{id}', `posts/${post.id}`)
        .replace('{id}', `${ann.id}`)
        .replace('{key}', 'x')
      for (const query of ['', `?q=${word}`, `?author=${ann.id}`, '?limit=100']) {
        const text = await (await worker('GET', filled + query, options)).text()
        // A refusal may quote the query.
        if (query !== `?q=${word}`) expect(text, filled + query).not.toContain(word)
        expect(text, filled + query).not.toContain(`${word} title`)
      }
    }
  }
  const own = await (await call('GET', '/api/users/me/export', { token: ann.token })).json<{
    posts: Post[]
  }>()
  expect(own.posts).toMatchObject([{ id: post.id, visibility: 'private' }])
})
