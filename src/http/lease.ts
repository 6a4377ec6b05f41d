/** Leases of what an isolate has little of: places at the hash gate, room for large bodies. */
import type { AnyContext } from '../context'

/**
 * Sees to it that a lease is given back. workerd forgets a request whose client has gone, and its `finally` with it, unless it still waits for
 * something; on Cloudflare for 30 s more, so every lease ends by itself too.
 */
export function keepLease(c: AnyContext, leave: () => void): () => void {
  const left = Promise.withResolvers<void>()
  c.executionCtx.waitUntil(left.promise)
  return () => {
    leave()
    left.resolve()
  }
}
