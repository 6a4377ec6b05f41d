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
/** Posts that a step of size 1 deletes at most. */
export const STEP_POSTS = 250
/** Bytes of text after which a step of size 1 deletes no further post. */
export const STEP_BYTES = 250_000
/** Milliseconds between two steps, in which D1 serves other requests. */
const PAUSE_MS = 20

/**
 * The next bounded step for each table of a deleted account. For other accounts they do nothing.
 * @param size multiplies the bounds of posts
 */
export function deletionSteps(userId: number, size = 1) {
  const isDeleted = sql`exists (select 1 from ${users}
    where ${users.id} = ${userId} and ${users.deletedAt} is not null)`
  const ofAccount = and(eq(events.userId, userId), ne(events.type, 'deleted'))
  return {
    posts: build
      .delete(posts)
      .where(sql`${posts.id} in (${nextPosts(userId, size)}) and ${isDeleted}`),
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
function nextPosts(userId: number, size: number): SQL {
  return sql`select id from (
    select id, sum(bytes) over (order by id) - bytes as bytes_before from (
      select id, octet_length(title) + octet_length(content) as bytes
      from ${posts} where ${eq(posts.authorId, userId)} order by id limit ${STEP_POSTS * size}))
    where bytes_before < ${STEP_BYTES * size}`
}

/** A step grows while it takes less than this, and shrinks when it takes longer than the other. */
const FAST_MS = 30
const SLOW_MS = 80
const MAX_SIZE = 8

/**
 * The size of the next step, from how long the last one took. How much text D1 can delete in a
 * given time depends on the text and on the machine; other requests must not wait longer than 200
 * ms.
 */
export function nextSize(size: number, ms: number): number {
  if (ms < FAST_MS) return Math.min(MAX_SIZE, 2 * size)
  return ms > SLOW_MS ? Math.max(1, size / 2) : size
}

/** Runs steps until nothing of a deleted account is left; false when the budget ends before. */
export async function finishDeletion(
  db: Database,
  userId: number,
  budget: QueryBudget,
): Promise<boolean> {
  for (const name of ['posts', 'keys', 'events'] as const) {
    for (let size = 1, deleted = 1; deleted > 0; ) {
      if (!budget.take(1)) return false
      const start = performance.now()
      const { step } = await batch(db, { step: deletionSteps(userId, size)[name] })
      size = nextSize(size, performance.now() - start)
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
