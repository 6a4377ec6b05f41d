/** The address of an account: proven, and changed. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import { interrupted } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'
import { later, restoreClock } from '../support/clock'
import { catchMails, mailsTo, nextMail, tokenIn } from '../support/mailbox'
import { expectDead } from '../support/sign-in'
import { eventsOf, freshName, PASSWORD, person, register, signIn } from '../support/users'

catchMails()
restoreClock()

const CONFIRM = 'Confirm your email address'
const NEW_ADDRESS = 'Confirm your new email address'
const verify = (token: string) => call('POST', '/api/users/verify-email', { json: { token } })
const sendAgain = (token: string) => call('POST', '/api/users/me/verify-email', { token })
const messageOf = async (response: Response) => (await response.json<{ message: string }>()).message
const change = (token: string, email: string, password = PASSWORD) =>
  call('PUT', '/api/users/me/email', { token, json: { email, password } })
const me = (token: string) =>
  call('GET', '/api/users/me', { token }).then((r) =>
    r.json<{ email: string; email_verified: boolean }>(),
  )
const freshAddress = () => `${freshName('new')}@example.org`

async function expectInvalid(response: Response) {
  expect(response.status).toBe(400)
  expect(await response.json<Problem>()).toMatchObject({
    type: '/problems/invalid-token',
    detail: 'Invalid or expired verification token',
  })
}

describe('POST /api/users/verify-email', () => {
  it('→ 204 in one trip: proves the address, once, and changes nothing else', async () => {
    const ann = await person()
    const token = tokenIn(await nextMail(ann.email, CONFIRM))
    const response = await verify(token)
    expect([response.status, trips(response)]).toEqual([204, 1])
    expect(await me(ann.token)).toEqual({ ...ann.user, email_verified: true })
    await expectInvalid(await verify(token))
  })

  it('succeeds once of 20 uses at a time', async () => {
    const ann = await register()
    const token = tokenIn(await nextMail(ann.email, CONFIRM))
    const statuses = (await Promise.all(Array.from({ length: 20 }, () => verify(token)))).map(
      (r) => r.status,
    )
    expect(statuses.sort()).toEqual([204, ...Array(19).fill(400)])
  })

  it('→ 400 invalid-token for a link that is made up, of a reset, replaced by a newer one, or a day old', async () => {
    const ann = await person()
    const older = tokenIn(await nextMail(ann.email, CONFIRM))
    await sendAgain(ann.token)
    const newer = tokenIn(await nextMail(ann.email, CONFIRM, 2))
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const ofReset = tokenIn(await nextMail(ann.email, /Reset/))
    for (const wrong of ['', 'x', 'A'.repeat(43), older, ofReset, `${newer}=`])
      await expectInvalid(await verify(wrong))
    later(24 * 3_600_000 + 1)
    await expectInvalid(await verify(newer))
  })

  it('→ 4xx for the GET of a mail scanner, and uses nothing up', async () => {
    const ann = await person()
    const token = tokenIn(await nextMail(ann.email, CONFIRM))
    expect(
      (await call('GET', `/api/users/verify-email?token=${token}`)).status,
    ).toBeGreaterThanOrEqual(400)
    expect((await verify(token)).status).toBe(204)
  })
})

describe('POST /api/users/me/verify-email', () => {
  it('sends the link again, in one trip, three mails an hour in all', async () => {
    const ann = await person() // the first mail
    const first = await sendAgain(ann.token)
    expect([first.status, trips(first)]).toEqual([202, 1])
    expect(await messageOf(first)).toBe('We sent a link to your address. Open it to confirm.')
    expect((await sendAgain(ann.token)).status).toBe(202)
    for (let i = 0; i < 3; i++) {
      const refused = await sendAgain(ann.token)
      expect(refused.status).toBe(202)
      expect(await messageOf(refused)).toMatch(/^Your address had too many emails/)
    }
    const last = await nextMail(ann.email, CONFIRM, 3)
    await new Promise((done) => setTimeout(done, 50))
    expect(mailsTo(ann.email)).toHaveLength(3)
    expect((await verify(tokenIn(last))).status).toBe(204)
  })

  it('sends nothing to a proven address, and requires a token', async () => {
    const ann = await person()
    await verify(tokenIn(await nextMail(ann.email, CONFIRM)))
    const refused = await sendAgain(ann.token)
    expect([refused.status, trips(refused)]).toEqual([202, 1])
    expect(await messageOf(refused)).toBe('Your address is already confirmed.')
    expect((await call('POST', '/api/users/me/verify-email')).status).toBe(401)
    await new Promise((done) => setTimeout(done, 30))
    expect(mailsTo(ann.email)).toHaveLength(1)
  })
})

describe('PUT /api/users/me/email', () => {
  it('changes the address when the link is used, and notifies the old one both times', async () => {
    const ann = await person()
    expect((await verify(tokenIn(await nextMail(ann.email, CONFIRM)))).status).toBe(204)
    const email = freshAddress()
    const asked = await change(ann.token, email)
    expect([asked.status, trips(asked)]).toEqual([202, 2])
    expect(await me(ann.token)).toEqual({ ...ann.user, email_verified: true })
    expect(
      (await nextMail(ann.email, 'A change of your email address was requested')).text,
    ).toContain(email)

    const token = tokenIn(await nextMail(email, NEW_ADDRESS))
    const used = await verify(token)
    expect([used.status, trips(used)]).toEqual([204, 1])
    expect(await me(ann.token)).toEqual({ ...ann.user, email, email_verified: true })
    expect((await nextMail(ann.email, 'Your email address was changed')).text).toContain(email)
    await signIn(email)
    await expect(signIn(ann.email)).rejects.toThrow('401')
    await expectInvalid(await verify(token))
  })

  it('voids every other link when the address changes', async () => {
    const ann = await person()
    const older = tokenIn(await nextMail(ann.email, CONFIRM))
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const ofReset = tokenIn(await nextMail(ann.email, /Reset/))
    const email = freshAddress()
    await change(ann.token, email)
    expect((await verify(tokenIn(await nextMail(email, NEW_ADDRESS)))).status).toBe(204)
    await expectInvalid(await verify(older))
    const reset = await call('POST', '/api/users/reset-password', {
      json: { token: ofReset, new_password: 'something else entirely' },
    })
    expect(reset.status).toBe(400)
  })

  it('→ 403 for a wrong password, and sends nothing', async () => {
    const ann = await person()
    const email = freshAddress()
    const response = await change(ann.token, email, 'not the password')
    expect([response.status, trips(response)]).toEqual([403, 1])
    expect((await response.json<Problem>()).type).toBe('/problems/wrong-password')
    await new Promise((done) => setTimeout(done, 30))
    expect(mailsTo(email)).toEqual([])
  })

  it('answers the same for an address in use, and notifies only its owner', async () => {
    const [ann, bob] = [await person(), await register('bob')]
    const [free, taken] = [
      await change(ann.token, freshAddress()),
      await change(ann.token, bob.email.toUpperCase()),
    ]
    expect([taken.status, trips(taken), await taken.text()]).toEqual([
      free.status,
      trips(free),
      await free.text(),
    ])
    const mail = await nextMail(bob.email, 'Another account tried to use your email address')
    expect(mail.text + mail.html).not.toContain(ann.username)
    const pending = await env.DB.prepare(
      "select email from email_tokens where user_id = ? and purpose = 'change'",
    )
      .bind(ann.id)
      .all()
    expect(JSON.stringify(pending.results)).not.toContain(bob.email)
  })

  it('→ 409 when the address was taken before the link was used; nothing changes', async () => {
    const ann = await person()
    const username = freshName('quick')
    const email = `${username}@example.org`
    await change(ann.token, email)
    const token = tokenIn(await nextMail(email, NEW_ADDRESS))
    await call('POST', '/api/users', { json: { username, email, password: PASSWORD } })
    const response = await verify(token)
    expect([response.status, trips(response)]).toEqual([409, 1])
    expect((await response.json<Problem>()).type).toBe('/problems/email-taken')
    expect(await me(ann.token)).toEqual(ann.user)
  })

  it('succeeds once of 20 uses at a time', async () => {
    const ann = await person()
    const email = freshAddress()
    await change(ann.token, email)
    const token = tokenIn(await nextMail(email, NEW_ADDRESS))
    const uses = await Promise.all(Array.from({ length: 20 }, () => verify(token)))
    expect(uses.map((r) => r.status).sort()).toEqual([204, ...Array(19).fill(400)])
    const { results } = await env.DB.prepare(
      "select 1 from events where user_id = ? and type = 'email_changed'",
    )
      .bind(ann.id)
      .all()
    expect(results).toHaveLength(1)
  })

  it('stores no link when the password changes during the request', async () => {
    const ann = await person()
    const email = freshAddress()
    const json = { current_password: PASSWORD, new_password: `${PASSWORD} 2` }
    const DB = interrupted(2, async () => {
      const changed = await call('PUT', '/api/users/me/password', { token: ann.token, json })
      expect(changed.status).toBe(204)
    })
    const response = await workerWith({ DB })('PUT', '/api/users/me/email', {
      token: ann.token,
      json: { email, password: PASSWORD },
    })
    expect([response.status, trips(response)]).toEqual([403, 2])
    expect((await response.json<Problem>()).type).toBe('/problems/wrong-password')
    const { results } = await env.DB.prepare(
      `select purpose as found from email_tokens where user_id = ?1
       union all select type from events where user_id = ?1 and type = 'email_change_requested'`,
    )
      .bind(ann.id)
      .all()
    expect(results).toEqual([])
    await new Promise((done) => setTimeout(done, 30))
    expect(mailsTo(email)).toEqual([])
  })

  it('accepts another spelling of the own address', async () => {
    const ann = await person()
    const email = ann.email.toUpperCase()
    await change(ann.token, email)
    expect((await verify(tokenIn(await nextMail(email, NEW_ADDRESS)))).status).toBe(204)
    expect((await me(ann.token)).email).toBe(email)
  })
})

const preview = (token: string) =>
  call('POST', '/api/users/verify-email/preview', { json: { token } })
const disown = (token: string) =>
  call('POST', '/api/users/verify-email/disown', { json: { token } })

describe('POST /api/users/verify-email/preview', () => {
  it('→ 200 with the account, in one trip, and uses nothing up', async () => {
    const ann = await person()
    const token = tokenIn(await nextMail(ann.email, CONFIRM))
    for (let round = 0; round < 3; round++) {
      const seen = await preview(token)
      expect([seen.status, trips(seen)]).toEqual([200, 1])
      expect(await seen.json()).toEqual({ username: ann.username, purpose: 'verify' })
    }
    expect(await me(ann.token)).toEqual(ann.user)
    expect((await verify(token)).status).toBe(204)
    await expectInvalid(await preview(token))
  })

  it('→ 200 with the account that asks for a new address', async () => {
    const ann = await person()
    const email = freshAddress()
    await change(ann.token, email)
    const seen = await preview(tokenIn(await nextMail(email, NEW_ADDRESS)))
    expect(await seen.json()).toEqual({ username: ann.username, purpose: 'change' })
  })

  it('→ 400 invalid-token for a reset link and for any other text', async () => {
    const ann = await person()
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const ofReset = tokenIn(await nextMail(ann.email, /Reset/))
    for (const token of [ofReset, '', 'x', 'T'.repeat(43)]) {
      await expectInvalid(await preview(token))
      await expectInvalid(await disown(token))
    }
  })
})

describe('POST /api/users/verify-email/disown', () => {
  it('→ 204: the link is void, and what was set up with the unproven address ends', async () => {
    const mallory = await person()
    const token = tokenIn(await nextMail(mallory.email, CONFIRM))
    await call('POST', '/api/users/forgot-password', { json: { email: mallory.email } })
    const ofReset = tokenIn(await nextMail(mallory.email, /Reset/))
    const answer = await disown(token)
    expect([answer.status, trips(answer)]).toEqual([204, 1])
    await expectInvalid(await verify(token))
    await expectInvalid(await disown(token))
    await expectDead({ token: mallory.token, refreshToken: mallory.refreshToken })
    await expect(signIn(mallory.email)).rejects.toThrow('401')
    const json = { token: ofReset, new_password: 'something else entirely' }
    expect((await call('POST', '/api/users/reset-password', { json })).status).toBe(400)
    expect((await eventsOf(mallory.id)).at(-1)).toBe('login_failed')
    expect(await eventsOf(mallory.id)).toContain('sessions_ended')
  })

  it('leaves the owner of the address a reset, which proves it and sets a password', async () => {
    const mallory = await person()
    await disown(tokenIn(await nextMail(mallory.email, CONFIRM)))
    await call('POST', '/api/users/forgot-password', { json: { email: mallory.email } })
    const token = tokenIn(await nextMail(mallory.email, /Reset/))
    const json = { token, new_password: 'the owner chose this one' }
    expect((await call('POST', '/api/users/reset-password', { json })).status).toBe(204)
    const { token: access } = await signIn(mallory.email, 'the owner chose this one')
    expect(await me(access)).toMatchObject({ email_verified: true })
  })

  it('of a change of address voids the link and nothing else', async () => {
    const ann = await person()
    const email = freshAddress()
    await change(ann.token, email)
    const token = tokenIn(await nextMail(email, NEW_ADDRESS))
    expect((await disown(token)).status).toBe(204)
    await expectInvalid(await verify(token))
    expect(await me(ann.token)).toEqual(ann.user)
    await signIn(ann.email)
  })

  it('after the address was proven does nothing', async () => {
    const ann = await person()
    const token = tokenIn(await nextMail(ann.email, CONFIRM))
    expect((await verify(token)).status).toBe(204)
    await expectInvalid(await disown(token))
    expect(await me(ann.token)).toMatchObject({ email_verified: true })
  })

  it('of eight at once, one finds the link', async () => {
    const mallory = await person()
    const token = tokenIn(await nextMail(mallory.email, CONFIRM))
    const answers = await Promise.all(Array.from({ length: 8 }, () => disown(token)))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
  })
})

describe('notices to a proven address', () => {
  it('are limited to one of a kind in ten minutes', async () => {
    const ann = await person()
    expect((await verify(tokenIn(await nextMail(ann.email, CONFIRM)))).status).toBe(204)
    let current = PASSWORD
    for (let round = 0; round < 5; round++) {
      const new_password = `password number ${round} of many`
      const json = { current_password: current, new_password }
      const { status } = await call('PUT', '/api/users/me/password', { token: ann.token, json })
      expect(status).toBe(204)
      current = new_password
    }
    await nextMail(ann.email, 'Your password was changed')
    await new Promise((done) => setTimeout(done, 100))
    const notices = () =>
      mailsTo(ann.email).filter(({ subject }) => subject === 'Your password was changed')
    expect(notices()).toHaveLength(1)
    await env.DB.prepare(
      "update mail_counts set since = since - 600000 where key like 'notice:%'",
    ).run()
    const json = { current_password: current, new_password: 'and one more after that' }
    await call('PUT', '/api/users/me/password', { token: ann.token, json })
    await nextMail(ann.email, 'Your password was changed', 2)
    expect(notices()).toHaveLength(2)
  })
})
