/** Reading posts in D1. One function is one round trip. */
import { and, desc, eq, lt, or, type Placeholder, placeholder, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { prepared } from '../db/prepared'
import { renamed } from '../db/renamed'
import { posts, users } from '../db/schema'
import { hasActiveSession } from '../db/session-guard'
import { PAGE_BYTES } from '../http/list'
import { isPresent, publicColumns } from '../user'
import { privateOwner, type Reader, readerValues } from './reader'
import type { Place } from './rules'
import { EXCERPT_LENGTH, type PostRow, type View } from './schemas'

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

const excerptLength = sql.raw(String(EXCERPT_LENGTH))
const excerptColumns = {
  content: sql<string>`substr(${posts.content}, 1, ${excerptLength})`.as('excerpt'),
  isExcerpt: sql<number>`length(${posts.content}) > ${excerptLength}`.as('is_excerpt'),
}
const postOnly = renamed('post', textColumns)
const author = renamed('author', authorColumns)
const columnsOf = (view: View) => (view === 'full' ? postOnly : { ...postOnly, ...excerptColumns })
export const postColumns = (view: View) => ({ ...columnsOf(view), author })

/** The literal that the partial indexes of `posts` have: SQLite uses them for no other. */
export const isPublic = sql`${posts.visibility} = 'public'`

const selectPost = prepared(() =>
  build
    .select(postColumns('full'))
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

/**
 * Maximum text that D1 reads for a page, in bytes. An excerpt is short, but SQLite reads the whole
 * content of a post for it.
 */
const READ_BYTES: Record<View, number> = { full: PAGE_BYTES, excerpt: 4 * PAGE_BYTES }

export const textBytes = sql`octet_length(${posts.title}) + octet_length(${posts.content})`

/**
 * The number of rows to read, as SQL: `limit`, or the first rows of `source` with at most
 * `READ_BYTES` of text and one more, which tells that the list goes on. `source` has a row with
 * `bytes` for each of at most `limit` posts in the order of the list.
 */
export function rowsToRead(source: SQL, limit: number | Placeholder, view: View): SQL {
  const maximum = sql.raw(String(READ_BYTES[view]))
  const running = sql`select sum(bytes) over (rows unbounded preceding) as total from ${source}`
  const fitting = sql`select count(*) from (${running}) where total <= ${maximum}`
  return sql`(select case when sum(bytes) <= ${maximum} then ${limit}
    else 1 + max(1, (${fitting})) end from ${source})`
}

/** drizzle's `limit()` writes any SQL, though its type names only numbers and placeholders. */
const limitTo = (rows: SQL) => rows as unknown as Placeholder

const isBefore = lt(posts.id, placeholder('before'))
const isByUser = eq(users.id, posts.authorId)
const limit = placeholder('limit')

/** `posts` by the index that must serve a list, so that no private post is skipped over. */
const postsBy = (index: string) => sql`${posts} indexed by ${sql.identifier(index)}`

const selectPublic = (view: View) =>
  prepared(() => {
    const source = postsBy('posts_public')
    const sizes = sql`(select ${textBytes} as bytes
      from ${source} cross join ${users} on ${isByUser}
      where ${and(isPublic, isBefore, isPresent)} order by ${posts.id} desc limit ${limit})`
    return build
      .select(postColumns(view))
      .from(source)
      .innerJoin(users, isByUser)
      .where(and(isPublic, isBefore, isPresent))
      .orderBy(desc(posts.id))
      .limit(limitTo(rowsToRead(sizes, limit, view)))
  })

/** Selects a row without a post for a user who has none. */
const selectOfAuthor = (index: string, visible: SQL | undefined, view: View) =>
  prepared(() => {
    const source = postsBy(index)
    const isOfAuthor = and(eq(posts.authorId, placeholder('author')), visible, isBefore)
    const sizes = sql`(select ${textBytes} as bytes from ${source}
      where ${isOfAuthor} order by ${posts.id} desc limit ${limit})`
    return build
      .select({ author, post: columnsOf(view) })
      .from(users)
      .leftJoin(source, isOfAuthor)
      .where(and(eq(users.id, placeholder('author')), isPresent))
      .orderBy(desc(posts.id))
      .limit(limitTo(rowsToRead(sizes, limit, view)))
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
export const listPosts = (
  { db }: Reader,
  { view, place: { before }, limit }: ListOptions,
): Promise<PostRow[]> => pagesOfAll[view](db, { before, limit }).all()

/**
 * The posts of a user, newest first; private ones too if the user is the reader. Null if there is
 * no such user.
 */
export async function listPostsOf(
  reader: Reader,
  author: number,
  { view, place: { before }, limit }: ListOptions,
): Promise<PostRow[] | null> {
  const isOwn = privateOwner(reader)?.userId === author
  const values = { author, before, limit }
  const rows = isOwn
    ? await pagesOfOwner[view](reader.db, { ...values, ...readerValues(reader) }).all()
    : await pagesOfAuthor[view](reader.db, values).all()
  if (rows.length === 0) return null
  return rows.flatMap(({ author, post }) => (post.id === null ? [] : [{ ...post, author }]))
}
