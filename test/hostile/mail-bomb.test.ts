// The owner of an address that strangers use gets few mails an hour, whatever accounts are created
// and deleted with it, and can always reset the password.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { call } from '../support/client'
import { codeOf, decodeBase32 } from '../support/factors'
import { ownMailbox } from '../support/mailbox'
import { freshName, PASSWORD, person, proveAddress, signIn } from '../support/users'

/** An account of that address from registration to deletion. */
async function live(
  ask: typeof call,
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

it('registering and deleting accounts repeatedly → three mails', async () => {
  const { send, ask } = ownMailbox()
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 6; n++) await live(ask, email)
  expect(send).toHaveBeenCalledTimes(3)
})

it('changing the password repeatedly → three mails to an unproven address, each time to a proven one', async () => {
  const { token, id } = await person()
  const { send, ask } = ownMailbox()
  let current = PASSWORD
  const change = async () => {
    const json = { current_password: current, new_password: `${freshName()} new horse` }
    expect((await ask('PUT', '/api/users/me/password', { token, json })).status).toBe(204)
    current = json.new_password
  }
  for (let n = 0; n < 6; n++) await change()
  // The first of the three was the link of the registration.
  expect(send).toHaveBeenCalledTimes(2)
  await proveAddress(id)
  await change()
  expect(send).toHaveBeenCalledTimes(3)
})

it('every request of accounts about one address, repeatedly → five mails', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const eve = await person('eve')
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 3; n++) {
    await live(ask, email, async (token) => {
      for (let i = 0; i < 5; i++) {
        const forgot = await ask('POST', '/api/users/forgot-password', { json: { email } })
        const again = await ask('POST', '/api/users/me/verify-email', { token })
        const json = { email, password: PASSWORD }
        const wanted = await ask('PUT', '/api/users/me/email', { token: eve.token, json })
        const away = { email: `${freshName()}@example.org`, password: PASSWORD }
        const asked = await ask('PUT', '/api/users/me/email', { token, json: away })
        const link = await ask('POST', '/api/session/email', { json: { email } })
        expect([forgot, again, wanted, asked, link].map((r) => r.status)).toEqual(
          Array(5).fill(202),
        )
      }
    })
  }
  expect(subjectsTo(email)).toHaveLength(5)
})

it('setting an app up, removing it and making codes, repeatedly → one mail of each kind', async () => {
  const { token, id, email } = await person()
  await proveAddress(id)
  const { ask, subjectsTo } = ownMailbox()
  for (let n = 0; n < 4; n++) {
    const setUp = await ask('POST', '/api/users/me/totp', { token })
    const { secret } = await setUp.json<{ secret: string }>()
    const json = { code: codeOf(decodeBase32(secret)) }
    expect((await ask('POST', '/api/users/me/totp/confirm', { token, json })).status).toBe(200)
    expect((await ask('POST', '/api/users/me/recovery-codes', { token })).status).toBe(200)
    expect((await ask('DELETE', '/api/users/me/totp', { token })).status).toBe(204)
  }
  expect(subjectsTo(email).sort()).toEqual([
    'An authenticator app was set up',
    'New recovery codes were made',
    'Your authenticator app was removed',
  ])
})

it('requesting other addresses repeatedly → three mails to an unproven address, each time to a proven one', async () => {
  const { token, id, email } = await person()
  const { ask, subjectsTo } = ownMailbox()
  const change = async () => {
    const json = { email: `${freshName()}@example.com`, password: PASSWORD }
    expect((await ask('PUT', '/api/users/me/email', { token, json })).status).toBe(202)
  }
  for (let n = 0; n < 6; n++) await change()
  // The first of the three was the link of the registration.
  expect(subjectsTo(email)).toHaveLength(2)
  await proveAddress(id)
  await change()
  expect(subjectsTo(email)).toHaveLength(3)
})

it('moving accounts away from an address and making new ones with it → five mails', async () => {
  const { ask, tokenTo, subjectsTo } = ownMailbox()
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 8; n++) {
    const json = { username: freshName(), email, password: PASSWORD }
    expect((await ask('POST', '/api/users', { json })).status).toBe(201)
    const { token } = await signIn(email)
    for (let i = 0; i < 2; i++) await ask('POST', '/api/users/forgot-password', { json: { email } })
    const mine = `${freshName()}@example.org`
    const move = { email: mine, password: PASSWORD }
    expect((await ask('PUT', '/api/users/me/email', { token, json: move })).status).toBe(202)
    const use = { token: tokenTo(mine) }
    expect((await ask('POST', '/api/users/verify-email', { json: use })).status).toBe(204)
  }
  expect(subjectsTo(email)).toHaveLength(5)
})

it('sign-in links share the bound of the mails that are no resets, and leave the reset', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const { email, id } = await person()
  await proveAddress(id)
  const link = () => ask('POST', '/api/session/email', { json: { email } })
  for (let n = 0; n < 7; n++) expect((await link()).status).toBe(202)
  for (let n = 0; n < 7; n++) await ask('POST', '/api/users/forgot-password', { json: { email } })
  for (let n = 0; n < 7; n++) await link()
  // The first of the three was the link of the registration.
  expect(subjectsTo(email)).toEqual([
    ...Array(2).fill('Your sign-in link'),
    ...Array(2).fill('Reset your password'),
  ])
  const requested = await env.DB.prepare(
    "select count(*) as n from events where user_id = ? and type = 'sign_in_link_requested'",
  )
    .bind(id)
    .first('n')
  expect(requested).toBe(2)
})

