/** Reading posts in D1. One function is one round trip. */
import { and, desc, eq, lt, or, placeholder, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { prepared } from '../db/prepared'
import { renamed } from '../db/renamed'
import { posts, users } from '../db/schema'
import { hasActiveSession } from '../db/session-guard'
import { isPresent, publicColumns } from '../user'
import { contentBytes, contentOfList, type ReadRows, readRows } from './page-text'
import { privateOwner, type Reader, readerValues } from './reader'
import type { Place } from './rules'
import type { PostRow, View } from './schemas'

export const authorColumns = { ...publicColumns, revision: users.revision }
export const textColumns = {
  id: posts.id,
  title: posts.title,
  content: posts.content,
  visibility: posts.visibility,
  revision: posts.revision,
  createdAt: posts.createdAt,
  updatedAt: posts.updatedAt,
}

export const author = renamed('author', authorColumns)
const postOnly = renamed('post', textColumns)
/** The columns of a post in a list, with its content as `contentOfList` or `contentIf` has it. */
export const listColumns = (content: SQL.Aliased<string | null>) => ({
  ...postOnly,
  content,
})

/** The literal that the partial indexes of `posts` have: SQLite uses them for no other. */
export const isPublic = sql`${posts.visibility} = 'public'`

const selectPost = prepared(() =>
  build
    .select({ ...postOnly, author })
    .from(posts)
    .innerJoin(users, eq(users.id, posts.authorId))
    .where(
      and(
        eq(posts.id, placeholder('id')),
        or(isPublic, and(eq(posts.authorId, placeholder('userId')), hasActiveSession)),
        isPresent,
      ),
    ),
)

/** A public post, or a private one of the reader. */
export const findPost = (reader: Reader, id: number): Promise<PostRow | undefined> =>
  selectPost(reader.db, { id, ...readerValues(reader) }).get()

const isBefore = lt(posts.id, placeholder('before'))
const isByUser = eq(users.id, posts.authorId)
const limit = placeholder('limit')

/** `posts` by the index that must serve a list, so that no private post is skipped over. */
const postsBy = (index: string) => sql`${posts} indexed by ${sql.identifier(index)}`

const selectPublic = (view: View) =>
  prepared(() => {
    const source = postsBy('posts_public')
    const isListed = and(isPublic, isBefore, isPresent)
    const content = contentOfList(
      view,
      sql`select ${posts.id} as id, ${contentBytes} as bytes
        from ${source} cross join ${users} on ${isByUser}
        where ${isListed} order by ${posts.id} desc limit ${limit}`,
    )
    return build
      .select({ ...listColumns(content), author })
      .from(source)
      .innerJoin(users, isByUser)
      .where(isListed)
      .orderBy(desc(posts.id))
      .limit(limit)
  })

/** Selects a row without a post for a user who has none. */
const selectOfAuthor = (index: string, visible: SQL | undefined, view: View) =>
  prepared(() => {
    const source = postsBy(index)
    const isOfAuthor = and(eq(posts.authorId, placeholder('author')), visible, isBefore)
    const content = contentOfList(
      view,
      sql`select ${posts.id} as id, ${contentBytes} as bytes from ${source}
        where ${isOfAuthor} order by ${posts.id} desc limit ${limit}`,
    )
    return build
      .select({ author, post: listColumns(content) })
      .from(users)
      .leftJoin(source, isOfAuthor)
      .where(and(eq(users.id, placeholder('author')), isPresent))
      .orderBy(desc(posts.id))
      .limit(limit)
  })

const byView = <Q>(query: (view: View) => Q): Record<View, Q> => ({
  full: query('full'),
  excerpt: query('excerpt'),
})
const pagesOfAll = byView(selectPublic)
const pagesOfAuthor = byView((view) => selectOfAuthor('posts_public_author', isPublic, view))
const isVisibleToOwner = or(isPublic, hasActiveSession)
const pagesOfOwner = byView((view) => selectOfAuthor('posts_author', isVisibleToOwner, view))

/** The part of a list to read. `limit` is one more than a page may have. */
export interface ListOptions {
  view: View
  place: Place
  limit: number
}

/** Public posts of all users, newest first. */
export async function listPosts(
  { db }: Reader,
  { view, place: { before }, limit }: ListOptions,
): Promise<ReadRows<PostRow>> {
  return readRows(view, await pagesOfAll[view](db, { before, limit }).all())
}

/**
 * The posts of a user, newest first; private ones too if the user is the reader. Null if there is
 * no such user.
 */
export async function listPostsOf(
  reader: Reader,
  author: number,
  { view, place: { before }, limit }: ListOptions,
): Promise<ReadRows<PostRow> | null> {
  const isOwn = privateOwner(reader)?.userId === author
  const values = { author, before, limit }
  const rows = isOwn
    ? await pagesOfOwner[view](reader.db, { ...values, ...readerValues(reader) }).all()
    : await pagesOfAuthor[view](reader.db, values).all()
  if (rows.length === 0) return null
  const found = rows.flatMap(({ author, post }) => (post.id === null ? [] : [{ ...post, author }]))
  return readRows(view, found)
}
