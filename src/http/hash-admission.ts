/** Argon2id within a request: admission, queueing, and timing for `Server-Timing`. */
import type { MiddlewareHandler } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { admit, enqueue } from '../security/hash-queue'
import { problem } from './problem'

/**
 * Admission control for endpoints other than sign-in that hash a password. Responds 503 before any
 * D1
 * query when the limit is reached.
 */
export const admitHash: MiddlewareHandler<AppEnv> = async (c, next) => {
  const leave = admit('other', Date.now())
  if (!leave) return problem(c, 'busy', { retryAfter: 1 })
  try {
    return await next()
  } finally {
    leave()
  }
}

/**
 * Pause between two hashes in milliseconds, so that other requests in the isolate make progress;
 * also
 * the queue's polling interval.
 */
const PAUSE_MS = 1

/** Computes a hash in turn and adds its milliseconds to the request's statistics. */
export async function runHash<T>(c: AnyContext, compute: () => T): Promise<T> {
  const place = enqueue(Date.now())
  while (!place.isFirst(Date.now())) await scheduler.wait(PAUSE_MS)
  // The pause delays the next request in the queue, not this one.
  c.executionCtx.waitUntil(scheduler.wait(PAUSE_MS).then(place.leave))
  const start = performance.now()
  const result = compute()
  c.get('hashStats').ms += performance.now() - start
  return result
}
