/**
 * How old the data of an answer may be, when D1 has read replicas. Reads without credentials may come from any replica that has what the
 * client last saw; whatever decides about a session, a user or a write begins at the primary, so that a revocation holds everywhere at once.
 */
import type { Context } from 'hono'
import type { AnyContext, AppEnv } from '../context'
import { hasCredentials } from './caching'

/** The header that carries it, both ways. */
export const BOOKMARK = 'X-D1-Bookmark'
/** Groups of hexadecimal digits, as D1 makes them: `00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683`. */
const SHAPE = /^[0-9a-f]{8}(?:-[0-9a-f]{8,32}){3}$/

const isRead = (c: AnyContext) => c.req.method === 'GET' || c.req.method === 'HEAD'

/** Where the request's session with D1 begins. A text that is no bookmark asks for the newest data: it cannot be compared with anything. */
export function readBookmark(c: AnyContext): string {
  if (!isRead(c) || hasCredentials(c)) return 'first-primary'
  const bookmark = c.req.header(BOOKMARK)
  if (bookmark === undefined) return 'first-unconstrained'
  return SHAPE.test(bookmark) ? bookmark : 'first-primary'
}

/**
 * Tells the client what it has now seen; sent back with its next anonymous read, it never sees less. Not behind a refusal, nor where
 * somebody unknown writes (sign-in, forgotten password): those answers must be alike, whatever was written (ASVS 6.3.8).
 */
export function setBookmark(c: Context<AppEnv>) {
  const isTold = c.res.status < 400 && (isRead(c) || c.get('caller') !== undefined)
  const bookmark = isTold && c.get('trips').count > 0 && c.get('db')?.bookmark()
  if (bookmark) c.res.headers.set(BOOKMARK, bookmark)
}
