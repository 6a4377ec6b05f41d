import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import { call, trips } from '../support/client'
import { readAll, readPage, write, writeMany } from '../support/posts'
import { person, register } from '../support/users'

const ids = (posts: { id: number }[]) => posts.map((post) => post.id)

describe('GET /api/posts', () => {
  it('→ 200 with the newest first, twenty by default, in one trip', async () => {
    const ann = await register()
    const made = (await writeMany(ann.id, 25)).reverse()
    const response = await call('GET', '/api/posts')
    expect([response.status, trips(response)]).toEqual([200, 1])
    expect(ids((await readPage('/api/posts')).posts)).toEqual(made.slice(0, 20))
    expect(ids((await readPage('/api/posts?limit=3')).posts)).toEqual(made.slice(0, 3))
    expect((await readPage('/api/posts?limit=100')).posts.length).toBeLessThanOrEqual(100)
  })

  it('shows each post as GET /api/posts/{id} does, with no private data of authors', async () => {
    const ann = await person()
    const { id } = await write(ann, { title: 'Seen twice' })
    const [inList] = (await readPage('/api/posts?limit=1')).posts
    expect(inList).toEqual(await (await call('GET', `/api/posts/${id}`)).json())
    expect(Object.keys(inList?.author ?? {}).sort()).toEqual(
      'created_at full_name id image_url username'.split(' '),
    )
  })

  it('?author → the posts of one author, or an empty list', async () => {
    const [ann, bob] = await Promise.all([register('ann'), register('bob')])
    const made = (await writeMany(ann.id, 5)).reverse()
    await writeMany(bob.id, 5)
    for (const path of [`/api/posts?author=${ann.id}`, `/api/users/${ann.id}/posts`]) {
      expect(ids(await readAll(path, 2)), path).toEqual(made)
      const response = await call('GET', path)
      expect(trips(response), path).toBe(1)
    }
    for (const path of ['/api/posts?author=999999999', '/api/posts?q=xyzzyxyzzy']) {
      expect(await readPage(path), path).toEqual({ posts: [], next_cursor: null })
    }
  })

  it('has no next page after the last post, also when that fills its page', async () => {
    const ann = await register()
    await writeMany(ann.id, 4)
    const path = `/api/posts?author=${ann.id}&limit=2`
    const first = await readPage(path)
    expect(first.next_cursor).not.toBeNull()
    const second = await readPage(`${path}&cursor=${first.next_cursor}`)
    expect([second.posts.length, second.next_cursor]).toEqual([2, null])
  })

  it('→ 422 for every wrong query, with the parameter', async () => {
    const cases: [string, string][] = [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['limit=-1', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=1e1', 'limit'],
      ['limit=', 'limit'],
      ['limit=ten', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['author=0', 'author'],
      ['author=ann', 'author'],
      ['author=1&author=2', 'author'],
      ['author=99999999999999999999', 'author'],
      [`q=${'x'.repeat(201)}`, 'q'],
      ['q=a&q=b', 'q'],
      ['cursor=', 'cursor'],
      ['cursor=x', 'cursor'],
      ['cursor=a&cursor=b', 'cursor'],
      [`cursor=${'A'.repeat(2000)}`, 'cursor'],
      ['offset=10', 'offset'],
    ]
    for (const [query, member] of cases) {
      const response = await call('GET', `/api/posts?${query}`)
      expect([response.status, trips(response)], query).toEqual([422, 0])
      const { errors } = await response.json<Problem>()
      expect(
        errors?.map((e) => e.pointer),
        query,
      ).toEqual([`#/${member}`])
    }
  })
})

describe('GET /api/users/{id}/posts', () => {
  it('→ 404 for an unknown user, 200 for one without posts, in one trip', async () => {
    const ann = await register()
    const empty = await call('GET', `/api/users/${ann.id}/posts`)
    expect([empty.status, trips(empty)]).toEqual([200, 1])
    expect(await empty.json()).toEqual({ posts: [], next_cursor: null })
    const unknown = await call('GET', '/api/users/999999999/posts')
    expect([unknown.status, trips(unknown)]).toEqual([404, 1])
    expect((await unknown.json<Problem>()).detail).toBe('User not found')
  })
})

describe('cursors', () => {
  it('work only for their own list, and unchanged', async () => {
    const [ann, bob] = await Promise.all([register('ann'), register('bob')])
    await writeMany(ann.id, 3)
    await writeMany(bob.id, 3)
    const lists = [
      '/api/posts?limit=1',
      `/api/posts?author=${ann.id}&limit=1`,
      `/api/posts?author=${bob.id}&limit=1`,
      `/api/users/${ann.id}/posts?limit=1`,
      `/api/users/${bob.id}/posts?limit=1`,
      '/api/posts?q=words&limit=1',
      '/api/posts?q=some&limit=1',
      `/api/posts?q=words&author=${ann.id}&limit=1`,
    ]
    const cursors = await Promise.all(lists.map(async (path) => (await readPage(path)).next_cursor))
    for (const [i, path] of lists.entries()) {
      for (const [j, cursor] of cursors.entries()) {
        const response = await call('GET', `${path}&cursor=${cursor}`)
        expect(response.status, `${lists[j]} → ${path}`).toBe(i === j ? 200 : 422)
      }
    }
    const good = cursors[0] as string
    for (let i = 0; i < good.length; i++) {
      const edited = good.slice(0, i) + (good[i] === 'A' ? 'B' : 'A') + good.slice(i + 1)
      const response = await call('GET', `/api/posts?cursor=${edited}`)
      expect([response.status, trips(response)], `character ${i}`).toEqual([422, 0])
    }
    for (const wrong of [good.slice(1), good.slice(0, -1), `${good}A`, `${good}=`, `%20${good}`]) {
      const response = await call('GET', `/api/posts?cursor=${wrong}`)
      expect(response.status, wrong).toBe(422)
    }
  })

  it('continue below a post that was deleted since, and with another limit', async () => {
    const ann = await register()
    const made = (await writeMany(ann.id, 5)).reverse()
    const { next_cursor } = await readPage(`/api/posts?author=${ann.id}&limit=2`)
    await env.DB.prepare('delete from posts where id = ?').bind(made[1]).run()
    const rest = await readPage(`/api/posts?author=${ann.id}&limit=100&cursor=${next_cursor}`)
    expect(ids(rest.posts)).toEqual(made.slice(2))
  })
})

describe('while others write', () => {
  const path = { list: '/api/posts', author: '/api/posts?author=', search: '/api/posts?q=lasting+' }
  for (const kind of ['list', 'author', 'search'] as const) {
    it(`every post that was there all the time is told exactly once: ${kind}, ten times`, async () => {
      const ann = await register()
      const all = await writeMany(ann.id, 1000)
      const word = `ann${ann.id}`
      await env.DB.prepare('update posts set content = ? where author_id = ? and id % 3 > 0')
        .bind(`lasting ${word}`, ann.id)
        .run()
      await env.DB.prepare('update posts set title = ? where author_id = ? and id % 3 = 0')
        .bind(`lasting ${word}`, ann.id)
        .run()
      const doomed = all.filter((id) => id % 7 === 0)
      const lasting = new Set(all.filter((id) => id % 7 !== 0))
      const insert = env.DB.prepare(
        `insert into posts (author_id, title, content, created_at, updated_at) values (?1, 'lasting ' || ?2, ?2, 1, 1)`,
      )
      for (let round = 0; round < 10; round++) {
        const victims = doomed.splice(-Math.ceil(doomed.length / 2))
        const suffix = { list: '', author: ann.id, search: word }[kind]
        const told = await readAll(path[kind] + suffix, 100, () =>
          env.DB.batch([
            insert.bind(ann.id, word),
            insert.bind(ann.id, word),
            env.DB.prepare('delete from posts where id in (select value from json_each(?))').bind(
              JSON.stringify(victims.splice(0, 3)),
            ),
          ]),
        )
        const seen = ids(told)
        expect(new Set(seen).size, 'nothing twice').toBe(seen.length)
        expect(seen.filter((id) => lasting.has(id)).length, 'nothing skipped').toBe(lasting.size)
      }
    })
  }
})
