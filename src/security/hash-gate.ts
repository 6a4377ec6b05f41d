// The door before the hash: bounds how many requests of an isolate wait to hash or hash, and lets them hash one by one.
// Hashing is synchronous: while it runs, the isolate stands still. What is refused here costs nothing.

/** Requests that may be between "admitted" and "hash done" at once. Each hashes for some 15 to 40 ms, so the last one waits for about half a second. */
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

/** Milliseconds after which a turn is void: its request was aborted before it could end it. */
export const TURN_MS = 1000

let turn: { until: number } | null = null

/**
 * Takes the turn to hash at `now` (milliseconds), of which an isolate has one. Null: somebody else has it. Otherwise the function that
 * ends it, to be called once the event loop has gone round: hashes that followed each other at once would let no other request of the
 * isolate take a step until the last of them is done.
 */
export function takeTurn(now: number): (() => void) | null {
  if (turn && turn.until > now) return null
  const mine = { until: now + TURN_MS }
  turn = mine
  return () => {
    if (turn === mine) turn = null
  }
}
