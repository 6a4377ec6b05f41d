// Limits how many requests per isolate wait for or compute a hash, and runs the hashes one at a
// time. Hashing is synchronous and blocks the isolate. A rejected request costs nothing.
import { leasesOf } from './leases'

/**
 * Requests that may be between "admitted" and "hash done" at once. Each hashes for some 15 to 40
 * ms, so the last one waits for about a second at most.
 */
export const MAX_ADMITTED = 32

/**
 * The limit per kind, so that many registrations cannot keep sign-ins from being admitted, and the
 * other way round.
 */
export const MAX_ADMITTED_PER_KIND = 24

/** The purpose of a hash. */
export type HashKind = 'sign-in' | 'other'

/** Milliseconds after which a lease is void. */
export const LEASE_MS = 10_000

const leases = leasesOf<HashKind>()

/**
 * Acquires a lease at `now` (milliseconds). Returns the function that releases it (further calls do
 * nothing), or null when the limit, or the limit of the kind, is reached: respond 503 +
 * Retry-After.
 */
export function admit(kind: HashKind, now: number): (() => void) | null {
  const held = leases.at(now)
  const alike = held.filter((other) => other === kind).length
  if (held.length >= MAX_ADMITTED || alike >= MAX_ADMITTED_PER_KIND) return null
  return leases.take(kind, now + LEASE_MS)
}

/**
 * Milliseconds without a call of `isFirst` after which a request loses its place in the queue: it
 * was aborted.
 */
export const TICKET_MS = 1000

const queue: { until: number }[] = []

/**
 * Adds a request to the end of the queue, at `now` (milliseconds). The queue is first in, first
 * out: a request that only checked whether another one is hashing could be overtaken again and
 * again.
 */
export function enqueue(now: number) {
  const mine = { until: now + TICKET_MS }
  queue.push(mine)
  return {
    /** Whether this request is next. Call it again until it is. */
    isFirst(now: number): boolean {
      mine.until = now + TICKET_MS
      if (!queue.includes(mine)) queue.push(mine)
      while (queue[0] && queue[0].until <= now) queue.shift()
      return queue[0] === mine
    },
    /**
     * Removes the request from the queue. Call it after a turn of the event loop, so that every
     * other request makes progress.
     */
    leave(): void {
      const at = queue.indexOf(mine)
      if (at >= 0) queue.splice(at, 1)
    },
  }
}
