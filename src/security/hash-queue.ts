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
 * Milliseconds after which a place in the line is void: its request was aborted, and neither looks
 * nor leaves any more.
 */
export const TICKET_MS = 1000

const line: { until: number }[] = []

/**
 * A place at the end of the line of those who hash next, at `now` (milliseconds). First come, first
 * served: who only looked whether anybody else is hashing would be overtaken, again and again, by
 * who comes at the right moment.
 */
export function enqueue(now: number) {
  const mine = { until: now + TICKET_MS }
  line.push(mine)
  return {
    /** Whether it is one's turn; to be asked again until it is. */
    isFirst(now: number): boolean {
      mine.until = now + TICKET_MS
      if (!line.includes(mine)) line.push(mine)
      while (line[0] && line[0].until <= now) line.shift()
      return line[0] === mine
    },
    /**
     * Lets the next one go first: to be called once the event loop has gone round, so that every
     * other request has taken a step.
     */
    leave(): void {
      const at = line.indexOf(mine)
      if (at >= 0) line.splice(at, 1)
    },
  }
}
