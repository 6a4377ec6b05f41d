/**
 * The cost of a search that a stranger can cause: FTS5 reads no more than the index has of its
 * words.
 */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call } from '../support/client'
import { register } from '../support/users'

const indexBytes = () =>
  env.DB.prepare('select sum(length(block)) as n from posts_words_data').first<number>('n')

it('the index has no positions: a post of 50 000 characters of two words takes below 100 bytes', async () => {
  const ann = await register()
  const before = (await indexBytes()) ?? 0
  const planted = `b${' a'.repeat(24_999)}`
  for (let i = 0; i < 36; i++) {
    await env.DB.prepare(
      `insert into posts (author_id, title, content, created_at, updated_at)
       select ?, 'x', ?, 1, 1 from json_each('[0,1,2,3,4,5,6,7,8,9]')`,
    )
      .bind(ann.id, planted)
      .run()
  }
  expect(((await indexBytes()) ?? 0) - before).toBeLessThan(360 * 100)
  // A phrase of a hundred words is two words, and the text of a post is read for a page only.
  const phrase = `"${'a '.repeat(98)}b"`
  const response = await call('GET', `/api/posts?q=${encodeURIComponent(phrase)}&author=${ann.id}`)
  const { posts } = await response.json<{ posts: unknown[] }>()
  expect(posts.length).toBe(10)
})

it('no index has positions, and none is searched with a phrase', async () => {
  const sql = await env.DB.prepare(
    "select sql from sqlite_master where name = 'posts_words'",
  ).first<string>('sql')
  expect(sql).toMatch(/detail = column/)
  const search = env.DB.prepare(`select rowid from posts_words where posts_words match '"a b"'`)
  await expect(search.run()).rejects.toThrow('phrase queries are not supported')
})
