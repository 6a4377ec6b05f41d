/**
 * The session guard: work for a caller whose session is active, checked in the same round trip.
 * A `GuardedDatabase` cannot execute anything else. See docs/decisions/session-guard.md.
 */
import { and, eq, gt, or, placeholder, type SQL, sql } from 'drizzle-orm'
import { ACR_EVIDENCE, type Acr, type Amr } from '../security/auth-methods'
import { byName, inOrder, type Named, type Results, type Statement, type Statements } from './batch'
import { build } from './build'
import { failureOf, raise } from './guard-error'
import type { Database } from './index'
import { type Prepared, prepared } from './prepared'
import { sessions, users } from './schema'

/** The session has ended, or its user was disabled or deleted. */
export class SessionEnded extends Error {
  override name = 'SessionEnded'
}
/** The session is active, but its user does not have the required role. */
export class RoleMissing extends Error {
  override name = 'RoleMissing'
}
/** The session is active, but its authentication is too old or too weak (RFC 9470). */
export class StepUpRequired extends Error {
  override name = 'StepUpRequired'
  constructor(readonly required: StepUp) {
    super('The session needs a new or stronger authentication')
  }
}

export interface StepUp {
  /** The maximum age of the authentication in seconds. */
  fresh?: number | undefined
  /** The minimum level; `enrolled` is `mfa` for users with a second factor, else no level. */
  acr?: Acr | 'enrolled' | undefined
}
export interface Requirements extends StepUp {
  role?: 'admin' | undefined
}

/** The session that a verified access token names. */
export interface SessionKey {
  userId: number
  sessionId: string
}
/** The part of an actor that the guard needs. */
export interface SessionActor {
  db: GuardedDatabase
  caller: SessionKey
  now: Date
}

/** True for an active session, in a `prepared` query that joins `sessions` and `users`. */
const isActive: SQL = sql`${and(
  eq(sessions.id, placeholder('sessionId')),
  eq(sessions.userId, placeholder('userId')),
  gt(sessions.expiresAt, placeholder('now')),
  eq(users.isActive, true),
)}`
const GUARD_PLACEHOLDERS = ['sessionId', 'userId', 'now']
const guardValues = ({ userId, sessionId }: SessionKey, now: Date) => ({
  userId,
  sessionId,
  now: now.getTime(),
})

/**
 * The condition that a session is active, for a `prepared` query of a public route that shows more
 * to a caller. Its values are those of `sessionValues`.
 */
export const hasActiveSession: SQL = sql`exists (select 1 from ${sessions}
  join ${users} on ${users.id} = ${sessions.userId} where ${isActive})`
/** The values of `hasActiveSession`; an anonymous client has no session. */
export const sessionValues = (session: SessionKey | null, now: Date) =>
  guardValues(session ?? { userId: 0, sessionId: '' }, now)

/** A database that executes only what the guard of a session permits. */
export class GuardedDatabase {
  readonly #db: Database
  readonly #stepUp: StepUp

  /** Every batch requires `stepUp`, which the route declares. */
  constructor(db: Database, stepUp: StepUp = {}) {
    this.#db = db
    this.#stepUp = stepUp
  }

