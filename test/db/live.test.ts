import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/context'
import { openDatabase } from '../../src/db'
import { asCaller, DeadSession, RoleMissing } from '../../src/db/live'
import { users } from '../../src/db/schema'
import { admin, type Person, person } from '../support/users'

const open = () => {
  const trips = { count: 0, ms: 0 }
  return { db: openDatabase(env.DB, trips), trips }
}

async function callerOf({ id }: Person): Promise<Caller> {
  const sessionId = await env.DB.prepare('select id from sessions where user_id = ?')
    .bind(id)
    .first<string>('id')
  return { userId: id, sessionId: String(sessionId), clientId: 'first-party', scope: [] }
}

const nameOf = (id: number) =>
  env.DB.prepare('select full_name from users where id = ?').bind(id).first('full_name')

describe('asCaller', () => {
  it('does the work of a live session in one trip, and tells the results of the work alone', async () => {
    const ann = await person()
    const { db, trips } = open()
    const results = await asCaller(db, await callerOf(ann), new Date(), [
      db
        .update(users)
        .set({ fullName: 'Done' })
        .where(eq(users.id, ann.id))
        .returning({ id: users.id }),
      db.select({ name: users.fullName }).from(users).where(eq(users.id, ann.id)),
    ])
    expect(results).toEqual([[{ id: ann.id }], [{ name: 'Done' }]])
    expect(trips.count).toBe(1)
  })

  it('does nothing at all for a session that is dead in any way', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const caller = await callerOf(ann)
    const now = new Date()
    const callers: [string, Caller, Date][] = [
      ['unknown', { ...caller, sessionId: 'AAAAAAAAAAAAAAAAAAAAAA' }, now],
      ['of somebody else', { ...caller, userId: bob.id }, now],
      ['expired', caller, new Date(now.getTime() + 365 * 24 * 60 * 60 * 1000)],
      ['with quotes', { ...caller, sessionId: "' or 1=1 --" }, now],
    ]
    for (const [name, dead, at] of callers) {
      const { db, trips } = open()
      const write = (id: number) => db.update(users).set({ fullName: name }).where(eq(users.id, id))
      const work = asCaller(db, dead, at, [write(ann.id), write(bob.id)])
      await expect(work, name).rejects.toBeInstanceOf(DeadSession)
      expect(trips.count, name).toBe(1)
      expect([await nameOf(ann.id), await nameOf(bob.id)], name).toEqual([null, null])
    }
    await env.DB.prepare('update users set is_active = 0 where id = ?').bind(ann.id).run()
    const { db } = open()
    const work = [
      db.update(users).set({ fullName: 'disabled' }).where(eq(users.id, ann.id)),
    ] as const
    await expect(asCaller(db, caller, now, work)).rejects.toBeInstanceOf(DeadSession)
    await expect(asCaller(db, caller, now, work, 'admin')).rejects.toBeInstanceOf(DeadSession)
    expect(await nameOf(ann.id)).toBeNull()
  })

  it('does nothing for a user without the role, and all for one with it', async () => {
    const [ann, root] = await Promise.all([person(), admin()])
    const rename = async (who: Person, role?: 'admin') => {
      const { db } = open()
      const work = [
        db.update(users).set({ fullName: 'By role' }).where(eq(users.id, who.id)),
      ] as const
      await asCaller(db, await callerOf(who), new Date(), work, role)
    }
    await expect(rename(ann, 'admin')).rejects.toBeInstanceOf(RoleMissing)
    expect(await nameOf(ann.id)).toBeNull()
    for (const [who, role] of [
      [root, 'admin'],
      [root, undefined],
      [ann, undefined],
    ] as const) {
      await rename(who, role)
      expect(await nameOf(who.id)).toBe('By role')
    }
  })

  it('undoes the work when one statement of it fails, and lets its error through', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    const { db } = open()
    const work = asCaller(db, await callerOf(ann), new Date(), [
      db.update(users).set({ fullName: 'Half' }).where(eq(users.id, ann.id)),
      db.update(users).set({ usernameKey: bob.username.toLowerCase() }).where(eq(users.id, ann.id)),
    ])
    await expect(work).rejects.toThrow(/UNIQUE constraint failed: users.username_key/)
    expect(await nameOf(ann.id)).toBeNull()
  })
})
