/** Triggers that bound the rows which an account can create without end. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { EVENTS_PER_ACCOUNT, IDEMPOTENCY_KEYS_PER_ACCOUNT } from '../../src/limits'
import { call } from '../support/client'
import { freshName, person, register } from '../support/users'

const count = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(`select count(*) as n from ${sql}`)
    .bind(...values)
    .first<number>('n')
const insertMany = (statement: string, rows: number, ...values: unknown[]) =>
  env.DB.prepare(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows}) ${statement}`,
  )
    .bind(...values)
    .run()
/** One insert in 64 trims: with these many more rows, the chance of none is 10⁻¹⁰. */
const SLACK = 1500

describe('the newest rows of an account stay, the oldest go', () => {
  it('events', async () => {
    const [ann, bob] = [await register(), await register()]
    await insertMany(
      "insert into events (user_id, type, at) select ?, 'login', i from n",
      EVENTS_PER_ACCOUNT + 2 * SLACK,
      ann.id,
    )
    const kept = await count('events where user_id = ?', ann.id)
    expect(kept).toBeGreaterThanOrEqual(EVENTS_PER_ACCOUNT)
    expect(kept).toBeLessThan(EVENTS_PER_ACCOUNT + SLACK)
    const newest = EVENTS_PER_ACCOUNT + 2 * SLACK
    expect(
      await count('events where user_id = ? and at > ?', ann.id, newest - EVENTS_PER_ACCOUNT),
    ).toBe(EVENTS_PER_ACCOUNT)
    expect(await count('events where user_id = ?', bob.id)).toBe(1)
    await env.DB.prepare('delete from events where user_id = ?').bind(ann.id).run()
  }, 120_000)

  it('idempotency keys', async () => {
    const ann = await register()
    await insertMany(
      "insert into idempotency_keys select ?, 'key-' || i, '', i, i from n",
      IDEMPOTENCY_KEYS_PER_ACCOUNT + 2 * SLACK,
      ann.id,
    )
    const kept = await count('idempotency_keys where user_id = ?', ann.id)
    expect(kept).toBeGreaterThanOrEqual(IDEMPOTENCY_KEYS_PER_ACCOUNT)
    expect(kept).toBeLessThan(IDEMPOTENCY_KEYS_PER_ACCOUNT + SLACK)
    const oldest = 2 * SLACK
    expect(await count('idempotency_keys where user_id = ? and post_id > ?', ann.id, oldest)).toBe(
      IDEMPOTENCY_KEYS_PER_ACCOUNT,
    )
    await env.DB.prepare('delete from idempotency_keys where user_id = ?').bind(ann.id).run()
  }, 120_000)
})

it('an account has one row of failures per kind, however often it is renamed, with the count of them all', async () => {
  const ann = await person()
  const failures = (key: string) =>
    env.DB.prepare('select key, failures from attempts where user_id = ? and key like ?')
      .bind(ann.id, `${key}:%`)
      .all<{ key: string; failures: number }>()
  const fail = (login: string) =>
    call('POST', '/api/session', { json: { login, password: 'wrong horse battery' } })
  await fail(ann.email)
  let { username } = ann
  for (let i = 0; i < 4; i++) {
    await fail(username)
    username = freshName()
    const { token } = ann
    expect((await call('PATCH', '/api/users/me', { token, json: { username } })).status).toBe(200)
  }
  const byName = (await failures('name')).results
  expect(byName.map((row) => row.failures)).toEqual([4])
  expect((await failures('address')).results.map((row) => row.failures)).toEqual([1])
  await fail(username)
  expect((await failures('name')).results.map((row) => row.failures)).toEqual([5])
  // The fifth failure makes the next attempt wait, also with the new name.
  expect((await fail(username)).status).toBe(429)
})
