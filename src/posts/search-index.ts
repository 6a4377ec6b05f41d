/**
 * Maintenance of the full-text index `posts_words`: bounded steps for the cron. A step can be
 * repeated, so two overlapping runs do no harm. See docs/decisions/search-index.md.
 */
import { eq, sql } from 'drizzle-orm'
import type { Database } from '../db'
import { batch, single } from '../db/batch'
import { build } from '../db/build'
import type { QueryBudget } from '../db/query-budget'
import { posts } from '../db/schema'
import { searchIndex } from '../db/schema-jobs'
import { DAY_MS, HOUR_MS } from '../limits'

/** Whether the work is complete. If not, the next step continues it. */
export interface Step {
  isDone: boolean
}
const DONE: Step = { isDone: true }
const NOT_DONE: Step = { isDone: false }

/** Maximum text that one step indexes, in bytes; one post more if it is larger. */
const FILL_BYTES = 512 * 1024
/** Maximum posts that one step reads. */
const FILL_POSTS = 2000
/** Pages of 4 KB that one step of a purge writes. */
const PURGE_PAGES = 250
/** Queries that a step sends at most; the statements of a batch count one by one. */
const STEP_QUERIES = 6
/** Minimum time between two purges. Each rewrites the index, and words must go within the hour. */
const PURGE_INTERVAL_MS = HOUR_MS / 2
/** How long the previous release may still answer searches from its own index. */
const KEEP_PREVIOUS_MS = DAY_MS

/** Runs the steps that are due until all are done or the budget ends; the next run continues. */
export async function maintainSearchIndex(db: Database, now: Date, budget: QueryBudget) {
  for (const step of [fillSearchIndex, dropPreviousIndex, purgeDeletedWords]) {
    let isDone = false
    while (!isDone && budget.take(STEP_QUERIES)) isDone = (await step(db, now)).isDone
  }
}

const readState = async (db: Database) =>
  single(await db.select().from(searchIndex).where(eq(searchIndex.id, 1)))

/** Indexes posts that are older than the index, the newest first. */
export async function fillSearchIndex(db: Database, now: Date): Promise<Step> {
  const { unindexedBelow: below } = await readState(db)
  if (below === null) return DONE
  const { from } = single(await selectRange(db, below))
  if (from === null) {
    await db.update(searchIndex).set({ unindexedBelow: null, completedAt: now })
    return DONE
  }
  await batch(db, {
    // Replaces what is there already: posts that were changed since the index was created.
    indexed: db.run(sql`insert or replace into posts_words (rowid, title, content, author_id)
      select id, title, content, author_id from posts
      where id >= ${number(from)} and id < ${number(below)} and visibility = 'public'`),
    moved: build
      .update(searchIndex)
      .set({ unindexedBelow: sql`min(${searchIndex.unindexedBelow}, ${from})` }),
  })
  return NOT_DONE
}

/** Selects the first id of the posts that one step indexes, or null when none is left. */
const selectRange = (db: Database, below: number) => {
  const bytes = sql`octet_length(${posts.title}) + octet_length(${posts.content})`
  const newest = sql`select id, ${bytes} as bytes from ${posts} where id < ${below}
    order by id desc limit ${FILL_POSTS}`
  const running = sql`select id, sum(bytes) over (order by id desc) - bytes as before
    from (${newest})`
  return db
    .select({ from: sql<number | null>`min(id)` })
    .from(sql`(${running})`)
    .where(sql`before < ${FILL_BYTES}`)
}

/** Drops the index of the previous release a day after `posts_words` became complete. */
export async function dropPreviousIndex(db: Database, now: Date): Promise<Step> {
  const { keepsPrevious, completedAt } = await readState(db)
  if (!keepsPrevious || !completedAt) return DONE
  if (now.getTime() < completedAt.getTime() + KEEP_PREVIOUS_MS) return DONE
  await batch(db, {
    insertTrigger: db.run(sql`drop trigger if exists posts_search_insert`),
    deleteTrigger: db.run(sql`drop trigger if exists posts_search_delete`),
    updateTrigger: db.run(sql`drop trigger if exists posts_search_update`),
    index: db.run(sql`drop table if exists posts_search`),
    state: build.update(searchIndex).set({ keepsPrevious: false }),
  })
  return DONE
}

/**
 * Removes the words of deleted and changed posts from the file. FTS5 only marks them as deleted;
 * merging the whole index into one b-tree leaves them out. A negative number of pages begins that
 * merge, positive ones continue it, and it is complete when a step changes less than two rows
 * (https://www.sqlite.org/fts5.html#the_merge_command).
 */
export async function purgeDeletedWords(
  db: Database,
  now: Date,
  pages = PURGE_PAGES,
): Promise<Step> {
  const { hasDeletedWords, isPurging, purgeBeganAt } = await readState(db)
  if (isPurging) return continuePurge(db, pages)
  const nextPurge = (purgeBeganAt?.getTime() ?? 0) + PURGE_INTERVAL_MS
  if (!hasDeletedWords || now.getTime() < nextPurge) return DONE
  await batch(db, {
    // First, so that a post deleted from now on asks for the next purge.
    state: build
      .update(searchIndex)
      .set({ hasDeletedWords: false, isPurging: true, purgeBeganAt: now }),
    merge: db.run(mergePages(-pages)),
  })
  return NOT_DONE
}

async function continuePurge(db: Database, pages: number): Promise<Step> {
  const { before, after } = await batch(db, {
    before: selectTotalChanges(),
    merge: db.run(mergePages(pages)),
    after: selectTotalChanges(),
  })
  if (single(after).n - single(before).n >= 2) return NOT_DONE
  await db.update(searchIndex).set({ isPurging: false })
  return DONE
}

const mergePages = (pages: number) =>
  sql`insert into posts_words (posts_words, rank) values ('merge', ${number(pages)})`

/** A number in the text of a statement: drizzle cannot bind values of raw SQL in a batch. */
const number = (value: number) => sql.raw(String(Math.trunc(value)))

const selectTotalChanges = () =>
  build.select({ n: sql<number>`total_changes()`.as('n') }).from(sql`(select 1)`)
