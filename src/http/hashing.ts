/** Argon2id inside a request: admission, so that waiting hashes cannot pile up, and its time for `Server-Timing`. */
import type { MiddlewareHandler } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { enterGate } from '../security/hash-gate'
import { problem } from './problem'

/** Answers 503 + `Retry-After` when as many requests as the gate holds are about to hash; before any trip to D1, so that a refusal counts nowhere. */
export const passHashGate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const leave = enterGate(c.var.now.getTime())
  if (!leave) return problem(c, 'busy', { retryAfter: 1 })
  try {
    return await next()
  } finally {
    leave()
  }
}

/** Computes a hash and adds its milliseconds to the request's account. */
export function timeHash<T>(c: AnyContext, compute: () => T): T {
  const start = performance.now()
  const result = compute()
  c.set('hashMs', (c.var.hashMs as number) + performance.now() - start)
  return result
}
