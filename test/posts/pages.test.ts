/** The size of a page: at most 512 KiB of JSON, whatever its rows are, and at least one row. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { PostPage } from '../../src/posts/schemas'
import { type Call, call, trips } from '../support/client'
import { readAll, readPage, write } from '../support/posts'
import { admin, freshName, person, register } from '../support/users'

const MAXIMUM = 512 * 1024
const freshWord = () => freshName('w').replace(/[^a-z0-9]/g, '')

/** Puts posts with this content into D1, each with `word` in its title. Returns their ids. */
async function plant(authorId: number, count: number, content: string, word = 'x') {
  const ids: number[] = []
  for (let i = 0; i < count; i++) {
    const id = await env.DB.prepare(
      'insert into posts (author_id, title, content, created_at, updated_at) values (?, ?, ?, 1, 1) returning id',
    )
      .bind(authorId, word, content)
      .first<number>('id')
    ids.unshift(id as number)
  }
  return ids
}

/** Every page of a list: the size of its answer, and its posts. */
async function pagesOf(path: string, options: Call = {}) {
  const pages: { bytes: number; page: PostPage }[] = []
  for (let cursor = ''; ; ) {
    const response = await call('GET', `${path}&limit=100${cursor}`, options)
    expect([response.status, trips(response)], path).toEqual([200, 1])
    const text = await response.text()
    const page = JSON.parse(text) as PostPage
    pages.push({ bytes: new TextEncoder().encode(text).length, page })
    if (!page.next_cursor) return pages
    cursor = `&cursor=${page.next_cursor}`
  }
}

const contents: [string, string][] = [
  ['50 000 emoji, 200 kB', '😀'.repeat(50_000)],
  ['50 000 characters of three bytes', '中'.repeat(50_000)],
  ['50 000 quotes, which JSON doubles', '"'.repeat(50_000)],
  ['50 000 line breaks, which JSON doubles', '\n'.repeat(50_000)],
  ['5 000 letters', 'x'.repeat(5000)],
]

describe('lists of posts', () => {
  it.each(contents)('end before 512 KiB, and the next page goes on: %s', async (_, content) => {
    const ann = await register()
    const word = freshWord()
    const ids = await plant(ann.id, 23, content, word)
    const size = JSON.stringify(content).length
    for (const path of [
      `/api/posts?author=${ann.id}`,
      `/api/users/${ann.id}/posts?`,
      `/api/posts?q=${word}`,
      `/api/posts?q=${word}&author=${ann.id}`,
    ]) {
      const pages = await pagesOf(path)
      expect(
        pages.flatMap(({ page }) => page.posts.map(({ id }) => id)),
        path,
      ).toEqual(ids)
      for (const { bytes, page } of pages) {
        expect(bytes, path).toBeLessThanOrEqual(MAXIMUM)
        expect(page.posts.length).toBeGreaterThan(0)
        expect(page.posts[0]?.content).toBe(content)
        // A page is not shorter than it must be.
        if (page.next_cursor) expect(bytes + 4 * size, path).toBeGreaterThan(MAXIMUM - 2048)
      }
    }
  })

  it('of all users end before 512 KiB too', async () => {
    const ann = await register()
    await plant(ann.id, 12, '😀'.repeat(50_000))
    const response = await call('GET', '/api/posts?limit=100')
    const text = await response.text()
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(MAXIMUM)
    const { posts, next_cursor } = JSON.parse(text) as PostPage
    expect(posts.length).toBe(2)
    expect(next_cursor).not.toBeNull()
  })

  it('with posts of every size have each post once', async () => {
    const ann = await register()
    const ids: number[] = []
    for (let i = 0; i < 60; i++) {
      const length = [1, 300, 7000, 50_000][i % 4] as number
      ids.unshift(...(await plant(ann.id, 1, (i % 8 < 4 ? '😀' : '"').repeat(length))))
    }
    for (const limit of [3, 20, 100]) {
      const posts = await readAll(`/api/posts?author=${ann.id}`, limit)
      expect(posts.map(({ id }) => id)).toEqual(ids)
    }
  })

  it('a single post of a page may have any size', async () => {
    const ann = await person()
    const { id } = await write(ann, { title: '😀'.repeat(200), content: '😀'.repeat(50_000) })
    const { posts, next_cursor } = await readPage(`/api/posts?author=${ann.id}&limit=1`)
    expect([posts[0]?.id, next_cursor]).toEqual([id, null])
  })
})

