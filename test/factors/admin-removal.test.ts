import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { codeOf, giveTotp, wrongCode } from '../support/factors'
import { catchMails, nextMail } from '../support/mailbox'
import { passkeyHolder } from '../support/passkeys'
import { expectDead, expectProblem, me } from '../support/sign-in'
import { admin, eventsOf, PASSWORD, person, removePassword, signIn } from '../support/users'

catchMails()
stopClock()

const remove = (id: number, token: string) =>
  call('POST', `/api/admin/users/${id}/factors/removal`, { token })

/** An admin who has signed in with a second factor. */
async function strongAdmin() {
  const root = await admin()
  const { secret } = await giveTotp(root.id)
  return { ...root, ...(await signIn(root.email, PASSWORD, { otp: codeOf(secret) })) }
}

it('→ 204: the user signs in with the password alone; sessions end; event and mail', async () => {
  const [root, ann] = [await strongAdmin(), await person()]
  const { secret } = await giveTotp(ann.id)
  const form = { username: ann.email, password: PASSWORD, otp: wrongCode(secret) }
  for (let n = 0; n < 5; n++) await call('POST', '/api/users/token', { form })
  expect((await remove(ann.id, root.token)).status).toBe(204)
  await expectDead(ann)
  expect((await eventsOf(ann.id)).at(-1)).toBe('factors_removed')
  const { text } = await nextMail(ann.email, /second factors were removed/)
  expect(text).toContain('Your password is unchanged.')
  const { results } = await env.DB.prepare(
    'select user_id from totp where user_id = ?1 union all select user_id from recovery_codes where user_id = ?1',
  )
    .bind(ann.id)
    .all()
  expect(results).toEqual([])
  await env.DB.prepare('delete from attempts where user_id = ?').bind(ann.id).run()
  await signIn(ann.email)
  expect((await me(root.token)).status).toBe(200)
})

it('→ 204: the mail tells a user without a password how to get one', async () => {
  const [root, ann] = [await strongAdmin(), await passkeyHolder()]
  await removePassword(ann.id)
  expect((await remove(ann.id, root.token)).status).toBe(204)
  const { text } = await nextMail(ann.email, /second factors were removed/)
  expect(text).toContain(
    'Your account has no password. Sign in with a connected account, or choose a password: ',
  )
  expect(text).not.toContain('Your password is unchanged.')
})

it('→ 204 without an event for a user without a second factor, whose sessions stay', async () => {
  const [root, bob] = [await strongAdmin(), await person('bob')]
  expect((await remove(bob.id, root.token)).status).toBe(204)
  expect((await me(bob.token)).status).toBe(200)
  expect(await eventsOf(bob.id)).not.toContain('factors_removed')
})

it('→ 404 user-not-found', async () => {
  const root = await strongAdmin()
  await expectProblem(await remove(999_999_999, root.token), 404, 'user-not-found')
})

it('→ 401 step-up-required for an admin without a second factor, or with an old sign-in', async () => {
  const ann = await person()
  await giveTotp(ann.id)
  const weak = await admin()
  await expectProblem(await remove(ann.id, weak.token), 401, 'step-up-required')
  const root = await strongAdmin()
  pass(301)
  await expectProblem(await remove(ann.id, root.token), 401, 'step-up-required')
  expect(await eventsOf(ann.id)).not.toContain('factors_removed')
})

it('→ 403 insufficient-scope for a user who is no admin', async () => {
  const [ann, bob] = [await person(), await person('bob')]
  await expectProblem(await remove(ann.id, bob.token), 403, 'insufficient-scope')
})