  /** See `withSession`. */
  async batch<S extends Statements>(
    session: SessionKey,
    now: Date,
    statements: S,
    more: Requirements,
  ): Promise<Results<S>> {
    const requirements = { ...this.#stepUp, ...more }
    const { names, list } = inOrder(statements)
    const { fresh = 0 } = requirements
    const authenticatedSince = now.getTime() - 1000 * fresh
    const guard = guardFor(requirements)({ ...guardValues(session, now), authenticatedSince })
    try {
      const [, ...results] = await this.#db.batch([guard, ...list])
      return byName<S>(names, results)
    } catch (error) {
      throw guardError(error, requirements) ?? error
    }
  }

  /** See `sessionQuery`. */
  async first<Result>(
    session: SessionKey,
    now: Date,
    query: Prepared<Result>,
    values: Record<string, unknown>,
  ) {
    if (Object.keys(this.#stepUp).length > 0)
      throw new TypeError('A single statement cannot check stepUp. Use withSession().')
    return query(this.#db, { ...values, ...guardValues(session, now) }).get()
  }
}

/**
 * Runs named statements like `batch` if the caller's session is active and meets the requirements.
 * Otherwise the first statement fails on purpose and D1 undoes the batch, so no statement needs a
 * condition of its own.
 * ```ts
 * const { changed } = await withSession(actor, { changed: updateName(actor.caller.userId, name) })
 * ```
 * @throws SessionEnded, RoleMissing, StepUpRequired
 */
export const withSession = <const S extends Statements>(
  { db, caller, now }: SessionActor,
  statements: S & Named<S>,
  requirements: Requirements = {},
): Promise<Results<S>> => db.batch<S>(caller, now, statements, requirements)

/**
 * A single statement with the guard as its condition, for requests that need only one. It joins
 * `sessions` with `users`, has `isActive` in its `where`, and returns a row for an active session.
 * The returned function resolves to that row. `userId`, `sessionId` and `now` are reserved names.
 * @throws SessionEnded when the statement returns no row.
 */
export function sessionQuery<Q extends Statement & { prepare(): unknown }>(
  query: (isActive: SQL) => Q,
) {
  const compiled = prepared(() => query(isActive))
  let isChecked = false
  return async (
    { db, caller, now }: SessionActor,
    values: Record<string, unknown> = {},
  ): Promise<Q['_']['result'][number]> => {
    if (!isChecked) {
      const names = compiled.placeholders()
      if (!GUARD_PLACEHOLDERS.every((name) => names.includes(name)))
        throw new TypeError('This query does not use isActive. Add it to its where clause.')
      isChecked = true
    }
    const row = await db.first(caller, now, compiled, values)
    if (row === undefined) throw new SessionEnded('The session has ended')
    return row
  }
}

/** One prepared guard for each combination of requirements. */
const guards = new Map<string, Prepared<unknown>>()

function guardFor(requirements: Requirements): Prepared<unknown> {
  const { role, acr, fresh } = requirements
  const key = `${role} ${acr} ${fresh !== undefined}`
  const guard = guards.get(key) ?? prepareGuard(requirements)
  guards.set(key, guard)
  return guard
}

/**
 * Selects one row if the session is active and meets the requirements; otherwise fails. `outcome`
 * is of an active session. Without one, `found` is NULL and `pass` raises `session-ended`.
 */
const prepareGuard = ({ role, acr, fresh }: Requirements) =>
  prepared(() => {
    const hasRole = role ? eq(users.role, role) : sql`true`
    const authTime = sql`coalesce(${sessions.authTime}, ${sessions.createdAt})`
    const isFresh =
      fresh === undefined ? undefined : sql`${authTime} >= ${placeholder('authenticatedSince')}`
    const outcome = sql`case when not ${hasRole} then 'role-missing'
      when ${and(sql`true`, isFresh, hasLevel(acr))} then 'pass' else 'step-up-required' end`
    const found = sql`(select ${outcome} from ${sessions}
      join ${users} on ${users.id} = ${sessions.userId} where ${isActive})`
    const pass = sql`case ${found} when 'pass' then 1
      when 'role-missing' then ${raise('role-missing')}
      when 'step-up-required' then ${raise('step-up-required')}
      else ${raise('session-ended')} end`
    return build.select({ pass: pass.as('pass') }).from(sql`(select 1)`)
  })

/** Whether the methods of a session prove a level. */
function hasLevel(acr: StepUp['acr']): SQL | undefined {
  switch (acr) {
    case undefined:
    case '1fa':
      return undefined
    case 'enrolled':
      return or(eq(users.factors, ''), hasAnyMethod(ACR_EVIDENCE.mfa))
    default:
      return hasAnyMethod(ACR_EVIDENCE[acr])
  }
}

const hasAnyMethod = (methods: readonly Amr[]) =>
  or(...methods.map((amr) => sql`instr(' ' || ${sessions.amr} || ' ', ${` ${amr} `}) > 0`))

function guardError(error: unknown, { fresh, acr }: Requirements): Error | null {
  switch (failureOf(error)) {
    case 'session-ended':
      return new SessionEnded('The session has ended')
    case 'role-missing':
      return new RoleMissing('The user does not have the role')
    case 'step-up-required':
      return new StepUpRequired({ fresh, acr })
    case undefined:
      return null
  }
}
