// Room for large bodies: bounds what an isolate, which has 128 MB, holds of them at once. Small ones need none.

/** Bytes of large bodies that are held at once. */
export const ROOM = 24 * 1024 * 1024

/** Of which one person may have so many: who sends slowly on purpose takes only what is his. Several can take it all, at the pace that `body-reader.ts` asks for. */
export const SHARE = 4 * 1024 * 1024

const leases = new Set<{ userId: number; bytes: number; until: number }>()

/**
 * Asks for room from `now` until `until` at the latest (milliseconds): a request that its client aborted may never give it back.
 * Null: there is none; answer 503 + Retry-After. Otherwise the function that gives it back; calling it again does nothing.
 */
export function takeRoom(
  userId: number,
  bytes: number,
  now: number,
  until: number,
): (() => void) | null {
  let held = 0
  let own = 0
  for (const lease of leases) {
    if (lease.until <= now) leases.delete(lease)
    else {
      held += lease.bytes
      if (lease.userId === userId) own += lease.bytes
    }
  }
  if (held + bytes > ROOM || own + bytes > SHARE) return null
  const lease = { userId, bytes, until }
  leases.add(lease)
  return () => void leases.delete(lease)
}
