/**
 * Accounts in D1, for admins. Every function checks the caller's session and role in its own trip.
 */
import { and, asc, desc, eq, gt, gte, lt, not, or, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../actor'
import { isLastAdmin } from '../db/admins'
import type { Named, Statements } from '../db/batch'
import { build } from '../db/build'
import type { EventType } from '../db/event-types'
import { recordEventOf } from '../db/events'
import { emailTokens, events, sessions, users } from '../db/schema'
import { withSession } from '../db/session-guard'
import { caseFold, normalizeInput } from '../normalize'
import { isPresent, type PrivateRow, privateColumns } from '../user'
import type { UserChange } from './schemas'

/** The last code point, which sorts after every text that begins with a prefix. */
const LAST = '\u{10ffff}'

const asAdmin = <const S extends Statements>(actor: Actor, statements: S & Named<S>) =>
  withSession<S>(actor, statements, { role: 'admin' })

/**
 * Users whose name or address begins with `q`, or whose id it is, oldest account first. `after` is
 * the id of the last user of the previous page.
 * @throws SessionEnded, RoleMissing
 */
export async function listUsers(
  actor: Actor,
  { q, limit, after }: { q: string | undefined; limit: number; after: number },
): Promise<PrivateRow[]> {
  const { rows } = await asAdmin(actor, {
    rows: build
      .select(privateColumns)
      .from(users)
      .where(and(gt(users.id, after), isPresent, q ? matches(q) : undefined))
      .orderBy(asc(users.id))
      .limit(limit),
  })
  return rows
}

/** Ranges instead of LIKE: the unique indexes serve them, and no character is a wildcard. */
function matches(q: string): SQL | undefined {
  const prefix = caseFold(normalizeInput(q))
  const id = /^\d{1,15}$/.test(prefix) ? Number(prefix) : 0
  return or(
    eq(users.id, id),
    and(gte(users.usernameKey, prefix), lt(users.usernameKey, prefix + LAST)),
    and(gte(users.emailKey, prefix), lt(users.emailKey, prefix + LAST)),
  )
}

export type Changed =
  | { kind: 'changed'; user: PrivateRow; events: EventType[] }
  | { kind: 'user-not-found' }
  | { kind: 'last-admin' }

/**
 * Changes a role, or disables or enables an account. Disabling ends its sessions and links. Losing
 * the role needs no more, because every admin request checks the role. The statements before the
 * update see the row as it was, and each has the rule of the last admin as its condition, so that
 * parallel requests cannot get around it.
 * @throws SessionEnded, RoleMissing
 */
export async function changeUser(
  actor: Actor,
  id: number,
  { role, is_active: isActive }: UserChange,
): Promise<Changed> {
  const demotes = role === 'user' || isActive === false
  const isUser = and(eq(users.id, id), isPresent)
  const isAllowed = and(isUser, demotes ? not(isLastAdmin) : undefined)
  const isDisabled = sql`${isActive === false} and exists (select 1 from ${users} where ${isAllowed})`
  const { recorded, changed, found } = await asAdmin(actor, {
    recorded: recordEventOf(
      { userId: users.id, type: sql`change.type`, at: actor.now },
      sql`from ${users}, (
          select 'role_changed' as type, ${role ?? null} as role, null as is_active
          union all select case ${isActive ?? null} when 0 then 'disabled' else 'enabled' end, null, ${isActive ?? null}
        ) as change
        where ${isAllowed} and (change.role <> ${users.role} or change.is_active <> ${users.isActive})`,
    ).returning({ type: events.type }),
    sessions: build.delete(sessions).where(and(eq(sessions.userId, id), isDisabled)),
    links: build.delete(emailTokens).where(and(eq(emailTokens.userId, id), isDisabled)),
    changed: build
      .update(users)
      .set({ role: role ?? sql`${users.role}`, isActive: isActive ?? sql`${users.isActive}` })
      .where(isAllowed)
      .returning(privateColumns),
    found: build.select({ id: users.id }).from(users).where(isUser),
  })
  if (changed[0]) {
    return { kind: 'changed', user: changed[0], events: recorded.map(({ type }) => type) }
  }
  return { kind: found.length > 0 ? 'last-admin' : 'user-not-found' }
}

/** Ends all sessions of a user; false: there is no such user. @throws SessionEnded, RoleMissing */
export async function endUserSessions(actor: Actor, id: number): Promise<boolean> {
  const { recorded } = await asAdmin(actor, {
    recorded: recordEventOf(
      { userId: users.id, type: 'sessions_ended', at: actor.now },
      sql`from ${users} where ${and(eq(users.id, id), isPresent)}`,
    ).returning({ id: events.id }),
    ended: build.delete(sessions).where(eq(sessions.userId, id)),
  })
  return recorded.length > 0
}

/**
 * Events, latest first; those of one user with `userId`. `before` is the id of the last event of
 * the previous page.
 * @throws SessionEnded, RoleMissing
 */
export async function listEvents(
  actor: Actor,
  { userId, limit, before }: { userId: number | undefined; limit: number; before: number | null },
) {
  // Earlier releases stored events of unknown logins under user 0, until the cron deletes them. The
  // plus sign keeps SQLite on the order of the ids.
  const isOfUser = userId === undefined ? sql`+${events.userId} > 0` : eq(events.userId, userId)
  const { rows } = await asAdmin(actor, {
    rows: build
      .select()
      .from(events)
      .where(and(isOfUser, lt(events.id, before ?? Number.MAX_SAFE_INTEGER)))
      .orderBy(desc(events.id))
      .limit(limit),
  })
  return rows
}
