import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Post } from '../../src/posts/schemas'
import { call, trips } from '../support/client'
import { TEXT, write, writeMany } from '../support/posts'
import { person } from '../support/users'

const PUBLIC = 'public, max-age=0, must-revalidate'

describe('the version of a post', () => {
  it('is a strong ETag that changes with the post and with the public profile of its author', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const tag = async () => (await call('GET', `/api/posts/${id}`)).headers.get('ETag')
    expect(await tag()).toBe('"1.1"')
    await call('PATCH', `/api/posts/${id}`, { token: ann.token, json: { title: 'New' } })
    expect(await tag()).toBe('"2.1"')
    await call('PATCH', '/api/users/me', { token: ann.token, json: { full_name: 'Ann A.' } })
    expect(await tag()).toBe('"2.2"')
  })

  it('→ 304 for a client that has it, without a body, in one trip', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const path = `/api/posts/${id}`
    const same = ['"1.1"', 'W/"1.1"', '*', '"0.1", "1.1"', '"a",W/"1.1" ,"b"', ' "1.1" ']
    const other = ['"1.2"', '1.1', "'1.1'", '"1.1', '""', 'W/', ',', '"1.1x"']
    for (const known of same) {
      const response = await call('GET', path, { headers: { 'If-None-Match': known } })
      expect([response.status, trips(response)], known).toEqual([304, 1])
      expect(response.headers.get('ETag')).toBe('"1.1"')
      expect(response.headers.get('Cache-Control')).toBe(PUBLIC)
    }
    for (const known of other) {
      const response = await call('GET', path, { headers: { 'If-None-Match': known } })
      expect(response.status, known).toBe(200)
    }
    const gone = await call('GET', '/api/posts/999999999', { headers: { 'If-None-Match': '*' } })
    expect(gone.status).toBe(404)
  })

  it('of a page changes with each post on it, and when one comes or goes', async () => {
    const ann = await person()
    await writeMany(ann.id, 3)
    const { id } = await write(ann)
    for (const path of [`/api/posts?author=${ann.id}`, `/api/users/${ann.id}/posts`]) {
      const read = async (known?: string) =>
        call('GET', path, { ...(known && { headers: { 'If-None-Match': known } }) })
      const tag = async () => (await read()).headers.get('ETag') as string
      const seen = new Set([await tag()])
      expect((await read(await tag())).status).toBe(304)
      expect((await read('"other"')).status).toBe(200)
      await call('PATCH', `/api/posts/${id}`, { token: ann.token, json: { title: 'New' } })
      seen.add(await tag())
      await writeMany(ann.id, 1)
      seen.add(await tag())
      await call('PATCH', '/api/users/me', { token: ann.token, json: { full_name: path } })
      seen.add(await tag())
      expect(seen.size, path).toBe(4)
    }
  })

  it('HEAD → the same ETag, without a body', async () => {
    const ann = await person()
    const { id, etag } = await write(ann)
    const head = await call('HEAD', `/api/posts/${id}`)
    expect([head.status, head.headers.get('ETag'), await head.text()]).toEqual([200, etag, ''])
    expect(head.headers.get('Content-Type')).toBe('application/json')
    const same = await call('HEAD', `/api/posts/${id}`, { headers: { 'If-None-Match': etag } })
    expect(same.status).toBe(304)
    expect((await call('HEAD', '/api/posts/999999999')).status).toBe(404)
    expect((await call('HEAD', '/api/posts')).status).toBe(200)
  })
})

describe('who may keep an answer', () => {
  it('Cache-Control: public with revalidation for anonymous requests, else no-store', async () => {
    const ann = await person()
    const { id } = await write(ann)
    for (const path of [
      `/api/posts/${id}`,
      '/api/posts',
      '/api/posts?q=x',
      `/api/users/${ann.id}/posts`,
    ]) {
      const kept = async (options = {}) =>
        (await call('GET', path, options)).headers.get('Cache-Control')
      expect(await kept(), path).toBe(PUBLIC)
      expect(await kept({ token: ann.token }), path).toBe('no-store')
      expect(await kept({ token: 'forged' }), path).toBe('no-store')
      expect(await kept({ cookie: 'a=b' }), path).toBe('no-store')
    }
    expect((await call('GET', '/api/posts/999999999')).headers.get('Cache-Control')).toBe(
      'no-store',
    )
    expect((await call('GET', '/api/posts?limit=0')).headers.get('Cache-Control')).toBe('no-store')
  })
})

