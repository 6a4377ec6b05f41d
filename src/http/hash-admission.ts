/** Argon2id inside a request: admission, so that waiting hashes cannot pile up; its turn; and its time for `Server-Timing`. */
import type { MiddlewareHandler } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { admit, enqueue } from '../security/hash-queue'
import { problem } from './problem'

/** For routes that hash and sign nobody in: answers 503 + `Retry-After` when as many as the gate takes of them are about to hash; before any trip to D1, so that a refusal counts nowhere. */
export const admitHash: MiddlewareHandler<AppEnv> = async (c, next) => {
  const leave = admit('other', Date.now())
  if (!leave) return problem(c, 'busy', { retryAfter: 1 })
  try {
    return await next()
  } finally {
    leave()
  }
}

/** Milliseconds between two hashes of an isolate, in which every other request of it takes a step; and between two looks at whose turn it is. */
const PAUSE_MS = 1

/** Computes a hash when it is this request's turn, and adds its milliseconds to the request's account. */
export async function runHash<T>(c: AnyContext, compute: () => T): Promise<T> {
  const place = enqueue(Date.now())
  while (!place.isFirst(Date.now())) await scheduler.wait(PAUSE_MS)
  // The one that hashes does not wait for the pause behind it.
  c.executionCtx.waitUntil(scheduler.wait(PAUSE_MS).then(place.leave))
  const start = performance.now()
  const result = compute()
  c.get('hashStats').ms += performance.now() - start
  return result
}