it('mails that others cause leave an address its reset', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const [ann, eve] = [await person(), await person('eve')]
  for (let n = 0; n < 7; n++) {
    const json = { email: ann.email, password: PASSWORD }
    expect((await ask('PUT', '/api/users/me/email', { token: eve.token, json })).status).toBe(202)
    const again = await ask('POST', '/api/users/me/verify-email', { token: ann.token })
    expect(again.status).toBe(202)
  }
  const before = subjectsTo(ann.email).length
  for (let n = 0; n < 2; n++)
    await ask('POST', '/api/users/forgot-password', { json: { email: ann.email } })
  expect(subjectsTo(ann.email).slice(before)).toEqual([
    'Reset your password',
    'Reset your password',
  ])
})

it('resets of an unused address do not keep a user from moving to it', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const { token } = await person()
  const email = `${freshName()}@example.com`
  for (let n = 0; n < 7; n++) await ask('POST', '/api/users/forgot-password', { json: { email } })
  await ask('PUT', '/api/users/me/email', { token, json: { email, password: PASSWORD } })
  expect(subjectsTo(email)).toEqual(['Confirm your new email address'])
})

describe('a reset stays possible for the user who proved the address', () => {
  const forgetting = () => {
    const { ask, subjectsTo, tokenTo } = ownMailbox()
    return {
      ask,
      tokenTo,
      forgot: async (email: string) => {
        for (let n = 0; n < 6; n++)
          await ask('POST', '/api/users/forgot-password', { json: { email } })
      },
      resetsTo: (email: string) =>
        subjectsTo(email).filter((subject) => /^Reset/.test(subject)).length,
    }
  }

  it('also when a thief changes the password to make links void', async () => {
    const { ask, forgot, resetsTo } = forgetting()
    const { email, id, token } = await person()
    await proveAddress(id)
    await forgot(email)
    // The first of the five was the link of the registration.
    expect(resetsTo(email)).toBe(4)
    const json = { current_password: PASSWORD, new_password: `${PASSWORD} 2` }
    expect((await ask('PUT', '/api/users/me/password', { token, json })).status).toBe(204)
    await forgot(email)
    expect(resetsTo(email)).toBe(6)
  })

  it('also when the last link has been used', async () => {
    const { ask, forgot, resetsTo, tokenTo } = forgetting()
    const { email } = await person()
    await forgot(email)
    expect(resetsTo(email)).toBe(4)
    const json = { token: tokenTo(email), new_password: `${PASSWORD} 2` }
    expect((await ask('POST', '/api/users/reset-password', { json })).status).toBe(204)
    await forgot(email)
    expect(resetsTo(email)).toBe(6)
  })

  it('also when the spelling of the address is changed', async () => {
    const { ask, forgot, resetsTo, tokenTo } = forgetting()
    const { email, id, token } = await person()
    await proveAddress(id)
    const spelt = email.toUpperCase()
    const json = { email: spelt, password: PASSWORD }
    await ask('PUT', '/api/users/me/email', { token, json })
    const link = tokenTo(spelt)
    await forgot(email)
    const before = resetsTo(email)
    const used = await ask('POST', '/api/users/verify-email', { json: { token: link } })
    expect(used.status).toBe(204)
    await forgot(email)
    expect([before, resetsTo(spelt)]).toEqual([3, 2])
  })

  it('also when another user used them up before', async () => {
    const { ask, forgot, resetsTo, tokenTo } = forgetting()
    const { token } = await person()
    const email = `${freshName()}@example.org`
    const want = { email, password: PASSWORD }
    expect((await ask('PUT', '/api/users/me/email', { token, json: want })).status).toBe(202)
    const link = tokenTo(email)
    await live(ask, email, () => forgot(email))
    expect(resetsTo(email)).toBe(3)
    const used = await ask('POST', '/api/users/verify-email', { json: { token: link } })
    expect(used.status).toBe(204)
    await forgot(email)
    expect(resetsTo(email)).toBe(5)
  })
})

it('verification of a proven address takes no mail from the resets', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const { email, id, token } = await person()
  await proveAddress(id)
  for (let n = 0; n < 4; n++) await ask('POST', '/api/users/me/verify-email', { token })
  for (let n = 0; n < 6; n++) await ask('POST', '/api/users/forgot-password', { json: { email } })
  expect(subjectsTo(email)).toEqual(Array(4).fill('Reset your password'))
})

it('an account older than address_key has the same bound', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const { email, id, token } = await person()
  await env.DB.prepare('update users set address_key = null where id = ?').bind(id).run()
  for (let n = 0; n < 6; n++) {
    await ask('POST', '/api/users/me/verify-email', { token })
    await ask('POST', '/api/users/forgot-password', { json: { email } })
  }
  expect(subjectsTo(email)).toHaveLength(5)
})

it('a notice that is not sent is not counted', async () => {
  const { ask, subjectsTo } = ownMailbox()
  const [ann, eve] = [await person(), await person('eve')]
  const json = { email: ann.email, password: PASSWORD }
  for (let n = 0; n < 3; n++) await ask('PUT', '/api/users/me/email', { token: eve.token, json })
  await ask('POST', '/api/users/me/verify-email', { token: eve.token })
  expect(subjectsTo(eve.email)).toEqual(['Confirm your email address'])
})
