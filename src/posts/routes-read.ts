/** Reading posts: one, the lists and the search. With a token, authors see their private posts. */
import { z } from '@hono/zod-openapi'
import type { AppContext } from '../context'
import { digestTag, IfNoneMatch, isUnchanged, notModified } from '../http/caching'
import { endpoint, json, nothing } from '../http/endpoint'
import { badCursor, cutPage, jsonPage, readCursor } from '../http/list'
import { problem, problems } from '../http/problem'
import { IdParam } from '../user'
import { privateOwner, type Reader } from './reader'
import { type Place, postTag, START } from './rules'
import {
  Post,
  PostPage,
  PostQuery,
  type PostRow,
  PostsOfUserQuery,
  type View,
  viewPost,
} from './schemas'
import { searchTiers } from './search-terms'
import { findPost, listPosts, listPostsOf } from './store-read'
import { type FoundRow, searchPosts } from './store-search'

const ReadHeaders = z.object({ 'if-none-match': IfNoneMatch })
const unchanged = nothing('The version at hand is still the current one')

const readerOf = (c: AppContext): Reader => ({
  db: c.get('db'),
  now: c.get('now'),
  caller: c.get('caller'),
})

const read = endpoint(
  {
    method: 'get',
    path: '/api/posts/{id}',
    operationId: 'readPost',
    summary: 'A post',
    tags: ['posts'],
    access: 'optional-token',
    request: { params: IdParam, headers: ReadHeaders },
    responses: { 200: json(Post, 'The post'), 304: unchanged, ...problems('post-not-found') },
  },
  async (c) => {
    const post = await findPost(readerOf(c), c.req.valid('param').id)
    if (!post) return problem(c, 'post-not-found')
    if (isUnchanged(c, postTag(post))) return notModified(c)
    return c.json(viewPost(post, c.get('settings').appOrigin), 200)
  },
)

/** The name of a list for its cursors, with all that decides which posts it has. */
const nameList = (...parts: unknown[]) => `posts:${JSON.stringify(parts)}`

/** Where a page begins; null for a cursor of another list. */
async function readPlace(
  c: AppContext,
  list: string,
  cursor: string | undefined,
): Promise<Place | null> {
  const place = await readCursor(c, list, cursor)
  if (place === 'bad') return null
  return place ? { tier: Number(place[0]), before: Number(place[1]) } : START
}

interface PageOptions {
  list: string
  view: View
  limit: number
}

/** Answers with a page, or 304. Its ETag digests the versions of its posts, its end and view. */
async function answerPage(
  c: AppContext,
  found: (PostRow | FoundRow)[],
  { list, view, limit }: PageOptions,
) {
  // Not `c.var`: each access copies all variables.
  const { appOrigin } = c.get('settings')
  const page = await cutPage(c, found, {
    list,
    limit,
    place: (post) => ['tier' in post ? post.tier : START.tier, post.id],
    view: (post) => viewPost(post, appOrigin),
  })
  const versions = page.rows.map((post) => [post.id, postTag(post)])
  const etag = await digestTag([versions, page.nextCursor, view])
  return isUnchanged(c, etag) ? notModified(c) : jsonPage(c, 'posts', page)
}

const list = endpoint(
  {
    method: 'get',
    path: '/api/posts',
    operationId: 'listPosts',
    summary: 'Public posts of all users, newest first; or those that match a search, best first',
    description:
      'With `author` and a token of that user (scope `posts:write`), private posts are listed too. A search finds public posts only.',
    tags: ['posts'],
    access: 'optional-token',
    limit: 'search',
    request: { query: PostQuery, headers: ReadHeaders },
    responses: { 200: json(PostPage, 'A page'), 304: unchanged, ...problems('invalid-request') },
  },
  async (c) => {
    const { limit, cursor, author, view, q = '' } = c.req.valid('query')
    const reader = readerOf(c)
    const tiers = searchTiers(q, author)
    const isOwn = !tiers && author !== undefined && author === privateOwner(reader)?.userId
    const name = nameList(author ?? null, tiers, isOwn)
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const options = { view, place, limit: limit + 1 }
    const found = tiers
      ? await searchPosts(reader, tiers, options)
      : author === undefined
        ? await listPosts(reader, options)
        : await listPostsOf(reader, author, options)
    return answerPage(c, found ?? [], { list: name, view, limit })
  },
)

const listOfUser = endpoint(
  {
    method: 'get',
    path: '/api/users/{id}/posts',
    operationId: 'listPostsOfUser',
    summary: 'The posts of a user, newest first',
    description: 'With a token of that user (scope `posts:write`), private posts are listed too.',
    tags: ['posts'],
    access: 'optional-token',
    request: { params: IdParam, query: PostsOfUserQuery, headers: ReadHeaders },
    responses: {
      200: json(PostPage, 'A page'),
      304: unchanged,
      ...problems('user-not-found', 'invalid-request'),
    },
  },
  async (c) => {
    const { id } = c.req.valid('param')
    const { limit, cursor, view } = c.req.valid('query')
    const reader = readerOf(c)
    const name = nameList('of', id, id === privateOwner(reader)?.userId)
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const found = await listPostsOf(reader, id, { view, place, limit: limit + 1 })
    if (!found) return problem(c, 'user-not-found')
    return answerPage(c, found, { list: name, view, limit })
  },
)

export const postReadRoutes = [read, list, listOfUser] as const
