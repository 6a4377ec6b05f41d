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

/** Queries of one run. D1 allows 1 000. */
const QUERIES = 900
/** Of these for expired rows: 325 000 rows. The rest is for jobs that also have to go on. */
const EXPIRED_QUERIES = 650

/** Numbers of deleted rows, accounts and files. A failed job has none. */
export interface Report {
  expired?: Deleted | undefined
  /** Accounts that are completely deleted now. */
  accounts?: number | undefined
  /** Files in R2 that no account used. */
  pictures?: number | undefined
}

/** A job with the queries that it may send. */
type Job<T> = (part: QueryBudget) => Promise<T>

/** @param now the time of the run; tests pass their own. */
export async function runScheduled(env: Env, now: Date): Promise<Report> {
  const db = openDatabase(env.DB, { count: 0, ms: 0 })
  const budget = new QueryBudget(QUERIES)
  const attempt = <T>(name: string, most: number, job: Job<T>) =>
    logFailure(name, () => budget.spend(most, job))
  const expired = await attempt('expired', EXPIRED_QUERIES, (part) => deleteExpired(db, now, part))
  await attempt('search', budget.left / 2, (part) => maintainSearchIndex(db, now, part))
  const accounts = await attempt('accounts', budget.left, (part) => finishDeletions(db, part))
  const pictures = await attempt('pictures', budget.left, (part) =>
    sweepPictures(db, env.AVATARS, now, part),
  )
  return { expired, accounts, pictures }
}

/** Runs a job; its failure is logged and does not keep the others from running. */
async function logFailure<T>(job: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    console.error(logLine({ event: 'job_failed', job, error: String(error) }))
    return undefined
  }
}