describe('view=excerpt', () => {
  it('cuts content after 400 characters, and says so', async () => {
    const ann = await person()
    const word = freshWord()
    const long = await write(ann, { title: word, content: '😀'.repeat(401) })
    const short = await write(ann, { title: word, content: '😀'.repeat(400) })
    for (const path of [
      `/api/posts?author=${ann.id}`,
      `/api/users/${ann.id}/posts?`,
      `/api/posts?q=${word}`,
    ]) {
      const { posts } = await readPage(`${path}&view=excerpt`)
      const { etag: _, ...whole } = short
      expect(posts, path).toEqual([
        whole,
        { ...posts[1], id: long.id, content: '😀'.repeat(400), excerpt: true },
      ])
      const full = await readPage(`${path}&view=full`)
      expect(full, path).toEqual(await readPage(path))
      expect(full.posts[1]?.content, path).toBe(long.content)
      expect(full.posts[1]?.excerpt, path).toBeUndefined()
    }
  })

  it('has an ETag of its own, and cursors that fit the other view', async () => {
    const ann = await person()
    for (let i = 0; i < 3; i++) await write(ann)
    const path = `/api/posts?author=${ann.id}&limit=1`
    const [full, excerpt] = await Promise.all([
      call('GET', path),
      call('GET', `${path}&view=excerpt`),
    ])
    expect(full.headers.get('ETag')).not.toBe(excerpt.headers.get('ETag'))
    const headers = { 'If-None-Match': full.headers.get('ETag') as string }
    expect((await call('GET', path, { headers })).status).toBe(304)
    expect((await call('GET', `${path}&view=excerpt`, { headers })).status).toBe(200)
    const { next_cursor } = await full.json<PostPage>()
    const next = await call('GET', `${path}&view=excerpt&cursor=${next_cursor}`)
    expect(next.status).toBe(200)
  })

  it('has many posts on a page that are too large for one in full', async () => {
    const ann = await register()
    const ids = await plant(ann.id, 30, 'x'.repeat(50_000))
    const [first, ...rest] = await pagesOf(`/api/posts?author=${ann.id}&view=excerpt`)
    expect(first?.page.posts.length).toBe(30)
    expect(first?.bytes).toBeLessThan(30 * 2048)
    expect(rest).toEqual([])
    expect((await readPage(`/api/posts?author=${ann.id}&limit=100`)).posts.length).toBe(10)
    expect(first?.page.posts.map(({ id }) => id)).toEqual(ids)
  })

  it('goes on after the contents that D1 reads for one page', async () => {
    const ann = await register()
    const word = freshWord()
    const ids = await plant(ann.id, 23, '😀'.repeat(50_000), word)
    for (const path of [
      `/api/posts?author=${ann.id}`,
      `/api/users/${ann.id}/posts?`,
      `/api/posts?q=${word}`,
    ]) {
      const pages = await pagesOf(`${path}&view=excerpt`)
      expect(pages.length, path).toBe(3)
      expect(
        pages.flatMap(({ page }) => page.posts.map(({ id }) => id)),
        path,
      ).toEqual(ids)
    }
  })

  it('422 for another view', async () => {
    for (const query of ['view=', 'view=short', 'view=full&view=full']) {
      const response = await call('GET', `/api/posts?${query}`)
      expect([response.status, trips(response)], query).toEqual([422, 0])
      expect(await response.json()).toMatchObject({ errors: [{ pointer: '#/view' }] })
    }
  })
})

describe('all other lists', () => {
  it('stay below 512 KiB with 100 of the largest rows that they can have', async () => {
    const [ann, root] = await Promise.all([person(), admin()])
    const many = JSON.stringify(Array.from({ length: 120 }, (_, i) => i))
    const rows: [string, ...unknown[]][] = [
      [
        `insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at, user_agent, location)
         select 'page-' || ?1 || '-' || value, ?1, 'c', '', 1, 1, 1, 9e12, ?2, ?3 from json_each(?4)`,
        ann.id,
        '\u00ff'.repeat(255),
        '\u{10ffff}'.repeat(100),
        many,
      ],
      [
        `insert into events (user_id, type, at, session_id, location)
         select ?, 'login', 1, ?, ? from json_each(?)`,
        ann.id,
        'x'.repeat(22),
        '\u{10ffff}'.repeat(100),
        many,
      ],
      [
        `insert into users (username, username_key, email, email_key, password_hash, full_name, avatar_key, created_at)
         select 'page' || value, 'page' || value, value || ?1, value || ?1, 'x', ?2, ?3, 1 from json_each(?4)`,
        `@${'x'.repeat(240)}.example`,
        '\u{10ffff}'.repeat(100),
        'x'.repeat(100),
        many,
      ],
    ]
    await env.DB.batch(rows.map(([sql, ...values]) => env.DB.prepare(sql).bind(...values)))
    const lists: [string, string][] = [
      ['/api/users/me/sessions', ann.token],
      ['/api/users/me/events', ann.token],
      ['/api/admin/users', root.token],
      ['/api/admin/events', root.token],
    ]
    for (const [path, token] of lists) {
      const response = await call('GET', `${path}?limit=100`, { token })
      const text = await response.text()
      const body = JSON.parse(text) as Record<string, unknown[]>
      const items = Object.values(body).find(Array.isArray)
      expect(items?.length, path).toBe(100)
      expect(new TextEncoder().encode(text).length, path).toBeLessThanOrEqual(MAXIMUM)
    }
    await env.DB.prepare("delete from users where username like 'page%'").run()
  })
})
