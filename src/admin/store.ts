/** Other people's accounts in D1, for admins: every function checks in its own trip that the caller still is one. */
import { and, asc, desc, eq, gt, gte, lt, not, or, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../actor'
import type { Database } from '../db'
import { isLastAdmin } from '../db/admins'
import type { EventType } from '../db/event-types'
import { recordEventOf } from '../db/events'
import { asCaller } from '../db/live'
import { emailTokens, events, sessions, users } from '../db/schema'
import { caseFold, normalizeInput } from '../normalize'
import { isPresent, type PrivateRow, privateColumns } from '../user'
import type { UserChange } from './schemas'

/** The last code point: behind every text that begins with a prefix. */
const LAST = '\u{10ffff}'

/** People whose name or address begins with `q`, or whose id it is, from the oldest account on; `after` is the id of the last one of the page before. @throws DeadSession, RoleMissing */
export async function listUsers(
  db: Database,
  caller: Caller,
  now: Date,
  q: string | undefined,
  limit: number,
  after: number,
) {
  const [rows] = await asCaller(
    db,
    caller,
    now,
    [
      db
        .select(privateColumns)
        .from(users)
        .where(and(gt(users.id, after), isPresent, q ? matches(q) : undefined))
        .orderBy(asc(users.id))
        .limit(limit),
    ],
    'admin',
  )
  return rows
}

/** Ranges instead of LIKE, so that the unique indexes serve and no character is a wildcard. */
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
 * Changes a role, or disables or enables an account. Disabling ends its sessions and links. A lost role needs no such thing:
 * what an admin may do is asked of the role in each request. Every statement looks at the row as it was before the last
 * one, and the guard of the last admin is in each, so that parallel requests cannot get around it.
 * @throws DeadSession, RoleMissing
 */
export async function changeUser(
  db: Database,
  caller: Caller,
  now: Date,
  id: number,
  { role, is_active: isActive }: UserChange,
): Promise<Changed> {
  const demotes = role === 'user' || isActive === false
  const isUser = and(eq(users.id, id), isPresent)
  const isAllowed = and(isUser, demotes ? not(isLastAdmin) : undefined)
  const isDisabled = sql`${isActive === false} and exists (select 1 from ${users} where ${isAllowed})`
  const [recorded, , , changed, [found]] = await asCaller(
    db,
    caller,
    now,
    [
      recordEventOf(
        { userId: users.id, type: sql`change.type`, at: now },
        sql`from ${users}, (
            select 'role_changed' as type, ${role ?? null} as role, null as is_active
            union all select case ${isActive ?? null} when 0 then 'disabled' else 'enabled' end, null, ${isActive ?? null}
          ) as change
          where ${isAllowed} and (change.role <> ${users.role} or change.is_active <> ${users.isActive})`,
      ).returning({ type: events.type }),
      db.delete(sessions).where(and(eq(sessions.userId, id), isDisabled)),
      db.delete(emailTokens).where(and(eq(emailTokens.userId, id), isDisabled)),
      db
        .update(users)
        .set({ role: role ?? sql`${users.role}`, isActive: isActive ?? sql`${users.isActive}` })
        .where(isAllowed)
        .returning(privateColumns),
      db.select({ id: users.id }).from(users).where(isUser),
    ],
    'admin',
  )
  if (changed[0]) {
    return { kind: 'changed', user: changed[0], events: recorded.map(({ type }) => type) }
  }
  return { kind: found ? 'last-admin' : 'user-not-found' }
}

/** Signs a person out everywhere; false: there is no such person. @throws DeadSession, RoleMissing */
export async function endUserSessions(
  db: Database,
  caller: Caller,
  now: Date,
  id: number,
): Promise<boolean> {
  const [found] = await asCaller(
    db,
    caller,
    now,
    [
      recordEventOf(
        { userId: users.id, type: 'sessions_ended', at: now },
        sql`from ${users} where ${and(eq(users.id, id), isPresent)}`,
      ).returning({ id: events.id }),
      db.delete(sessions).where(eq(sessions.userId, id)),
    ],
    'admin',
  )
  return found.length > 0
}

/** What happened, latest first; of one person with `userId`. `before` is the id of the last one of the page before. @throws DeadSession, RoleMissing */
export async function listEvents(
  db: Database,
  caller: Caller,
  now: Date,
  userId: number | undefined,
  limit: number,
  before: number | null,
) {
  const [rows] = await asCaller(
    db,
    caller,
    now,
    [
      db
        .select()
        .from(events)
        .where(
          and(
            // Earlier releases stored events of unknown logins; the cron deletes them.
            userId === undefined ? sql`+${events.userId} > 0` : eq(events.userId, userId),
            lt(events.id, before ?? Number.MAX_SAFE_INTEGER),
          ),
        )
        .orderBy(desc(events.id))
        .limit(limit),
    ],
    'admin',
  )
  return rows
}
