/**
 * Consistency with D1 read replicas. Anonymous reads may use any replica that is as new as what the
 * client last saw. Requests that decide about a session, a user or a write start at the primary, so
 * that a revocation holds everywhere at once.
 */
import type { Context } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { hasCredentials } from './caching'

/** The header of requests and responses that carries the bookmark. */
export const BOOKMARK = 'X-D1-Bookmark'
/** D1's form: `00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683`. */
const SHAPE = /^[0-9a-f]{8}(?:-[0-9a-f]{8,32}){3}$/

const isRead = (c: AnyContext) => c.req.method === 'GET' || c.req.method === 'HEAD'

/** The start of the request's D1 session. A malformed bookmark means the newest data. */
export function readBookmark(c: AnyContext): string {
  if (!isRead(c) || hasCredentials(c)) return 'first-primary'
  const bookmark = c.req.header(BOOKMARK)
  if (bookmark === undefined) return 'first-unconstrained'
  return SHAPE.test(bookmark) ? bookmark : 'first-primary'
}

/**
 * Sends the bookmark that the client returns with its next anonymous read, for monotonic reads.
 * Omitted on errors and on unauthenticated writes, whose responses must not reveal whether anything
 * was written (ASVS 6.3.8).
 */
export function setBookmark(c: Context<AppEnv>) {
  const isTold = c.res.status < 400 && (isRead(c) || c.get('caller') !== undefined)
  const bookmark = isTold && c.get('trips').count > 0 && c.get('db')?.bookmark()
  if (bookmark) c.res.headers.set(BOOKMARK, bookmark)
}
