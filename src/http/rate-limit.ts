/**
 * Rate limits at the edge, per client and minute, before any hash or D1 query. Cloudflare counts
 * per location and permissively, so lockouts are counted in D1 instead.
 */
import type { MiddlewareHandler } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { logLine } from '../security/log-line'
import { problem } from './problem'

const BINDINGS = {
  'sign-in': 'SIGN_IN_LIMIT',
  register: 'REGISTER_LIMIT',
  mail: 'MAIL_LIMIT',
  write: 'WRITE_LIMIT',
  token: 'TOKEN_LIMIT',
  refresh: 'REFRESH_LIMIT',
  search: 'SEARCH_LIMIT',
} as const
export type EdgeLimit = keyof typeof BINDINGS

/** Limits that count only some requests of their routes. */
const COUNTS: { [L in EdgeLimit]?: (c: AnyContext) => boolean } = {
  search: (c) => c.req.query('q') !== undefined,
}

/**
 * Responds 429 to a client above its limit. If Cloudflare's counter fails, the request passes: the
 * limits in D1 still apply.
 */
export function rateLimit(limit: EdgeLimit): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const isCounted = COUNTS[limit]?.(c) ?? true
    if (isCounted && !(await isBelowLimit(c, limit)))
      return problem(c, 'too-many-requests', { retryAfter: 60 })
    return next()
  }
}

/**
 * Whether `key`, by default the client, is below its limit; counts this request. A client with IPv6
 * also counts for its /48, which may make ten times as many requests.
 */
export async function isBelowLimit(
  c: AnyContext,
  limit: EdgeLimit,
  key?: string,
): Promise<boolean> {
  const counter = c.env[BINDINGS[limit]]
  const client = key ?? clientKey(c.req.header('CF-Connecting-IP'))
  const network = key === undefined && networkKey(client)
  try {
    if (!(await counter.limit({ key: client })).success) return false
    return !network || (await counter.limit({ key: network })).success
  } catch (error) {
    console.error(logLine({ event: 'rate_limit_failed', limit, error: String(error) }))
    return true
  }
}

/**
 * The client as a key: an IPv4 address, or the /64 of an IPv6 address in canonical form, since a
 * subscriber has at least a /64. `CF-Connecting-IP` cannot be set by clients in production.
 */
export function clientKey(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  if (IPV4.test(address)) return address
  const groups = ipv6Groups(address)
  if (!groups) return 'unknown'
  // ::ffff:0:0/96 contains all IPv4 addresses (RFC 4291 §2.5.5.2), not one client.
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff')
    return groups
      .slice(6)
      .map((group) => Number.parseInt(group, 16))
      .flatMap((number) => [number >> 8, number & 255])
      .join('.')
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** The /64 networks of a /48 share this many times the limit of one. */
const NETWORK_SHARES = 10

/**
 * The /48 of a client with IPv6, as one of `NETWORK_SHARES` keys at random, each with the limit of
 * a client: a binding has one limit, and a request counts for one key. Null for others. A tunnel
 * broker gives a /48 to anyone, with 65 536 networks that would be a client each.
 */
export function networkKey(client: string): string | null {
  const [, network] = /^((?:[\da-f]+:){3})[\da-f]+::\/64$/.exec(client) ?? []
  return network ? `${network}:/48#${Math.floor(NETWORK_SHARES * Math.random())}` : null
}

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/

/** The eight groups of an IPv6 address without leading zeros, in lower case (RFC 5952), or null. */
function ipv6Groups(address: string): string[] | null {
  const [text = ''] = address.split('%', 1)
  const url = `http://[${text}]/`
  if (!/^[\da-f:.]+$/i.test(text) || !URL.canParse(url)) return null
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::')
  const before = head ? head.split(':') : []
  const after = tail ? tail.split(':') : []
  return tail === undefined
    ? before
    : [...before, ...Array(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after]
}
