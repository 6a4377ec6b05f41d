// Every operation of /openapi.json that requires a token, also those to come.
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { apiDocument } from '../support/openapi'
import { type Sample, samples } from '../support/openapi-samples'
import { admin, type Person } from '../support/users'

let secured: (Sample & { scopes: string[] })[]
beforeAll(async () => {
  secured = samples(await apiDocument()).flatMap((sample) =>
    sample.scopes ? [{ ...sample, scopes: sample.scopes }] : [],
  )
})

/** An admin whose token works at every operation, until `end` has run. */
async function deadToken(end: (user: Person) => Promise<unknown>): Promise<string> {
  const root = await admin()
  const { token } = root
  expect((await call('GET', '/api/admin/users', { token })).status).toBe(200)
  await end(root)
  return token
}

async function statuses(token: string, isWanted = (_: (typeof secured)[number]) => true) {
  const found: Record<string, number> = {}
  for (const sample of secured.filter(isWanted)) {
    const { method, path, options } = sample
    const response = await call(method, path, { ...options, token })
    found[`${method} ${path}`] = response.status
  }
  return found
}

const run = (sql: string, id: number) => env.DB.prepare(sql).bind(id).run()
const served = (found: Record<string, number>, refused: number[]) =>
  Object.entries(found).filter(([, status]) => !refused.includes(status))

describe('every operation that requires a token', () => {
  it('→ 401 with the token of an ended session', async () => {
    const token = await deadToken(async (root) => {
      const { refreshToken } = root
      const response = await call('POST', '/oauth/revoke', { form: { token: refreshToken } })
      expect(response.status).toBe(200)
    })
    const found = await statuses(token)
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(21)
    expect(served(found, [401])).toEqual([])
  })

  it('→ 401 with the token of a disabled user', async () => {
    const token = await deadToken(({ id }) =>
      run('update users set is_active = 0 where id = ?', id),
    )
    expect(served(await statuses(token), [401])).toEqual([])
  })

  it('→ 401 with the token of a deleted user', async () => {
    const token = await deadToken(({ id }) => run('delete from users where id = ?', id))
    expect(served(await statuses(token), [401])).toEqual([])
  })
})

describe('every operation that requires the scope admin', () => {
  it('→ 401 or 403 with the token of a user who is no longer an admin', async () => {
    const token = await deadToken(({ id }) =>
      run("update users set role = 'user' where id = ?", id),
    )
    const found = await statuses(token, ({ scopes }) => scopes.includes('admin'))
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(4)
    expect(served(found, [401, 403])).toEqual([])
  })
})
