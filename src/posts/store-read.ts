/**
 * Reading posts in D1. One function is one round trip. Each list walks an index from the position
 * where the previous page ended.
 */
import { and, desc, eq, lt, placeholder, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../db'
import { build } from '../db/build'
import { prepared } from '../db/prepared'
import { renamed } from '../db/renamed'
import { posts, users } from '../db/schema'
import { isPresent, publicColumns } from '../user'
import type { Place } from './rules'
import type { PostRow } from './schemas'

/** Names of their own, since a post has columns of the same names. */
export const authorColumns = {
  ...publicColumns,
  id: renamed(users.id, 'author_id'),
  createdAt: renamed(users.createdAt, 'author_created_at'),
  revision: renamed(users.revision, 'author_revision'),
}
export const textColumns = {
  id: posts.id,
  title: posts.title,
  content: posts.content,
  revision: posts.revision,
  createdAt: posts.createdAt,
  updatedAt: posts.updatedAt,
}
const postColumns = { ...textColumns, author: authorColumns }

const selectPost = prepared(() =>
  build
    .select(postColumns)
    .from(posts)
    .innerJoin(users, eq(users.id, posts.authorId))
    .where(and(eq(posts.id, placeholder('id')), isPresent)),
)

export const findPost = (db: Database, id: number): Promise<PostRow | undefined> =>
  selectPost(db, { id }).get()

const selectPage = (isOfAuthor?: SQL) =>
  build
    .select(postColumns)
    .from(posts)
    .innerJoin(users, eq(users.id, posts.authorId))
    .where(and(lt(posts.id, placeholder('before')), isOfAuthor, isPresent))
    .orderBy(desc(posts.id))
    .limit(placeholder('limit'))
const pageOfAll = prepared(() => selectPage())
const pageOfAuthor = prepared(() => selectPage(eq(posts.authorId, placeholder('author'))))

/** Posts of all authors or of one, newest first. */
export const listPosts = (
  db: Database,
  author: number | undefined,
  { before }: Place,
  limit: number,
): Promise<PostRow[]> =>
  author === undefined
    ? pageOfAll(db, { before, limit }).all()
    : pageOfAuthor(db, { before, limit, author }).all()

const pageOfUser = prepared(() =>
  build
    .select({ author: authorColumns, post: textColumns })
    .from(users)
    .leftJoin(posts, and(eq(posts.authorId, users.id), lt(posts.id, placeholder('before'))))
    .where(and(eq(users.id, placeholder('id')), isPresent))
    .orderBy(desc(posts.id))
    .limit(placeholder('limit')),
)

/** The posts of a user, newest first; null when there is no such user. */
export async function listPostsOf(
  db: Database,
  id: number,
  { before }: Place,
  limit: number,
): Promise<PostRow[] | null> {
  const rows = await pageOfUser(db, { id, before, limit }).all()
  if (rows.length === 0) return null
  return rows.flatMap(({ author, post }) => (post ? [{ ...post, author }] : []))
}

export type FoundRow = PostRow & { tier: number }

/**
 * The posts that match, tier by tier, newest first in each. FTS5 walks its lists backwards by id
 * and stops at the limit, so a word that is in every post costs no more than a rare one.
 */
export async function searchPosts(
  db: Database,
  tiers: readonly string[],
  { tier: first, before }: Place,
  limit: number,
): Promise<FoundRow[]> {
  if (tiers.length === 0) return []
  const arms = tiers.flatMap((expression, tier) =>
    tier < first
      ? []
      : sql`select * from (select ${sql.raw(String(tier))} as tier, posts_search.rowid as id
          from posts_search cross join ${posts} on ${posts.id} = posts_search.rowid
          cross join ${users} on ${users.id} = ${posts.authorId}
          where posts_search match ${expression} and ${isPresent}
            and posts_search.rowid < ${tier === first ? before : Number.MAX_SAFE_INTEGER}
          order by posts_search.rowid desc limit ${limit})`,
  )
  return db
    .select({ ...postColumns, tier: sql<number>`found.tier` })
    .from(sql`(${sql.join(arms, sql` union all `)}) as found`)
    .innerJoin(posts, eq(posts.id, sql`found.id`))
    .innerJoin(users, eq(users.id, posts.authorId))
    .orderBy(sql`found.tier`, desc(posts.id))
    .limit(limit)
    .all()
}
