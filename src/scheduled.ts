/**
 * The cron, every ten minutes. Each job does what is due, in bounded steps, and stops when its
 * queries are used up; the next run continues.
 */
import { sweepPictures } from './accounts/avatar/sweep'
import { finishDeletions } from './accounts/deletion/steps'
import { openDatabase } from './db'
import { QueryBudget } from './db/query-budget'
import { type Deleted, deleteExpired } from './expired'
import { maintainSearchIndex } from './posts/search-index'
import { logLine } from './security/log-line'

/** Queries of one run for expired rows: 325 000 rows. D1 allows 1 000 queries in all. */
const EXPIRED_QUERIES = 650
/** Queries for everything else, plus those that expired rows left over. */
const OTHER_QUERIES = 250

/** Numbers of deleted rows, accounts and files. A failed job has none. */
export interface Report {
  expired?: Deleted | undefined
  /** Accounts that are completely deleted now. */
  accounts?: number | undefined
  /** Files in R2 that no account used. */
  pictures?: number | undefined
}

/** @param now the time of the run; tests pass their own. */
export async function runScheduled(env: Env, now: Date): Promise<Report> {
  const db = openDatabase(env.DB, { count: 0, ms: 0 })
  const forExpired = new QueryBudget(EXPIRED_QUERIES)
  const expired = await attempt('expired', () => deleteExpired(db, now, forExpired))
  const forOthers = new QueryBudget(OTHER_QUERIES + forExpired.left)
  const forSearch = forOthers.half()
  await attempt('search', () => maintainSearchIndex(db, now, forSearch))
  const accounts = await attempt('accounts', () => finishDeletions(db, forOthers))
  const pictures = await attempt('pictures', () => sweepPictures(db, env.AVATARS, now, forOthers))
  return { expired, accounts, pictures }
}

/** Runs a job; its failure is logged and does not keep the others from running. */
async function attempt<T>(job: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    console.error(logLine({ event: 'job_failed', job, error: String(error) }))
    return undefined
  }
}
