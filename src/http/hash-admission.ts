/** Argon2id within a request: admission, queueing, and timing for `Server-Timing`. */
import type { MiddlewareHandler } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { admit, enqueue, type HashKind } from '../security/hash-queue'
import { problem } from './problem'

/**
 * Admits a request that will hash a password, and responds 503 before any D1 query when the limit
 * is reached. The admission ends with `run`, or before with `endAdmission`.
 */
export async function withAdmission<T>(c: AnyContext, kind: HashKind, run: () => Promise<T>) {
  const release = admit(kind, Date.now())
  if (!release) return problem(c, 'busy', { retryAfter: 1 })
  c.get('hashing').release = release
  try {
    return await run()
  } finally {
    release()
  }
}

/** The admission of an endpoint that declares `hash`. */
export const admitHash =
  (kind: HashKind): MiddlewareHandler<AppEnv> =>
  (c, next) =>
    withAdmission(c, kind, next)

/** Ends the admission early, for a request that goes on after its last hash. */
export function endAdmission(c: AnyContext): void {
  const hashing = c.get('hashing')
  hashing.release?.()
  hashing.release = null
}

/**
 * Pause between two hashes in milliseconds, so that other requests in the isolate make progress;
 * also the queue's polling interval.
 */
const PAUSE_MS = 1

/** Computes a hash in turn and adds its milliseconds to the request's statistics. */
export async function runHash<T>(c: AnyContext, compute: () => T): Promise<T> {
  const hashing = c.get('hashing')
  if (!hashing.release) throw new Error('A hash needs an admission: declare `hash`')
  const place = enqueue(Date.now())
  while (!place.isFirst(Date.now())) await scheduler.wait(PAUSE_MS)
  // The pause delays the next request in the queue, not this one.
  c.executionCtx.waitUntil(scheduler.wait(PAUSE_MS).then(place.leave))
  const start = performance.now()
  const result = compute()
  hashing.ms += performance.now() - start
  return result
}
