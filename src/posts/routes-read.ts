/** Reading posts: one, the lists and the search. With a token, authors see their private posts. */
import { z } from '@hono/zod-openapi'
import type { AppContext } from '../context'
import { digestTag, IfNoneMatch, isUnchanged, notModified } from '../http/caching'
import { endpoint, json, nothing } from '../http/endpoint'
import { badCursor, cutPage, jsonPage, readCursor } from '../http/list'
import { problem, problems } from '../http/problem'
import { IdParam } from '../user'
import type { ReadRows } from './page-text'
import { privateOwner, type Reader } from './reader'
import {
  afterPart,
  PART_IDS,
  type Part,
  type Place,
  placeOf,
  placeValues,
  postTag,
  START,
} from './rules'
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
const unchanged = nothing('The version of the client is still the current one')

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

/** The position of a cursor; null for a cursor of another list. */
async function readPlace(
  c: AppContext,
  list: string,
  cursor: string | undefined,
): Promise<Place | null> {
  const values = await readCursor(c, list, cursor)
  if (values === 'bad') return null
  return values ? placeOf(values.map(Number)) : START
}

interface PageOptions {
  list: string
  view: View
  limit: number
  /** The part of a search that the rows are from. */
  part?: Part
}

const NO_ROWS = { rows: [], isCut: false }

/** Answers with a page, or 304. Its ETag digests the versions of its posts, its end and view. */
async function answerPage(
  c: AppContext,
  { rows, isCut }: ReadRows<PostRow | FoundRow>,
  { list, view, limit, part }: PageOptions,
) {
  // Not `c.var`: each access copies all variables.
  const { appOrigin } = c.get('settings')
  const place = (post: PostRow | FoundRow) => {
    const tier = 'tier' in post ? post.tier : START.tier
    return placeValues({ tier, before: post.id, part })
  }
  const last = rows.at(-1)
  const next = part ? afterPart(part) : null
  const page = await cutPage(c, rows, {
    list,
    limit,
    place,
    view: (post) => viewPost(post, appOrigin),
    rest: isCut && last ? place(last) : next && placeValues(next),
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
    description: `With \`author\` and a token of that user (scope \`posts:write\`), private posts are listed too. A search finds public posts only. It goes through the newest ${PART_IDS} posts first, then through older ones: a page may be empty and still have a \`next_cursor\`.`,
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
    const name = `posts:${JSON.stringify([author ?? null, tiers, ...(isOwn ? ['own'] : [])])}`
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const options = { view, place, limit: limit + 1 }
    const format = { list: name, view, limit }
    // No post has a word of a text without words.
    if (tiers?.length === 0) return answerPage(c, NO_ROWS, format)
    if (tiers) {
      const { part, ...found } = await searchPosts(reader, tiers, options)
      return answerPage(c, found, { ...format, part })
    }
    const found =
      author === undefined
        ? await listPosts(reader, options)
        : await listPostsOf(reader, author, options)
    return answerPage(c, found ?? NO_ROWS, format)
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
    const name = `posts-of:${id}${id === privateOwner(reader)?.userId ? ':own' : ''}`
    const place = await readPlace(c, name, cursor)
    if (!place) return problem(c, 'invalid-request', badCursor)
    const found = await listPostsOf(reader, id, { view, place, limit: limit + 1 })
    if (!found) return problem(c, 'user-not-found')
    return answerPage(c, found, { list: name, view, limit })
  },
)

export const postReadRoutes = [read, list, listOfUser] as const
