/** Posts for tests: written through the API, or many at once into D1. */
import { env } from 'cloudflare:workers'
import type { Post, PostPage } from '../../src/posts/schemas'
import { type Call, call } from './client'
import type { Person } from './users'

export const TEXT = { title: 'Hello', content: 'A post.' }

/** A post of this person, and the ETag it came with. */
export async function write(author: Person, text: Partial<typeof TEXT> = {}) {
  const response = await call('POST', '/api/posts', {
    token: author.token,
    json: { ...TEXT, ...text },
  })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return { ...(await response.json<Post>()), etag: response.headers.get('ETag') as string }
}

/** Puts `count` posts into D1, `Post 1` first. Answers their ids, oldest first. */
export async function writeMany(authorId: number, count: number): Promise<number[]> {
  const { results } = await env.DB.prepare(
    `insert into posts (author_id, title, content, created_at, updated_at)
     select ?1, 'Post ' || value, 'Some words', ?2, ?2 from json_each(?3) returning id`,
  )
    .bind(authorId, Date.now(), JSON.stringify(Array.from({ length: count }, (_, i) => i + 1)))
    .all<{ id: number }>()
  return results.map((row) => row.id)
}

export async function readPage(path: string, options?: Call): Promise<PostPage> {
  const response = await call('GET', path, options)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.json<PostPage>()
}

/** Follows the cursors to the end. `between` happens after each page. */
export async function readAll(
  path: string,
  limit = 100,
  between?: () => Promise<unknown>,
): Promise<Post[]> {
  const posts: Post[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const url = new URL(path, 'http://x')
    url.searchParams.set('limit', String(limit))
    if (cursor) url.searchParams.set('cursor', cursor)
    const page: PostPage = await readPage(url.pathname + url.search)
    posts.push(...page.posts)
    cursor = page.next_cursor
    await between?.()
  }
  return posts
}
