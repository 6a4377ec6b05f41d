/** An export in D1: one trip that decides and gives the small parts and the first posts, then one trip a page. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { recordEvent } from '../db/events'
import { asCaller } from '../db/live'
import { emailTokens, events, posts, sessions, users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'

/** Bytes of content after which a page of posts ends, so that it fits into memory whatever the posts are like. */
const PAGE_BYTES = 1_000_000
const MAX_POSTS_A_PAGE = 500
const EVENTS_A_PAGE = 1000

export type OwnPost = Omit<typeof posts.$inferSelect, 'authorId' | 'revision'>
export interface ExportStart {
  at: Date
  user: PrivateRow
  sessions: (typeof sessions.$inferSelect)[]
  links: Pick<typeof emailTokens.$inferSelect, 'purpose' | 'email' | 'createdAt' | 'expiresAt'>[]
  posts: OwnPost[]
}

/** Records the export and reads all but the later posts and the events. @throws DeadSession */
export async function beginExport(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
): Promise<ExportStart> {
  const { userId, sessionId } = caller
  const [, [user], ownSessions, links, firstPosts] = await asCaller(db, caller, now, [
    recordEvent(db, { userId, type: 'exported', at: now, sessionId, location }),
    db.select(privateColumns).from(users).where(eq(users.id, userId)),
    db.select().from(sessions).where(eq(sessions.userId, userId)),
    db
      .select({
        purpose: emailTokens.purpose,
        email: emailTokens.email,
        createdAt: emailTokens.createdAt,
        expiresAt: emailTokens.expiresAt,
      })
      .from(emailTokens)
      .where(eq(emailTokens.userId, userId)),
    exportPosts(db, userId, 0),
  ])
  return { at: now, user: user as PrivateRow, sessions: ownSessions, links, posts: firstPosts }
}

/** The posts behind the one with the id `after`, oldest first, as many as make a page. */
export function exportPosts(db: Database, userId: number, after: number) {
  const bytes = sql<number>`length(cast(${posts.title} as blob)) + length(cast(${posts.content} as blob))`
  const next = db
    .select({
      id: posts.id,
      title: posts.title,
      content: posts.content,
      createdAt: posts.createdAt,
      updatedAt: posts.updatedAt,
      bytesBefore: sql<number>`sum(${bytes}) over (order by ${posts.id}) - (${bytes})`.as(
        'bytes_before',
      ),
    })
    .from(posts)
    .where(and(eq(posts.authorId, userId), gt(posts.id, after)))
    .orderBy(asc(posts.id))
    .limit(MAX_POSTS_A_PAGE)
    .as('next')
  return db
    .select({
      id: next.id,
      title: next.title,
      content: next.content,
      createdAt: next.createdAt,
      updatedAt: next.updatedAt,
    })
    .from(next)
    .where(sql`${next.bytesBefore} < ${PAGE_BYTES}`)
    .orderBy(asc(next.id))
}

/** The events behind the one with the id `after`, oldest first. */
export const exportEvents = (db: Database, userId: number, after: number) =>
  db
    .select()
    .from(events)
    .where(and(eq(events.userId, userId), gt(events.id, after)))
    .orderBy(asc(events.id))
    .limit(EVENTS_A_PAGE)
