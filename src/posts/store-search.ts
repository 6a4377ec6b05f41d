/** Searching posts in D1. */
import { desc, eq, sql } from 'drizzle-orm'
import { batch, single } from '../db/batch'
import { build } from '../db/build'
import { posts, users } from '../db/schema'
import { searchIndex } from '../db/schema-jobs'
import { isPresent } from '../user'
import { contentBytes, contentIf, isFitting, type ReadRows, readRows } from './page-text'
import type { Reader } from './reader'
import { newestPart, PART_IDS, type Part, START } from './rules'
import type { PostRow } from './schemas'
import { author, isPublic, type ListOptions, listColumns } from './store-read'

export type FoundRow = PostRow & { tier: number }

export interface Found extends ReadRows<FoundRow> {
  /** The part that was searched. */
  part: Part
}

/**
 * The public posts of a part that match, tier by tier, newest first in each. While the index is not
 * complete, a second round trip asks that of the previous release.
 */
export async function searchPosts(
  { db }: Reader,
  tiers: readonly string[],
  options: ListOptions & { partIds?: number },
): Promise<Found> {
  const { place, partIds } = options
  const { state, rows } = await batch(db, {
    state: build
      .select({
        unindexedBelow: searchIndex.unindexedBelow,
        newest: sql<number>`${newestId}`.as('newest'),
      })
      .from(searchIndex)
      .where(eq(searchIndex.id, 1)),
    rows: selectFound('posts_words', tiers, options),
  })
  const { unindexedBelow, newest } = single(state)
  const part = place.part ?? newestPart(newest, partIds)
  if (unindexedBelow === null) return { ...readRows(options.view, rows), part }
  const previous = await batch(db, { rows: selectFound('posts_search', tiers, options) })
  return { ...readRows(options.view, previous.rows), part }
}

const newestId = sql`(select coalesce(max(${posts.id}), 0) from ${posts})`

/** Selects the posts of a page. Like a list, it reads no more text than a page may have. */
function selectFound(
  index: 'posts_words' | 'posts_search',
  tiers: readonly string[],
  { view, place, limit, partIds = PART_IDS }: ListOptions & { partIds?: number },
) {
  const table = sql.identifier(index)
  const from = place.part?.from ?? sql`${newestId} + 1 - ${partIds}`
  const to = place.part?.to ?? START.before
  // FTS5 walks its lists backwards by id and stops at the limit. `cross join` keeps that order.
  const arms = tiers.flatMap((expression, tier) => {
    if (tier < place.tier) return []
    const before = tier === place.tier ? place.before : to
    const arm = sql`select ${sql.raw(String(tier))} as tier, ${posts.id} as id, ${contentBytes} as bytes
      from ${table} cross join ${posts} on ${posts.id} = ${table}.rowid
      cross join ${users} on ${users.id} = ${posts.authorId}
      where ${table} match ${expression} and ${table}.rowid < ${before} and ${table}.rowid >= ${from}
        and ${isPublic} and ${isPresent}
      order by ${table}.rowid desc limit ${limit}`
    return sql`select * from (${arm})`
  })
  const matches = sql`${sql.join(arms, sql` union all `)} order by tier, id desc limit ${limit}`
  const page = sql`(with matches as materialized (${matches})
    select tier, id, bytes,
      sum(bytes) over (order by tier, id desc rows unbounded preceding) as total
    from matches) as page`
  return build
    .select({
      ...listColumns(contentIf(view, isFitting(view))),
      author,
      tier: sql<number>`page.tier`.as('tier'),
    })
    .from(page)
    .innerJoin(posts, eq(posts.id, sql`page.id`))
    .innerJoin(users, eq(users.id, posts.authorId))
    .orderBy(sql`page.tier`, desc(posts.id))
}
