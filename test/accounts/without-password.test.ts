/** Accounts without a password: they act by a fresh session, and can set a first password. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { catchMails, mailsTo, nextMail, tokenIn } from '../support/mailbox'
import { confirmWith, passkeyHolder, passkeySignIn } from '../support/passkeys'
import { expectDead, expectProblem, me } from '../support/sign-in'
import { eventsOf, PASSWORD, proven, removePassword, signIn } from '../support/users'

catchMails()
stopClock()

const NEW = 'a first long password'
const setPassword = (token: string, json: object = { new_password: NEW }) =>
  call('PUT', '/api/users/me/password', { token, json })
const changeEmail = (token: string, email: string) =>
  call('PUT', '/api/users/me/email', { token, json: { email } })
const deleteAccount = (token: string) => call('POST', '/api/users/me/deletion', { token, json: {} })
const ACTS = [setPassword, (token: string) => changeEmail(token, 'new@example.org'), deleteAccount]

/** A user with a passkey and no password, just signed in. */
async function holder() {
  const someone = await passkeyHolder()
  await removePassword(someone.id)
  return { ...someone, token: await passkeySignIn(someone.passkey) }
}

/** A user without password and passkey, whose session began with a provider or a mailed link. */
async function federated(amr: 'fed' | 'email') {
  const someone = await proven('fed')
  await removePassword(someone.id)
  await env.DB.prepare('update sessions set amr = ? where user_id = ?').bind(amr, someone.id).run()
  return someone
}

describe('PUT /api/users/me/password', () => {
  it('→ 204 for the first password: other sessions and links end; event and mail', async () => {
    const ann = await holder()
    const other = await passkeySignIn(ann.passkey)
    const email = `new.${ann.email}`
    await changeEmail(ann.token, email)
    const link = await nextMail(email, 'Confirm your new email address')
    expect((await setPassword(ann.token)).status).toBe(204)
    expect((await me(ann.token)).status).toBe(200)
    await expectDead({ token: other })
    const json = { token: tokenIn(link) }
    await expectProblem(
      await call('POST', '/api/users/verify-email', { json }),
      400,
      'invalid-token',
    )
    expect((await eventsOf(ann.id)).at(-1)).toBe('password_changed')
    await nextMail(ann.email, 'A password was set for your account')
    expect(mailsTo(ann.email).map(({ subject }) => subject)).not.toContain(
      'Your password was changed',
    )
    const form = { username: ann.email, password: NEW }
    await expectProblem(
      await call('POST', '/api/users/token', { form }),
      401,
      'second-factor-required',
    )
  })

  it('→ 403 wrong-password for any current password: the account has none', async () => {
    const ann = await holder()
    const json = { current_password: PASSWORD, new_password: NEW }
    await expectProblem(await setPassword(ann.token, json), 403, 'wrong-password')
  })

  it('→ 422 for a common password or one’s own name, also for the first one', async () => {
    const ann = await holder()
    for (const new_password of ['password1', ann.email])
      await expectProblem(await setPassword(ann.token, { new_password }), 422, 'invalid-request')
  })
})

describe('an account without a password', () => {
  it('with a passkey acts after a sign-in or a confirmation with it, else → 401', async () => {
    const ann = await holder()
    pass(301)
    for (const act of ACTS) await expectProblem(await act(ann.token), 401, 'step-up-required')
    const token = await confirmWith(ann.passkey, ann.token)
    const answers = []
    for (const act of ACTS) answers.push((await act(token)).status)
    expect(answers).toEqual([204, 202, 204])
    expect(await eventsOf(ann.id)).toEqual(['deleted'])
  })

  it('with a passkey acts after a confirmation with a recovery code', async () => {
    const ann = await holder()
    pass(301)
    const json = { code: ann.recoveryCodes[0] }
    const confirmed = await call('POST', '/api/session/confirm', { token: ann.token, json })
    const { access_token } = await confirmed.json<{ access_token: string }>()
    expect((await deleteAccount(access_token)).status).toBe(204)
  })

  it.each(['fed', 'email'] as const)(
    'without any factor acts within five minutes of a sign-in (%s), else → 401',
    async (amr) => {
      const ann = await federated(amr)
      pass(299)
      expect((await setPassword(ann.token)).status).toBe(204)
      await signIn(ann.email, NEW)
      await removePassword(ann.id)
      pass(2)
      for (const act of ACTS) await expectProblem(await act(ann.token), 401, 'step-up-required')
    },
  )

  it.each(['fed', 'email'] as const)(
    'with a passkey → 401 for a new session without it (%s)',
    async (amr) => {
      const ann = await holder()
      const weaken = env.DB.prepare('update sessions set amr = ? where user_id = ?')
      await weaken.bind(amr, ann.id).run()
      for (const act of ACTS) await expectProblem(await act(ann.token), 401, 'step-up-required')
    },
  )

  it('cannot sign in or confirm with a password, and gets one by a reset', async () => {
    const ann = await federated('fed')
    await expect(signIn(ann.email)).rejects.toThrow('401')
    const confirmed = await call('POST', '/api/session/confirm', {
      token: ann.token,
      json: { password: PASSWORD },
    })
    await expectProblem(confirmed, 403, 'wrong-password')
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const token = tokenIn(await nextMail(ann.email, 'Reset your password'))
    const reset = await call('POST', '/api/users/reset-password', {
      json: { token, new_password: NEW },
    })
    expect(reset.status).toBe(204)
    const { token: access } = await signIn(ann.email, NEW)
    const factors = await call('GET', '/api/users/me/factors', { token: access })
    expect(await factors.json()).toMatchObject({ has_password: true })
  })
})
