/**
 * Bounds the request bodies that an isolate, which has 128 MB, holds at once. Small and large
 * bodies have a pool each, and each client has a share of a pool, so that one client cannot fill
 * it.
 */
import { leasesOf } from '../../security/leases'

const KIB = 1024
const MIB = 1024 * KIB

/** Bodies up to this size come from the small pool. */
export const SMALL_BODY_BYTES = 64 * KIB
/** The minimum cost of a body: a tiny one keeps its request in memory, too. */
const MIN_BODY_BYTES = KIB

interface Pool {
  /** Bytes that all bodies of the pool may have together. */
  maxBytes: number
  /** Bytes that the bodies of one client may have together. */
  maxBytesPerClient: number
}
export const POOLS = {
  small: { maxBytes: 16 * MIB, maxBytesPerClient: 512 * KIB },
  large: { maxBytes: 24 * MIB, maxBytesPerClient: 4 * MIB },
} as const satisfies Record<string, Pool>

interface Body {
  pool: keyof typeof POOLS
  client: string
  bytes: number
}
const leases = leasesOf<Body>()

/**
 * Reserves `bytes` for a body of `client` (a user or an address), from `now` until `until` at the
 * latest (milliseconds). Returns a function that releases them (further calls do nothing), or null
 * when the pool or the client's share of it is full: respond 503 with Retry-After.
 */
export function reserveBuffer(
  client: string,
  bytes: number,
  now: number,
  until: number,
): (() => void) | null {
  const pool = bytes > SMALL_BODY_BYTES ? 'large' : 'small'
  const cost = Math.max(bytes, MIN_BODY_BYTES)
  const held = leases.at(now).filter((body) => body.pool === pool)
  const own = held.filter((body) => body.client === client)
  const { maxBytes, maxBytesPerClient } = POOLS[pool]
  if (sum(held) + cost > maxBytes || sum(own) + cost > maxBytesPerClient) return null
  return leases.take({ pool, client, bytes: cost }, until)
}

const sum = (bodies: readonly Body[]) => bodies.reduce((total, { bytes }) => total + bytes, 0)
