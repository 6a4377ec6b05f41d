// What is promised to whoever owns an address that a stranger types: five mails an hour, whatever accounts are made and deleted with it.
import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { workerWith } from '../client'
import { freshName, PASSWORD, person, signIn } from '../people'

/** A Worker whose mails are counted instead of sent. */
function counting() {
  const send = vi.fn(async (_mail: unknown) => ({ messageId: 'counted' }))
  return { send, ask: workerWith({ MAIL: { send } }) }
}

/** An account of that address from registration to deletion. */
async function live(
  ask: ReturnType<typeof counting>['ask'],
  email: string,
  act: (token: string) => Promise<void> = async () => undefined,
) {
  const json = { username: freshName(), email, password: PASSWORD }
  expect((await ask('POST', '/api/users', { json })).status).toBe(201)
  const { token } = await signIn(email)
  await act(token)
  const gone = await ask('POST', '/api/users/me/deletion', { token, json: { password: PASSWORD } })
  expect(gone.status).toBe(204)
}

it('registering and deleting accounts again and again mails five times', async () => {
  const { send, ask } = counting()
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 6; n++) await live(ask, email)
  expect(send).toHaveBeenCalledTimes(5)
})

it('changing the password of an account with an unproven address mails five times, of a proven one always', async () => {
  const { token, id } = await person()
  const { send, ask } = counting()
  let current = PASSWORD
  const change = async () => {
    const json = { current_password: current, new_password: `${freshName()} new horse` }
    expect((await ask('PUT', '/api/users/me/password', { token, json })).status).toBe(204)
    current = json.new_password
  }
  for (let n = 0; n < 6; n++) await change()
  // The first of the five was the link of the registration.
  expect(send).toHaveBeenCalledTimes(4)
  await env.DB.prepare('update users set email_verified = 1 where id = ?').bind(id).run()
  await change()
  expect(send).toHaveBeenCalledTimes(5)
})

it('all that an account can ask for, again and again with new accounts, mails five times', async () => {
  const { send, ask } = counting()
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 3; n++) {
    await live(ask, email, async (token) => {
      for (let i = 0; i < 5; i++) {
        const forgot = await ask('POST', '/api/users/forgot-password', { json: { email } })
        const again = await ask('POST', '/api/users/me/verify-email', { token })
        expect([forgot.status, again.status]).toEqual([202, 202])
      }
    })
  }
  await scheduler.wait(400) // resets are mailed a little later
  expect(send).toHaveBeenCalledTimes(5)
})

it('asking for other addresses tells an unproven one five times, a proven one always', async () => {
  const { token, id, email } = await person()
  const { send, ask } = counting()
  const toMine = () =>
    send.mock.calls.filter(([mail]) => (mail as { to: string }).to === email).length
  const change = async () => {
    const json = { email: `${freshName()}@example.com`, password: PASSWORD }
    expect((await ask('PUT', '/api/users/me/email', { token, json })).status).toBe(202)
  }
  for (let n = 0; n < 6; n++) await change()
  // The first of the five was the link of the registration.
  expect(toMine()).toBe(4)
  await env.DB.prepare('update users set email_verified = 1 where id = ?').bind(id).run()
  await change()
  expect(toMine()).toBe(5)
})
