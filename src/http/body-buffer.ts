// Room for large bodies: bounds what an isolate, which has 128 MB, holds of them at once. Small ones need none.
import { leasesOf } from '../security/leases'

/** Bytes of large bodies that are held at once. */
export const MAX_BUFFERED_BYTES = 24 * 1024 * 1024

/** Of which one person may have so many: who sends slowly on purpose takes only what is his. Several can take it all, at the pace that `body-reader.ts` asks for. */
export const MAX_BUFFERED_PER_USER = 4 * 1024 * 1024

const leases = leasesOf<{ userId: number; bytes: number }>()

/**
 * Asks for room from `now` until `until` at the latest (milliseconds). Null: there is none; answer 503 + Retry-After.
 * Otherwise the function that gives it back; calling it again does nothing.
 */
export function reserveBuffer(
  userId: number,
  bytes: number,
  now: number,
  until: number,
): (() => void) | null {
  const held = leases.at(now)
  const own = held.filter((body) => body.userId === userId)
  if (sum(held) + bytes > MAX_BUFFERED_BYTES || sum(own) + bytes > MAX_BUFFERED_PER_USER)
    return null
  return leases.take({ userId, bytes }, until)
}

const sum = (bodies: readonly { bytes: number }[]) =>
  bodies.reduce((total, { bytes }) => total + bytes, 0)