describe('If-Match', () => {
  const methods = ['PUT', 'PATCH', 'DELETE'] as const

  it('→ 200 for the current version', async () => {
    const ann = await person()
    const matching = ['"1.1"', '*', ' * ', '"7.7", "1.1"', '"1.1",', 'W/"1.1", "1.1"']
    for (const method of methods) {
      for (const tag of matching) {
        const { id } = await write(ann)
        const response = await call(method, `/api/posts/${id}`, {
          token: ann.token,
          headers: { 'If-Match': tag },
          ...(method !== 'DELETE' && { json: TEXT }),
        })
        expect(response.status, `${method} ${tag}`).toBe(method === 'DELETE' ? 204 : 200)
        expect(trips(response)).toBe(1)
      }
    }
  })

  it('→ 412 with the current version for any other, and changes nothing', async () => {
    const ann = await person()
    const { id } = await write(ann)
    for (const method of methods) {
      for (const tag of ['"1.2"', '"2.1"', 'W/"1.1"', '""', '"01.1"', '"x", W/"1.1"']) {
        const response = await call(method, `/api/posts/${id}`, {
          token: ann.token,
          headers: { 'If-Match': tag },
          ...(method !== 'DELETE' && { json: { ...TEXT, title: 'Lost' } }),
        })
        expect([response.status, trips(response)], `${method} ${tag}`).toEqual([412, 1])
        expect(response.headers.get('ETag')).toBe('"1.1"')
      }
      for (const tag of ['1.1', 'x', ',', '"1.1', '"1.1 "', '*, "1.1"', '"1.1" x', '"x" "1.1"']) {
        const response = await call(method, `/api/posts/${id}`, {
          token: ann.token,
          headers: { 'If-Match': tag },
          ...(method !== 'DELETE' && { json: TEXT }),
        })
        expect([response.status, trips(response)], `${method} ${tag}`).toEqual([422, 0])
      }
    }
    expect(await (await call('GET', `/api/posts/${id}`)).json()).toMatchObject(TEXT)
  })

  it('in twenty parallel edits of one version → one 200, and 412 for the others', async () => {
    const ann = await person()
    const { id, etag } = await write(ann)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call('PATCH', `/api/posts/${id}`, {
          token: ann.token,
          json: { title: `Editor ${i}` },
          headers: { 'If-Match': etag },
        }),
      ),
    )
    const winners = answers.filter((answer) => answer.status === 200)
    expect(answers.filter((answer) => answer.status === 412).length).toBe(19)
    expect(winners.length).toBe(1)
    const post = await (await call('GET', `/api/posts/${id}`)).json<Post>()
    expect(post).toEqual(await winners[0]?.json())
  })

  it('→ 404 for a missing post', async () => {
    const ann = await person()
    const gone = { token: ann.token, headers: { 'If-Match': '*' } }
    expect((await call('DELETE', '/api/posts/999999999', gone)).status).toBe(404)
  })
})

describe('X-D1-Bookmark', () => {
  const BOOKMARK = /^[0-9a-f]{8}(-[0-9a-f]{8,32}){3}$/

  /** Where the session with D1 began that answered this request. */
  async function begin(method: string, path: string, options = {}) {
    const { withSession } = env.DB
    const begun: unknown[] = []
    env.DB.withSession = function (this: D1Database, at?: string) {
      begun.push(at)
      return withSession.call(env.DB, at)
    } as typeof withSession
    try {
      await call(method, path, options)
    } finally {
      env.DB.withSession = withSession
    }
    return begun
  }

  it('returned with a read → the next anonymous read is at least as recent', async () => {
    const ann = await person()
    const made = await call('POST', '/api/posts', { token: ann.token, json: TEXT })
    const bookmark = made.headers.get('X-D1-Bookmark') as string
    expect(bookmark).toMatch(BOOKMARK)
    const headers = { 'X-D1-Bookmark': bookmark }
    expect(await begin('GET', '/api/posts', { headers })).toEqual([bookmark])
    const read = await call('GET', '/api/posts', { headers })
    const next = read.headers.get('X-D1-Bookmark') as string
    expect(next >= bookmark).toBe(true)
  })

  it('any replica answers a read that names none; the primary all that has credentials or writes', async () => {
    const ann = await person()
    const { id } = await write(ann)
    const bookmark = '00000001-00000002-00000003-0123456789abcdef0123456789abcdef'
    const headers = { 'X-D1-Bookmark': bookmark }
    expect(await begin('GET', '/api/posts')).toEqual(['first-unconstrained'])
    expect(await begin('HEAD', `/api/posts/${id}`)).toEqual(['first-unconstrained'])
    const primary: [string, string, object][] = [
      ['GET', '/api/users/me', { token: ann.token, headers }],
      ['GET', '/api/posts', { token: ann.token, headers }],
      ['GET', '/api/posts', { cookie: 'a=b', headers }],
      ['PATCH', `/api/posts/${id}`, { token: ann.token, json: { title: 'x' }, headers }],
      ['POST', '/api/users/token', { form: { username: 'nobody', password: 'x' }, headers }],
    ]
    for (const [method, path, options] of primary)
      expect(await begin(method, path, options), `${method} ${path}`).toEqual(['first-primary'])
  })

  it('an invalid bookmark is not passed to D1', async () => {
    for (const text of [
      '',
      'x',
      'first-unconstrained',
      'a'.repeat(5000),
      `0'--`,
      '00000001-2-3-4',
    ]) {
      const headers = { 'X-D1-Bookmark': text }
      expect(await begin('GET', '/api/posts', { headers }), text).toEqual(['first-primary'])
    }
  })
})
