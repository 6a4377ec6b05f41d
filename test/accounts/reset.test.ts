/** A forgotten password: the link, its one use, and what a reset ends. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Problem } from '../../src/http/problem'
import { call, trips, workerWith } from '../support/client'
import { later, restoreClock } from '../support/clock'
import { catchMails, mailsTo, nextMail, tokenIn } from '../support/mailbox'
import { disable, PASSWORD, person, register, signIn } from '../support/users'

catchMails()
restoreClock()

const NEW = 'a fresh long password'
const RESET = 'Reset your password'
const forgot = (email: string, headers = {}) =>
  call('POST', '/api/users/forgot-password', { json: { email }, headers })
const reset = (token: string, new_password = NEW) =>
  call('POST', '/api/users/reset-password', { json: { token, new_password } })

/** The token of a new link. */
async function resetToken(email: string, count = 1) {
  await forgot(email)
  return tokenIn(await nextMail(email, RESET, count))
}
async function expectInvalid(response: Response, detail = 'Invalid or expired reset token') {
  expect(response.status).toBe(400)
  const problem = await response.json<Problem>()
  expect(problem).toMatchObject({ type: '/problems/invalid-token', detail })
}

describe('POST /api/users/forgot-password', () => {
  it('→ 202 alike for known and unknown addresses, in one trip, and mails only to known ones', async () => {
    const ann = await register()
    const answers = []
    for (const email of [ann.email, `nobody-${ann.email}`]) {
      const response = await forgot(email)
      answers.push([response.status, trips(response), await response.text()])
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.slice(0, 2)).toEqual([202, 1])
    await nextMail(ann.email, RESET)
    await new Promise((done) => setTimeout(done, 300))
    expect(mailsTo(`nobody-${ann.email}`)).toEqual([])
  })

  it('finds an address in any case, and builds the link from APP_ORIGIN alone', async () => {
    const ann = await register()
    await forgot(` ${ann.email.toUpperCase()} `, {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
    })
    const mail = await nextMail(ann.email, RESET)
    expect(mail.text).toMatch(/^http:\/\/localhost:8787\/reset#token=[\w-]{43}$/m)
    expect(mail.text + mail.html).not.toContain('evil')
  })

  it('mails nothing to a disabled account', async () => {
    const ann = await register()
    await disable(ann.id)
    expect((await forgot(ann.email)).status).toBe(202)
    const links = await env.DB.prepare(
      "select 1 from email_tokens where user_id = ? and purpose = 'reset'",
    )
      .bind(ann.id)
      .all()
    expect(links.results).toEqual([])
  })

  it('sends at most five mails with links to an address, then none for an hour; the last link stays valid', async () => {
    const ann = await register() // the first mail
    for (let i = 0; i < 8; i++) expect((await forgot(ann.email)).status).toBe(202)
    const last = await nextMail(ann.email, RESET, 4)
    await new Promise((done) => setTimeout(done, 300))
    expect(mailsTo(ann.email)).toHaveLength(5)
    later(3_601_000)
    await forgot(ann.email)
    await nextMail(ann.email, RESET, 5)
    await expectInvalid(await reset(tokenIn(last)))
  })

  it('counts unknown addresses without storing them', async () => {
    const unknown = 'never-seen-before@example.com'
    for (let i = 0; i < 7; i++) await forgot(unknown)
    const rows = await env.DB.prepare('select key, count from mail_counts').all()
    expect(rows.results).toContainEqual({
      key: expect.stringMatching(/^nobody:[\w-]{43}$/) as string,
      count: 5,
    })
    expect(JSON.stringify(rows.results)).not.toContain('never-seen')
  })

  it('→ 202 although the mail cannot be sent, and logs neither address nor link', async () => {
    const ann = await register()
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const broken = workerWith({
      MAIL: { send: () => Promise.reject(new Error(`to ${ann.email}`)) },
    })
    const response = await broken('POST', '/api/users/forgot-password', {
      json: { email: ann.email },
    })
    const lines = log.mock.calls.join()
    log.mockRestore()
    expect(response.status).toBe(202)
    expect(lines).toContain('mail_failed')
    expect(lines).not.toContain('@')
    expect(lines).not.toContain('token=')
  })
})

describe('POST /api/users/reset-password', () => {
  it('→ 204 in two trips: sets the password, ends every session, starts none, proves the address and mails its owner', async () => {
    const ann = await person()
    const other = await signIn(ann.email)
    const response = await reset(await resetToken(ann.email))
    expect(response.status).toBe(204)
    expect(trips(response)).toBe(2)
    expect(response.headers.get('Set-Cookie')).toBeNull()
    for (const token of [ann.token, other.token])
      expect((await call('GET', '/api/users/me', { token })).status).toBe(401)
    const refresh = await call('POST', '/oauth/token', {
      form: { grant_type: 'refresh_token', refresh_token: ann.refreshToken },
    })
    expect(refresh.status).toBe(400)
    await expect(signIn(ann.email, PASSWORD)).rejects.toThrow('401')
    const { token } = await signIn(ann.email, NEW)
    const me = await call('GET', '/api/users/me', { token })
    expect(await me.json()).toMatchObject({ email_verified: true })
    expect((await nextMail(ann.email, 'Your password was reset')).text).not.toContain('token=')
  })

  it('accepts a link once, also in 20 parallel requests', async () => {
    const ann = await register()
    const token = await resetToken(ann.email)
    const answers = await Promise.all(Array.from({ length: 20 }, () => reset(token)))
    const statuses = answers.map((response) => response.status).sort()
    expect(statuses).toEqual([204, ...Array(19).fill(400)])
    await expectInvalid(await reset(token))
  })

  it('→ 400 invalid-token alike for links that are made up, of another purpose, replaced by a newer one, or expired', async () => {
    const ann = await register()
    const verify = tokenIn(await nextMail(ann.email, /Confirm/))
    const older = await resetToken(ann.email)
    const newer = await resetToken(ann.email, 2)
    const respelled = `${newer.slice(0, -1)}${String.fromCharCode(newer.charCodeAt(42) + 1)}`
    for (const wrong of [
      '',
      'x',
      'A'.repeat(43),
      verify,
      older,
      ` ${newer}`,
      `${newer}=`,
      respelled,
      `${newer}\u0000`,
    ])
      await expectInvalid(await reset(wrong))
    later(3_600_001)
    await expectInvalid(await reset(newer))
  })

  it('→ 422 when the new password breaks a rule, and the link stays valid', async () => {
    const ann = await register()
    const token = await resetToken(ann.email)
    for (const [bad, rule] of [
      ['short', 'must have at least 8 characters'],
      ['iloveyou1', 'most common'],
      [ann.username, 'must not be your username'],
      [ann.email.toUpperCase(), 'must not be your e-mail address'],
      ['x'.repeat(129), 'must have at most 128 characters'],
    ] as const) {
      const response = await reset(token, bad)
      expect(response.status).toBe(422)
      expect(await response.json<Problem>()).toMatchObject({
        errors: [{ pointer: '#/new_password', detail: expect.stringContaining(rule) as string }],
      })
    }
    expect((await reset(token)).status).toBe(204)
  })

  it('ends what a squatter set up: the session, the pending change of address, the failures', async () => {
    const squatter = await person('victim')
    const away = `thief-${squatter.username}@example.com`
    const change = await call('PUT', '/api/users/me/email', {
      token: squatter.token,
      json: { email: away, password: PASSWORD },
    })
    expect(change.status).toBe(202)
    const theirs = tokenIn(await nextMail(away, /Confirm/))
    await call('POST', '/api/users/token', {
      form: { username: squatter.email, password: 'wrong' },
    })
    expect((await reset(await resetToken(squatter.email))).status).toBe(204)

    expect((await call('GET', '/api/users/me', { token: squatter.token })).status).toBe(401)
    await expectInvalid(
      await call('POST', '/api/users/verify-email', { json: { token: theirs } }),
      'Invalid or expired verification token',
    )
    const left = await env.DB.prepare('select count(*) as n from attempts where user_id = ?')
      .bind(squatter.id)
      .first('n')
    expect(left).toBe(0)
  })

  it('voids every other mailed link', async () => {
    const ann = await register()
    const verify = tokenIn(await nextMail(ann.email, /Confirm/))
    await reset(await resetToken(ann.email))
    await expectInvalid(
      await call('POST', '/api/users/verify-email', { json: { token: verify } }),
      'Invalid or expired verification token',
    )
  })
})
