/**
 * Deletes what a deleted account leaves behind: posts, idempotency keys, events, and the row of the
 * account itself. An account may have any number of posts, and D1 serves one query at a time, so a
 * step is bounded by rows and by text: removing a post's words from the search index costs more
 * than removing its row.
 */
import { and, asc, eq, isNotNull, ne, not, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { batch, type Statement } from '../../db/batch'
import { build } from '../../db/build'
import type { QueryBudget } from '../../db/query-budget'
import { events, idempotencyKeys, posts, users } from '../../db/schema'

/** Rows that one step deletes at most. */
export const STEP_ROWS = 500
/** Bytes of text after which a step deletes no further post. */
export const STEP_BYTES = 1_000_000
/** Milliseconds between two steps, in which D1 serves other requests. */
const PAUSE_MS = 20

/** The next bounded step for each table of a deleted account. No row is due for any other account. */
export function deletionSteps(userId: number) {
  const isDeleted = sql`exists (select 1 from ${users}
    where ${users.id} = ${userId} and ${users.deletedAt} is not null)`
  const ofAccount = and(eq(events.userId, userId), ne(events.type, 'deleted'))
  return {
    posts: build.delete(posts).where(sql`${posts.id} in (${nextPosts(userId)}) and ${isDeleted}`),
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

/** The ids of the oldest posts of an account that together have at most `STEP_BYTES`, at least one. */
function nextPosts(userId: number): SQL {
  return sql`select id from (
    select id, sum(bytes) over (order by id) - bytes as bytes_before from (
      select id, length(cast(title as blob)) + length(cast(content as blob)) as bytes
      from ${posts} where ${eq(posts.authorId, userId)} order by id limit ${STEP_ROWS}))
    where bytes_before < ${STEP_BYTES}`
}

/** Runs steps until nothing of a deleted account is left; false when the budget ends before. */
export async function finishDeletion(
  db: Database,
  userId: number,
  budget: QueryBudget,
): Promise<boolean> {
  const { account, ...steps } = deletionSteps(userId)
  for (const step of Object.values(steps)) {
    for (let changes = STEP_ROWS; changes > 0; ) {
      if (!budget.take(1)) return false
      const { deleted } = await batch(db, { deleted: step })
      changes = deleted.meta.changes
      if (changes > 0) await scheduler.wait(PAUSE_MS)
    }
  }
  if (!budget.take(1)) return false
  const { gone } = await batch(db, { gone: account })
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
