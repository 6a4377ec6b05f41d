/** Reading posts: one, the lists, the search. Everybody may, and everybody's caches may help. */
import { z } from '@hono/zod-openapi'
import type { AnyContext } from '../context'
import { digestTag, IfNoneMatch, isUnchanged, notModified } from '../http/caching'
import { endpoint, json, nothing } from '../http/endpoint'
import { badCursor, ListQuery, page, readCursor } from '../http/list'
import { problem, problems } from '../http/problem'
import { IdParam } from '../user'
import { type Place, postTag, START, searchTiers } from './rules'
import { Post, PostPage, PostQuery, type PostRow, viewPost } from './schemas'
import { type FoundRow, findPost, listPosts, listPostsOf, searchPosts } from './store-read'

const ReadHeaders = z.object({ 'if-none-match': IfNoneMatch })
const unchanged = nothing('The version at hand is still the current one')

const read = endpoint(
  {
    method: 'get',
    path: '/api/posts/{id}',
    operationId: 'readPost',
    summary: 'A post',
    tags: ['posts'],
    access: 'anyone',
    request: { params: IdParam, headers: ReadHeaders },
    responses: { 200: json(Post, 'The post'), 304: unchanged, ...problems('post-not-found') },
  },
  async (c) => {
    const { db, settings } = c.var
    const post = await findPost(db, c.req.valid('param').id)
    if (!post) return problem(c, 'post-not-found')
    if (isUnchanged(c, postTag(post))) return notModified(c)
    return c.json(viewPost(post, settings.appOrigin), 200)
  },
)

/** Where a page begins; null for a cursor that is none of this list's. */
async function readPlace(
  c: AnyContext,
  list: string,
  cursor: string | undefined,
): Promise<Place | null> {
  const place = await readCursor(c, list, cursor)
  if (place === 'bad') return null
  return place ? { tier: Number(place[0]), before: Number(place[1]) } : START
}

/** A page with its version: the versions of its posts and where it ends. */
async function toPage(
  c: AnyContext,
  list: string,
  found: (PostRow | FoundRow)[],
  limit: number,
): Promise<{ etag: string; body: PostPage }> {
  // Each look at `c.var` makes an object of all variables: not for every post.
  const { appOrigin } = c.get('settings')
  const { rows, next_cursor } = await page(c, list, found, limit, (post) => [
    'tier' in post ? post.tier : START.tier,
    post.id,
  ])
  return {
    etag: await digestTag([rows.map((post) => [post.id, postTag(post)]), next_cursor]),
    body: { posts: rows.map((post) => viewPost(post, appOrigin)), next_cursor },
  }
}

const list = endpoint(
  {
    method: 'get',
    path: '/api/posts',
    operationId: 'listPosts',
    summary: 'Posts of everybody, newest first; or those that match a search, best first',
    tags: ['posts'],
    access: 'anyone',
    request: { query: PostQuery, headers: ReadHeaders },
    responses: { 200: json(PostPage, 'A page'), 304: unchanged, ...problems('invalid-request') },
  },
  async (c) => {
    const { limit, cursor, author, q = '' } = c.req.valid('query')
    const tiers = searchTiers(q, author)
    const name = `posts:${JSON.stringify([author ?? null, tiers])}`
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const db = c.get('db')
    const rows = tiers
      ? await searchPosts(db, tiers, place, limit + 1)
      : await listPosts(db, author, place, limit + 1)
    const { etag, body } = await toPage(c, name, rows, limit)
    return isUnchanged(c, etag) ? notModified(c) : c.json(body, 200)
  },
)

const listOfUser = endpoint(
  {
    method: 'get',
    path: '/api/users/{id}/posts',
    operationId: 'listPostsOfUser',
    summary: 'The posts of a user, newest first',
    tags: ['posts'],
    access: 'anyone',
    request: { params: IdParam, query: ListQuery, headers: ReadHeaders },
    responses: {
      200: json(PostPage, 'A page'),
      304: unchanged,
      ...problems('user-not-found', 'invalid-request'),
    },
  },
  async (c) => {
    const { id } = c.req.valid('param')
    const { limit, cursor } = c.req.valid('query')
    const name = `posts-of:${id}`
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const rows = await listPostsOf(c.var.db, id, place, limit + 1)
    if (!rows) return problem(c, 'user-not-found')
    const { etag, body } = await toPage(c, name, rows, limit)
    return isUnchanged(c, etag) ? notModified(c) : c.json(body, 200)
  },
)

export const postReadRoutes = [read, list, listOfUser] as const
