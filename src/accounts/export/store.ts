/** An export in D1: one trip that decides and gives the small parts, then one trip a page. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Caller } from '../../actor'
import type { Database } from '../../db'
import { recordEvent } from '../../db/events'
import { asCaller } from '../../db/live'
import { emailTokens, events, posts, sessions, users } from '../../db/schema'
import { type PrivateRow, privateColumns } from '../../user'

/**
 * Bytes of content after which a page of posts ends, so that memory stays flat whatever the posts are like. D1 allows an invocation 1 000
 * queries, so pages double: 150 of each size are 290 MB, and what follows in pages of the last size makes 700 MB in all.
 */
const pageBytes = (page: number) => 64 * 1024 * 2 ** Math.min(5, Math.floor(page / 150))
const EVENTS_A_PAGE = 500

export type OwnPost = Omit<typeof posts.$inferSelect, 'authorId' | 'revision'>
export interface ExportStart {
  at: Date
  user: PrivateRow
  sessions: (typeof sessions.$inferSelect)[]
  links: Pick<typeof emailTokens.$inferSelect, 'purpose' | 'email' | 'createdAt' | 'expiresAt'>[]
}

/** Records the export and reads all but posts and events. @throws DeadSession */
export async function beginExport(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
): Promise<ExportStart> {
  const { userId, sessionId } = caller
  const [, [user], sessionListRoutes, links] = await asCaller(db, caller, now, [
    recordEvent({ userId, type: 'exported', at: now, sessionId, location }),
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
  ])
  return { at: now, user: user as PrivateRow, sessions: sessionListRoutes, links }
}

/** The person's posts, oldest first, page by page: each has at most twice as many as the one before, and ends at its bytes. */
export async function* exportPosts(db: Database, userId: number): AsyncGenerator<OwnPost[]> {
  let after = 0
  let atMost = 25
  for (let page = 0; ; page++) {
    const rows: OwnPost[] = await postsBehind(db, userId, after, atMost, pageBytes(page))
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.id
    // More would be read and thrown away when the posts are large.
    atMost = Math.min(500, 2 * rows.length)
  }
}

/** At most so many posts behind the one with the id `after`, and of those only as many as have `maxBytes`, but at least one. */
function postsBehind(
  db: Database,
  userId: number,
  after: number,
  atMost: number,
  maxBytes: number,
) {
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
    .limit(atMost)
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
    .where(sql`${next.bytesBefore} < ${maxBytes}`)
    .orderBy(asc(next.id))
}

/** What happened to the person, oldest first, page by page. */
export async function* exportEvents(
  db: Database,
  userId: number,
): AsyncGenerator<(typeof events.$inferSelect)[]> {
  for (let after = 0; ; ) {
    const rows = await db
      .select()
      .from(events)
      .where(and(eq(events.userId, userId), gt(events.id, after)))
      .orderBy(asc(events.id))
      .limit(EVENTS_A_PAGE)
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.id
  }
}
