/** No route of an account or an admin reads a whole table. */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { runScheduled } from '../../src/scheduled'
import { call, workerWith } from '../support/client'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import { recordQueries, scans } from '../support/queries'
import { admin, freshName, PASSWORD, person } from '../support/users'

catchMails()

it('finds every row by an index, in every statement of every route and of the hourly deletion', async () => {
  const { queries, binding } = recordQueries()
  const ask = workerWith({ DB: binding })
  const [ann, root] = [await person(), await admin()]
  const { token } = ann
  const name = freshName('plan')
  const done = async (method: string, path: string, status: number, options: object = {}) => {
    expect((await ask(method, path, options)).status, `${method} ${path}`).toBe(status)
  }
  await done('POST', '/api/users', 201, {
    json: { username: name, email: `${name}@example.com`, password: PASSWORD },
  })
  await done('GET', '/api/users/me', 200, { token })
  await done('GET', `/api/users/${ann.id}`, 200)
  await done('PATCH', '/api/users/me', 200, { token, json: { username: `${name}2` } })
  await done('GET', '/api/users/me/events?limit=1', 200, { token })
  const page = await call('GET', '/api/users/me/events?limit=1', { token })
  const { next_cursor } = await page.json<{ next_cursor: string }>()
  await done('GET', `/api/users/me/events?cursor=${next_cursor}`, 200, { token })
  await done('GET', '/api/users/me/export', 200, { token })
  await done('POST', '/api/users/me/verify-email', 202, { token })
  await done('PUT', '/api/users/me/email', 202, {
    token,
    json: { email: `${name}3@example.com`, password: PASSWORD },
  })
  const change = tokenIn(await nextMail(`${name}3@example.com`, /Confirm/))
  await done('POST', '/api/users/verify-email', 204, { json: { token: change } })
  const password = 'another good one'
  await done('PUT', '/api/users/me/password', 204, {
    token,
    json: { current_password: PASSWORD, new_password: password },
  })
  await done('POST', '/api/users/forgot-password', 202, { json: { email: `${name}3@example.com` } })
  const email = `${name}3@example.com`
  await done('POST', '/api/session/email', 202, { json: { email } })
  for (const code of [undefined, '123456']) {
    const json = { token: 'A'.repeat(43), code }
    const cookie = `__Host-gatepost-link=${'A'.repeat(43)}`
    await done('POST', '/api/session/email/use', 400, { json, cookie })
  }
  await done('GET', '/api/admin/users', 200, { token: root.token })
  await done('GET', '/api/admin/users?q=ann', 200, { token: root.token })
  await done('PATCH', `/api/admin/users/${ann.id}`, 200, {
    token: root.token,
    json: { role: 'admin' },
  })
  await done('PATCH', `/api/admin/users/${ann.id}`, 200, {
    token: root.token,
    json: { role: 'user', is_active: true },
  })
  await done('GET', '/api/admin/events', 200, { token: root.token })
  await done('GET', `/api/admin/events?user_id=${ann.id}`, 200, { token: root.token })
  await done('DELETE', `/api/admin/users/${root.id}/sessions`, 204, { token: root.token })
  await done('POST', '/api/users/me/deletion', 204, { token, json: { password } })
  const reset = tokenIn(await resetMail())
  await done('POST', '/api/users/reset-password', 204, {
    json: { token: reset, new_password: password },
  })
  await runScheduled({ ...env, DB: binding }, new Date(0))

  expect(queries.size).toBeGreaterThan(40)
  const bad: Record<string, string[]> = {}
  for (const sql of queries) {
    const found = await scans(sql)
    if (found.length > 0) bad[sql] = found
  }
  expect(bad).toEqual({})
}, 30_000)

/** A user with a link to reset the password. */
async function resetMail() {
  const bob = await person('bob')
  await call('POST', '/api/users/forgot-password', { json: { email: bob.email } })
  return nextMail(bob.email, /Reset/)
}
