// The door before the hash: bounds how many requests of an isolate wait to hash or hash.
// Hashing is synchronous, so the queue is the event loop's own; what is refused here costs nothing.

/**
 * Requests that may be between "admitted" and "hash done" at once. Each hashes for some 15 to 40 ms,
 * so the last one waits for about half a second, and so does everybody else in the isolate.
 */
export const GATE_SIZE = 24

/** Milliseconds after which a lease is void: a request that its client aborted never gives it back. */
export const LEASE_MS = 10_000

const leases = new Set<{ until: number }>()

/**
 * Asks for a lease at `now` (milliseconds). Null: the gate is full, answer 503 + Retry-After.
 * Otherwise the function that gives the lease back; calling it again does nothing.
 */
export function enterGate(now: number): (() => void) | null {
  for (const lease of leases) if (lease.until <= now) leases.delete(lease)
  if (leases.size >= GATE_SIZE) return null
  const lease = { until: now + LEASE_MS }
  leases.add(lease)
  return () => void leases.delete(lease)
}
