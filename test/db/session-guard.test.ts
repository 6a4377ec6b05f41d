import { env } from 'cloudflare:workers'
import { eq, placeholder, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/db'
import { build } from '../../src/db/build'
import { causes } from '../../src/db/causes'
import { sessions, users } from '../../src/db/schema'
import {
  GuardedDatabase,
  RoleMissing,
  type SessionActor,
  SessionEnded,
  StepUpRequired,
  sessionQuery,
  withSession,
} from '../../src/db/session-guard'
import { brokenD1 } from '../support/broken-database'
import { admin, disable, type Person, person } from '../support/users'

const DAY_MS = 24 * 60 * 60 * 1000

async function actorOf({ id }: Person, binding = env.DB) {
  const sessionId = await env.DB.prepare('select id from sessions where user_id = ?')
    .bind(id)
    .first<string>('id')
  const trips = { count: 0, ms: 0 }
  const db = new GuardedDatabase(openDatabase(binding, trips))
  const caller = { userId: id, sessionId: String(sessionId) }
  return { actor: { db, caller, now: new Date() } satisfies SessionActor, trips }
}

const rename = (id: number, fullName: string) =>
  build.update(users).set({ fullName }).where(eq(users.id, id))
const nameOf = (id: number) =>
  env.DB.prepare('select full_name from users where id = ?').bind(id).first('full_name')
const setSession = (sessionId: string, set: Partial<typeof sessions.$inferInsert>) =>
  openDatabase(env.DB, { count: 0, ms: 0 })
    .update(sessions)
    .set(set)
    .where(eq(sessions.id, sessionId))

describe('withSession', () => {
  it('runs the statements of an active session in one trip and returns their results by name', async () => {
    const ann = await person()
    const { actor, trips } = await actorOf(ann)
    const results = await withSession(actor, {
      renamed: rename(ann.id, 'Done').returning({ id: users.id }),
      found: build.select({ name: users.fullName }).from(users).where(eq(users.id, ann.id)),
    })
    expect(results).toEqual({ renamed: [{ id: ann.id }], found: [{ name: 'Done' }] })
    expect(trips.count).toBe(1)
  })

  it('throws SessionEnded and writes nothing for a session that is not active', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const { actor, trips } = await actorOf(ann)
    const { caller, now } = actor
    const actors: [string, SessionActor][] = [
      ['unknown', { ...actor, caller: { ...caller, sessionId: 'AAAAAAAAAAAAAAAAAAAAAA' } }],
      ['of another user', { ...actor, caller: { ...caller, userId: bob.id } }],
      ['expired', { ...actor, now: new Date(now.getTime() + 365 * DAY_MS) }],
      ['with quotes', { ...actor, caller: { ...caller, sessionId: "' or 1=1 --" } }],
    ]
    for (const [name, ended] of actors) {
      trips.count = 0
      const work = withSession(ended, { ann: rename(ann.id, name), bob: rename(bob.id, name) })
      await expect(work, name).rejects.toBeInstanceOf(SessionEnded)
      expect(trips.count, name).toBe(1)
      expect([await nameOf(ann.id), await nameOf(bob.id)], name).toEqual([null, null])
    }
  })

  it('throws SessionEnded for a disabled user, whatever else is required', async () => {
    const ann = await person()
    const { actor } = await actorOf(ann)
    await disable(ann.id)
    for (const requirements of [{}, { role: 'admin' }, { fresh: 1, acr: 'phr' }] as const) {
      const work = withSession(actor, { renamed: rename(ann.id, 'No') }, requirements)
      await expect(work).rejects.toBeInstanceOf(SessionEnded)
    }
    expect(await nameOf(ann.id)).toBeNull()
  })

  it('throws RoleMissing and writes nothing for a user without the role', async () => {
    const [ann, root] = await Promise.all([person(), admin()])
    const act = async (who: Person, role?: 'admin') => {
      const { actor } = await actorOf(who)
      await withSession(actor, { renamed: rename(who.id, 'By role') }, { role })
    }
    await expect(act(ann, 'admin')).rejects.toBeInstanceOf(RoleMissing)
    expect(await nameOf(ann.id)).toBeNull()
    for (const [who, role] of [
      [root, 'admin'],
      [root, undefined],
      [ann, undefined],
    ] as const) {
      await act(who, role)
      expect(await nameOf(who.id)).toBe('By role')
    }
  })

  it('undoes all statements when one fails, and throws its error', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const { actor } = await actorOf(ann)
    const work = withSession(actor, {
      renamed: rename(ann.id, 'Half'),
      taken: build
        .update(users)
        .set({ usernameKey: bob.username.toLowerCase() })
        .where(eq(users.id, ann.id)),
    })
    await expect(work).rejects.toThrow(/UNIQUE constraint failed: users.username_key/)
    expect(await nameOf(ann.id)).toBeNull()
  })
})

