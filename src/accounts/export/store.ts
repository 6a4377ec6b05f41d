/**
 * An export in D1: one round trip for the small parts, then one per page of sessions, posts and
 * events. Each checks that the session is active, so an export ends with its session.
 */
import { and, asc, eq, gt, or, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { type IdentityRow, selectIdentitiesOf } from '../../credentials/identities/store'
import { type PasskeyRow, selectPasskeysOf } from '../../credentials/passkeys/store'
import { single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEvent } from '../../db/events'
import { emailTokens, events, posts, sessions, users } from '../../db/schema'
import { signInLinks } from '../../db/schema-credentials'
import { withSession } from '../../db/session-guard'
import { KIB } from '../../http/body/reader'
import { type PrivateRow, privateColumns } from '../../user'
import type { LinkRow } from './schemas'

const SESSIONS_PER_PAGE = 100
const EVENTS_PER_PAGE = 500
const MAX_POSTS_PER_PAGE = 1000
const FIRST_POSTS_PER_PAGE = 25
/**
 * Bytes of text after which a page of posts ends, so that memory does not depend on the posts. A
 * page costs two of the 1 000 queries that D1 allows a request, so pages grow from 256 KiB to 2
 * MiB: 670 MiB in all.
 */
const pageBytes = (page: number) => 256 * KIB * 2 ** Math.min(3, Math.floor(page / 75))

/** An actor and its clock: a page later in the export is read at a later time. */
export interface Exporter {
  actor: Actor
  clock: () => Date
}
const atPresent = ({ actor, clock }: Exporter) => ({
  db: actor.db,
  caller: actor.caller,
  now: clock(),
})

type SessionRow = typeof sessions.$inferSelect
type EventRow = typeof events.$inferSelect
export type OwnPost = Omit<typeof posts.$inferSelect, 'authorId' | 'revision'>
export interface ExportStart {
  user: PrivateRow
  links: LinkRow[]
  passkeys: PasskeyRow[]
  identities: IdentityRow[]
}

/** Records the export and reads the profile, the links and the credentials. @throws SessionEnded */
export async function beginExport(actor: Actor): Promise<ExportStart> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const { user, links, signInLink, passkeys, identities } = await withSession(actor, {
    recorded: recordEvent({ userId, type: 'exported', at: now, sessionId, location }),
    user: build.select(privateColumns).from(users).where(eq(users.id, userId)),
    links: build
      .select({
        purpose: emailTokens.purpose,
        email: emailTokens.email,
        createdAt: emailTokens.createdAt,
        expiresAt: emailTokens.expiresAt,
      })
      .from(emailTokens)
      .where(eq(emailTokens.userId, userId)),
    signInLink: build
      .select({
        email: users.email,
        createdAt: signInLinks.createdAt,
        expiresAt: signInLinks.expiresAt,
      })
      .from(signInLinks)
      .innerJoin(users, eq(users.id, signInLinks.userId))
      .where(eq(signInLinks.userId, userId)),
    passkeys: selectPasskeysOf(userId),
    identities: selectIdentitiesOf(userId),
  })
  const toSignIn = signInLink.map((link) => ({ purpose: 'sign-in' as const, ...link }))
  return { user: single(user), links: [...links, ...toSignIn], passkeys, identities }
}

/** Checks that the session is active, and does nothing else. @throws SessionEnded */
export const checkSession = async (actor: Actor): Promise<void> => {
  await withSession(actor, {})
}

/** The sessions of the caller, oldest first. @throws SessionEnded */
export async function* exportSessions(exporter: Exporter): AsyncGenerator<SessionRow[]> {
  const isOwn = eq(sessions.userId, exporter.actor.caller.userId)
  for (let last: SessionRow | undefined; ; ) {
    const isLater =
      last &&
      or(
        gt(sessions.createdAt, last.createdAt),
        and(eq(sessions.createdAt, last.createdAt), gt(sessions.id, last.id)),
      )
    const { rows } = await withSession(atPresent(exporter), {
      rows: build
        .select()
        .from(sessions)
        .where(and(isOwn, isLater))
        .orderBy(asc(sessions.createdAt), asc(sessions.id))
        .limit(SESSIONS_PER_PAGE),
    })
    last = rows.at(-1)
    if (!last) return
    yield rows
  }
}

/**
 * The posts of the caller, oldest first. A page has at most twice the posts of the previous one
 * and ends at its bytes. @throws SessionEnded
 */
export async function* exportPosts(exporter: Exporter): AsyncGenerator<OwnPost[]> {
  const { userId } = exporter.actor.caller
  let after = 0
  let atMost = FIRST_POSTS_PER_PAGE
  for (let page = 0; ; page++) {
    const { rows } = await withSession(atPresent(exporter), {
      rows: postsAfter(userId, after, atMost, pageBytes(page)),
    })
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.id
    // Large posts end a page early. Reading many more than fit is wasted work.
    atMost = Math.min(MAX_POSTS_PER_PAGE, 2 * rows.length)
  }
}

/** At most `atMost` posts with larger ids than `after`: those within `maxBytes`, at least one. */
function postsAfter(userId: number, after: number, atMost: number, maxBytes: number) {
  const bytes = sql<number>`octet_length(${posts.title}) + octet_length(${posts.content})`
  const next = build
    .select({
      id: posts.id,
      title: posts.title,
      content: posts.content,
      visibility: posts.visibility,
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
  return build
    .select({
      id: next.id,
      title: next.title,
      content: next.content,
      visibility: next.visibility,
      createdAt: next.createdAt,
      updatedAt: next.updatedAt,
    })
    .from(next)
    .where(sql`${next.bytesBefore} < ${maxBytes}`)
    .orderBy(asc(next.id))
}

/** The events of the caller, oldest first. @throws SessionEnded */
export async function* exportEvents(exporter: Exporter): AsyncGenerator<EventRow[]> {
  const isOwn = eq(events.userId, exporter.actor.caller.userId)
  for (let after = 0; ; ) {
    const { rows } = await withSession(atPresent(exporter), {
      rows: build
        .select()
        .from(events)
        .where(and(isOwn, gt(events.id, after)))
        .orderBy(asc(events.id))
        .limit(EVENTS_PER_PAGE),
    })
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = last.id
  }
}
