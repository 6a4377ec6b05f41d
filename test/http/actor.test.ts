// A route with `access` reaches D1 through the session guard only. These tests are about types.
import { expect, it } from 'vitest'
import type { Database } from '../../src/db'
import { build } from '../../src/db/build'
import { users } from '../../src/db/schema'
import { withSession } from '../../src/db/session-guard'
import { endpoint, noContent, nothing } from '../../src/http/endpoint'

const anyone = (db: Database) => db.select({ id: users.id }).from(users).get()
const operation = {
  method: 'get',
  path: '/test',
  responses: { 204: nothing('Done') },
} as const

it('a route with access does not compile if it uses a database without the guard', () => {
  const { route } = endpoint({ ...operation, access: 'account' }, async (c) => {
    // @ts-expect-error the context has no database
    await c.var.db.select({ id: users.id }).from(users)
    // @ts-expect-error `get` reaches none either
    c.get('db')
    // @ts-expect-error nor do the bindings
    c.env.DB.prepare('select 1')
    // @ts-expect-error the database of the actor has no queries
    await c.var.actor.db.select({ id: users.id }).from(users)
    // @ts-expect-error a function that needs a database does not take the guarded one
    await anyone(c.var.actor.db)
    await withSession(c.var.actor, { user: build.select({ id: users.id }).from(users).limit(1) })
    return noContent(c)
  })
  expect(route).toMatchObject({ security: [{ bearer: ['account'] }, { oauth2: ['account'] }] })
})

it('a route for anyone has a database, and no caller for the guard', () => {
  const { route } = endpoint({ ...operation, access: 'anyone' }, async (c) => {
    await anyone(c.var.actor.db)
    // @ts-expect-error there is no caller and no guarded database
    await withSession(c.var.actor, {})
    return noContent(c)
  })
  expect(route).not.toHaveProperty('security')
})