describe('withSession with a required authentication', () => {
  const isPermitted = async (
    actor: SessionActor,
    fresh?: number,
    acr?: 'mfa' | 'phr' | 'enrolled',
  ) => {
    const { userId } = actor.caller
    const text = crypto.randomUUID()
    try {
      await withSession(actor, { renamed: rename(userId, text) }, { fresh, acr })
    } catch (error) {
      if (!(error instanceof StepUpRequired)) throw error
      expect(error.required).toEqual({ fresh, acr })
      expect(await nameOf(userId)).not.toBe(text)
      return false
    }
    expect(await nameOf(userId)).toBe(text)
    return true
  }

  it('permits an authentication that is not older than `fresh` seconds', async () => {
    const { actor } = await actorOf(await person())
    const ago = (seconds: number) => new Date(actor.now.getTime() - seconds * 1000)
    // Without a time of its own, the session's start counts.
    await setSession(actor.caller.sessionId, { createdAt: ago(300), authTime: null })
    expect(await isPermitted(actor, 300)).toBe(true)
    expect(await isPermitted(actor, 299)).toBe(false)
    await setSession(actor.caller.sessionId, { authTime: ago(10) })
    expect(await isPermitted(actor, 10)).toBe(true)
    expect(await isPermitted(actor, 9)).toBe(false)
    expect(await isPermitted(actor, Number.NaN)).toBe(false)
  })

  it('permits only methods that prove the level', async () => {
    const { actor } = await actorOf(await person())
    for (const [amr, mfa, phr] of [
      ['pwd', false, false],
      ['pwd otp mfa', true, false],
      ['swk user mfa', true, true],
      ['hwk user mfa', true, true],
      ['mfax xmfa', false, false],
      ['', false, false],
    ] as const) {
      await setSession(actor.caller.sessionId, { amr })
      expect(await isPermitted(actor, undefined, 'mfa'), amr).toBe(mfa)
      expect(await isPermitted(actor, undefined, 'phr'), amr).toBe(phr)
    }
  })

  it('requires a second factor at level `enrolled` only of users who have one', async () => {
    const ann = await person()
    const { actor } = await actorOf(ann)
    expect(await isPermitted(actor, 300, 'enrolled')).toBe(true)
    await env.DB.prepare("update users set factors = 'totp' where id = ?").bind(ann.id).run()
    expect(await isPermitted(actor, 300, 'enrolled')).toBe(false)
    await setSession(actor.caller.sessionId, { amr: 'pwd otp mfa' })
    expect(await isPermitted(actor, 300, 'enrolled')).toBe(true)
  })
})

describe('the error of the guard', () => {
  /** The innermost cause of what D1 throws for `sql`. */
  const thrown = (sql: string) =>
    env.DB.batch([env.DB.prepare(sql)]).then(
      () => Promise.reject(new Error('not thrown')),
      (error: unknown) => causes(error).at(-1)?.message,
    )

  it('has the text that guard-error.ts expects', async () => {
    expect(await thrown("select json_extract('{}', 'session-ended')")).toMatch(
      /^(?:D1_ERROR: )?bad JSON path: 'session-ended'(?:: SQLITE_ERROR)?$/,
    )
  })

  it('is never read out of another error, even one that quotes the SQL of the guard', async () => {
    const ann = await person()
    const guard = "select json_extract('{}', 'session-ended')"
    for (const error of [
      new Error('D1_ERROR: Network connection lost.'),
      new Error(`Failed query: ${guard}\nparams: `, { cause: new Error('D1_ERROR: overloaded') }),
      new Error(`D1_ERROR: near "x": syntax error in ${guard}: SQLITE_ERROR`),
      new Error("D1_ERROR: bad JSON path: 'session-ended' or so: SQLITE_ERROR"),
      new Error("D1_ERROR: bad JSON path: 'something-else': SQLITE_ERROR"),
      new Error("bad JSON path: 'session-ended'", { cause: new Error('D1_ERROR: timeout') }),
    ]) {
      const { actor } = await actorOf(
        ann,
        brokenD1(() => Promise.reject(error)),
      )
      await expect(withSession(actor, { renamed: rename(ann.id, 'No') })).rejects.toBe(error)
    }
  })
})

describe('sessionQuery', () => {
  const selectName = sessionQuery((isActive) =>
    build
      .select({ username: users.username, text: sql<string>`${placeholder('text')}` })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(isActive),
  )

  it('resolves to the row of an active session, in one trip', async () => {
    const ann = await person()
    const { actor, trips } = await actorOf(ann)
    expect(await selectName(actor, { text: 'x' })).toEqual({ username: ann.username, text: 'x' })
    expect(trips.count).toBe(1)
  })

  it('throws SessionEnded for an ended session, whatever values are passed', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const { actor } = await actorOf(ann)
    const { actor: other } = await actorOf(bob)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    const values = { text: 'x', ...other.caller }
    await expect(selectName(actor, values)).rejects.toBeInstanceOf(SessionEnded)
  })

  it('refuses a query that does not use the condition', async () => {
    const { actor } = await actorOf(await person())
    const all = sessionQuery(() => build.select({ id: users.id }).from(users))
    await expect(all(actor)).rejects.toThrow(/does not use isActive/)
  })
})

describe('GuardedDatabase', () => {
  it('does not compile for unguarded work, and has no database to reach', async () => {
    const { actor } = await actorOf(await person())
    const { db } = actor
    // @ts-expect-error no query builders
    expect(db.select).toBeUndefined()
    // @ts-expect-error no raw SQL
    expect(db.run).toBeUndefined()
    // @ts-expect-error no client
    expect(db.$client).toBeUndefined()
    const unguarded = async (database: ReturnType<typeof openDatabase>) => database.select
    // @ts-expect-error a store that needs a database does not take a guarded one
    await unguarded(db)
    expect(Object.keys(db)).toEqual([])
  })
})
