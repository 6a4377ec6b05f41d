/**
 * Deletes what a deleted account leaves behind: posts, idempotency keys, events, and the row of
 * the account itself. An account may have any number of posts, and D1 serves one query at a time,
 * so a step is bounded by rows and by text: removing the words of a post from the search index
 * costs more than removing its row.
 */
import { and, asc, eq, isNotNull, ne, not, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { batch, type Statement } from '../../db/batch'
import { build } from '../../db/build'
import type { QueryBudget } from '../../db/query-budget'
import { events, idempotencyKeys, posts, users } from '../../db/schema'

/** Idempotency keys or events that one step deletes at most. */
const STEP_ROWS = 500
/** Posts that the first step deletes at most. Later ones adapt to the time that a step takes. */
export const FIRST_POSTS = 200
const MIN_POSTS = 50
const MAX_POSTS = 800
/** Bytes of text per post of a step, on average; with more, the step deletes fewer posts. */
export const BYTES_PER_POST = 1000
/** Milliseconds between two steps, in which D1 serves other requests. */
const PAUSE_MS = 20

/**
 * The next bounded step for each table of a deleted account. For other accounts they do nothing.
 * @param maxPosts how many posts the step deletes at most
 */
export function deletionSteps(userId: number, maxPosts = FIRST_POSTS) {
  const isDeleted = sql`exists (select 1 from ${users}
    where ${users.id} = ${userId} and ${users.deletedAt} is not null)`
  const ofAccount = and(eq(events.userId, userId), ne(events.type, 'deleted'))
  return {
    posts: build
      .delete(posts)
      .where(sql`${posts.id} in (${nextPosts(userId, maxPosts)}) and ${isDeleted}`),
    keys: build.delete(idempotencyKeys).where(
      sql`rowid in (select rowid from ${idempotencyKeys}
        where ${idempotencyKeys.userId} = ${userId} limit ${STEP_ROWS}) and ${isDeleted}`,
    ),
    events: build.delete(events).where(
      sql`${events.id} in (select ${events.id} from ${events}
        where ${ofAccount} limit ${STEP_ROWS}) and ${isDeleted}`,
    ),
    // The last step: without these conditions a cascade would delete all posts at once.
    account: build
      .delete(users)
      .where(
        and(
          eq(users.id, userId),
          isNotNull(users.deletedAt),
          hasNo(posts, eq(posts.authorId, userId)),
          hasNo(idempotencyKeys, eq(idempotencyKeys.userId, userId)),
          hasNo(events, ofAccount),
        ),
      )
      .returning({ id: users.id }),
  } satisfies Record<string, Statement>
}

const hasNo = (table: typeof posts | typeof idempotencyKeys | typeof events, condition?: SQL) =>
  not(sql`exists (select 1 from ${table} where ${condition})`)

/** The ids of the oldest posts of an account within the bounds of a step, at least one. */
function nextPosts(userId: number, maxPosts: number): SQL {
  return sql`select id from (
    select id, sum(bytes) over (order by id) - bytes as bytes_before from (
      select id, octet_length(title) + octet_length(content) as bytes
      from ${posts} where ${eq(posts.authorId, userId)} order by id limit ${maxPosts}))
    where bytes_before < ${maxPosts * BYTES_PER_POST}`
}

/** A step that took less than this is followed by a larger one. */
const FAST_MS = 20
/** A step that took longer than this is followed by a smaller one. */
const SLOW_MS = 60

/**
 * The number of posts of the next step, from the time that one with `posts` took. How much text D1
 * deletes in a given time depends on the text and on the machine, and no other request may wait
 * longer than 200 ms.
 */
export function nextStepPosts(posts: number, ms: number): number {
  if (ms < FAST_MS) return Math.min(MAX_POSTS, 2 * posts)
  return ms > SLOW_MS ? Math.max(MIN_POSTS, posts / 2) : posts
}

/** Runs steps until nothing of a deleted account is left; false when the budget ends before. */
export async function finishDeletion(
  db: Database,
  userId: number,
  budget: QueryBudget,
): Promise<boolean> {
  for (const name of ['posts', 'keys', 'events'] as const) {
    for (let posts = FIRST_POSTS, deleted = 1; deleted > 0; ) {
      if (!budget.take(1)) return false
      const start = performance.now()
      const { step } = await batch(db, { step: deletionSteps(userId, posts)[name] })
      posts = nextStepPosts(posts, performance.now() - start)
      deleted = step.meta.changes
      if (deleted > 0) await scheduler.wait(PAUSE_MS)
    }
  }
  if (!budget.take(1)) return false
  const { gone } = await batch(db, { gone: deletionSteps(userId).account })
  return gone.length > 0
}

/** Finishes deleted accounts, the longest deleted first. Returns how many are gone now. */
export async function finishDeletions(db: Database, budget: QueryBudget): Promise<number> {
  for (let finished = 0; ; finished++) {
    if (!budget.take(1)) return finished
    const { next } = await batch(db, {
      next: build
        .select({ id: users.id })
        .from(users)
        .where(isNotNull(users.deletedAt))
        .orderBy(asc(users.deletedAt))
        .limit(1),
    })
    if (!next[0] || !(await finishDeletion(db, next[0].id, budget))) return finished
  }
}
