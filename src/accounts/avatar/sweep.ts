/**
 * Deletes the files in R2 that no account shows. They are left when R2 fails to delete a replaced
 * picture, or when D1 fails after a picture was stored.
 */
import { eq, sql } from 'drizzle-orm'
import type { Database } from '../../db'
import { batch } from '../../db/batch'
import { build } from '../../db/build'
import type { QueryBudget } from '../../db/query-budget'
import { users } from '../../db/schema'
import { sweeps } from '../../db/schema-jobs'
import { DAY_MS } from '../../limits'
import { typeOfPicture } from './store'

/** A sweep begins a week after the start of the last one. */
const PERIOD_MS = 7 * DAY_MS
/** A younger file may belong to a request that has not named it yet. */
const MIN_AGE_MS = DAY_MS
/** Files that are listed and compared at a time; R2 lists at most 1 000. */
const PAGE = 500
const PAGES_PER_RUN = 20
const QUERIES_PER_PAGE = 2

const NAME = 'pictures'

/**
 * Sweeps a part of the bucket if a sweep is due or unfinished. Returns how many files it deleted.
 */
export async function sweepPictures(
  db: Database,
  bucket: R2Bucket,
  now: Date,
  budget: QueryBudget,
  pageSize = PAGE,
): Promise<number> {
  if (!budget.take(1)) return 0
  const { found } = await batch(db, {
    found: build.select().from(sweeps).where(eq(sweeps.name, NAME)),
  })
  const last = found[0]
  const isUnfinished = last !== undefined && last.cursor !== null
  if (last && !isUnfinished && now.getTime() - last.startedAt.getTime() < PERIOD_MS) return 0
  const startedAt = isUnfinished ? last.startedAt : now

  let deleted = 0
  let cursor = last?.cursor ?? null
  for (let page = 0; page < PAGES_PER_RUN && budget.take(QUERIES_PER_PAGE); page++) {
    const swept = await sweepPage(db, bucket, now, cursor, pageSize)
    deleted += swept.deleted
    cursor = swept.cursor
    await batch(db, { saved: saveProgress(startedAt, cursor) })
    if (cursor === null) break
  }
  return deleted
}

/**
 * Sweeps one page of the bucket, behind the key `after`. `cursor` is its last key, null at the
 * end.
 */
async function sweepPage(
  db: Database,
  bucket: R2Bucket,
  now: Date,
  after: string | null,
  limit: number,
) {
  const { objects, truncated } = await bucket.list({
    limit,
    ...(after !== null && { startAfter: after }),
  })
  const isOld = ({ uploaded }: R2Object) => now.getTime() - uploaded.getTime() > MIN_AGE_MS
  const old = objects.filter((object) => isOld(object) && typeOfPicture(object.key) !== null)
  const keys = old.map(({ key }) => key)
  const { used } = await batch(db, {
    used: build
      .select({ key: users.avatarKey })
      .from(users)
      .where(sql`${users.avatarKey} in (select value from json_each(${JSON.stringify(keys)}))`),
  })
  const isUsed = new Set(used.map(({ key }) => key))
  const orphans = keys.filter((key) => !isUsed.has(key))
  if (orphans.length > 0) await bucket.delete(orphans)
  return { deleted: orphans.length, cursor: truncated ? (objects.at(-1)?.key ?? null) : null }
}

const saveProgress = (startedAt: Date, cursor: string | null) =>
  build
    .insert(sweeps)
    .values({ name: NAME, startedAt, cursor })
    .onConflictDoUpdate({ target: sweeps.name, set: { startedAt, cursor } })
