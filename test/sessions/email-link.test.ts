/** Sign-in by a mailed link: one use, one browser, one factor. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips, workerWith } from '../support/client'
import { later, restoreClock } from '../support/clock'
import { codeOf, giveTotp } from '../support/factors'
import { catchMails, mailsTo, nextMail } from '../support/mailbox'
import { claimsOf, expectProblem, me } from '../support/sign-in'
import {
  askForLink,
  clickLink,
  linkCookieOf,
  mailedLink,
  otherCode,
} from '../support/sign-in-links'
import {
  disable,
  enable,
  eventsOf,
  freshName,
  PASSWORD,
  person,
  proveAddress,
  proven,
  register,
  sessionsOf,
  signIn,
} from '../support/users'

catchMails()
restoreClock()

const linksOf = (id: number) =>
  env.DB.prepare('select count(*) as n from sign_in_links where user_id = ?')
    .bind(id)
    .first<number>('n')
const settle = () => new Promise((done) => setTimeout(done, 300))
const expectEnded = (response: Response) => expectProblem(response, 400, 'invalid-token')

describe('POST /api/session/email', () => {
  it('mails a link in one trip, with the token in the fragment, and stores hashes only', async () => {
    const ann = await proven()
    const response = await askForLink(` ${ann.email.toUpperCase()} `)
    expect([response.status, trips(response)]).toEqual([202, 1])
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-gatepost-link=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
    const { code } = await response.json<{ code: string }>()
    expect(code).toMatch(/^\d{6}$/)
    const { text } = await nextMail(ann.email, 'Your sign-in link')
    expect(text).toMatch(/^http:\/\/localhost:8787\/sign-in\/link#token=[\w-]{43}$/m)
    const row = await env.DB.prepare('select * from sign_in_links where user_id = ?')
      .bind(ann.id)
      .first()
    const cookie = linkCookieOf(response).split('=')[1] ?? ''
    const token = /#token=([\w-]{43})/.exec(text)?.[1] ?? ''
    expect(JSON.stringify(row)).not.toContain(token)
    expect(JSON.stringify(row)).not.toContain(cookie)
    expect(text).not.toContain(code)
    expect(await eventsOf(ann.id)).toContain('sign_in_link_requested')
  })

  it('keeps the cookie of the browser, so that a refused request does not void its last link', async () => {
    const ann = await proven()
    // The first of three mails was the link of the registration.
    const first = await mailedLink(ann.email)
    const second = await mailedLink(ann.email, 2, first.cookie)
    expect([second.cookie, second.code]).toEqual([first.cookie, first.code])
    const refused = await askForLink(ann.email, second.cookie)
    expect(refused.status).toBe(202)
    await settle()
    expect(mailsTo(ann.email)).toHaveLength(3)
    await expectEnded(await clickLink(first.token, first.cookie))
    expect((await clickLink(second.token, linkCookieOf(refused))).status).toBe(200)
  })

  it('ignores a cookie that it cannot have set', async () => {
    for (const wrong of [
      'x',
      'A'.repeat(42),
      'B'.repeat(43),
      'A'.repeat(44),
      `${'A'.repeat(42)}=`,
    ]) {
      const asked = await askForLink(`${freshName()}@example.com`, `__Host-gatepost-link=${wrong}`)
      expect(asked.status).toBe(202)
      expect(linkCookieOf(asked)).not.toBe(`__Host-gatepost-link=${wrong}`)
    }
  })

  it('mails nothing to unknown, unproven and disabled accounts, and shows each a code', async () => {
    const unproven = await register()
    const disabled = await proven()
    await disable(disabled.id)
    for (const email of [unproven.email, disabled.email, `${freshName()}@example.com`]) {
      const response = await askForLink(email)
      expect([response.status, trips(response)]).toEqual([202, 1])
      expect(await response.json()).toEqual({
        message: 'If an account has confirmed this address, a link is on its way to it.',
        code: expect.stringMatching(/^\d{6}$/),
      })
      linkCookieOf(response)
    }
    await settle()
    for (const { id, email } of [unproven, disabled]) {
      expect(mailsTo(email).map(({ subject }) => subject)).toEqual(['Confirm your email address'])
      expect(await linksOf(id)).toBe(0)
      expect(await eventsOf(id)).not.toContain('sign_in_link_requested')
    }
  })

  it.each(['off', undefined])('is 404 with EMAIL_SIGN_IN %s, and so is the use', async (value) => {
    const ask = workerWith({ EMAIL_SIGN_IN: value })
    const { token, cookie } = await mailedLink((await proven()).email)
    const available = async (worker: typeof call) =>
      (await (await worker('GET', '/api/session/email')).json<{ available: boolean }>()).available
    expect([await available(ask), await available(call)]).toEqual([false, true])
    await expectProblem(await askForLink('ann@example.com', undefined, ask), 404, 'not-found')
    await expectProblem(await clickLink(token, cookie, undefined, ask), 404, 'not-found')
    expect((await clickLink(token, cookie)).status).toBe(200)
  })
})

describe('POST /api/session/email/use', () => {
  it('signs in the browser that asked, in two trips, as one factor, and deletes its cookie', async () => {
    const ann = await proven()
    const { token, cookie } = await mailedLink(ann.email)
    const response = await clickLink(token, cookie)
    expect([response.status, trips(response)]).toEqual([200, 2])
    const body = await response.json<{ access_token: string; user: { id: number } }>()
    expect(body.user.id).toBe(ann.id)
    expect((await me(body.access_token)).status).toBe(200)
    expect(claimsOf(body.access_token)).toMatchObject({ amr: ['email'], acr: '1fa' })
    const cookies = response.headers.getSetCookie().map((text) => text.split(';').slice(0, 2))
    expect(cookies).toEqual([
      ['__Host-gatepost-link=', ' Max-Age=0'],
      [expect.stringMatching(/^__Host-gatepost=[\w.-]+$/), ' Max-Age=2592000'],
    ])
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['sign_in_link_requested', 'login'])
    expect(await linksOf(ann.id)).toBe(0)
  })

  it('ends the session that the browser had', async () => {
    const [ann, bob] = [await proven(), await person('bob')]
    const { token, cookie } = await mailedLink(ann.email)
    const both = `${cookie}; __Host-gatepost=${bob.refreshToken}`
    expect((await clickLink(token, both)).status).toBe(200)
    expect((await me(bob.token)).status).toBe(401)
  })

  it('asks another browser for the code, without using the link up', async () => {
    const ann = await proven()
    const { token, code } = await mailedLink(ann.email)
    const elsewhere = (await mailedLink((await proven('bob')).email)).cookie
    for (const browser of [undefined, elsewhere, '__Host-gatepost-link=x']) {
      const response = await clickLink(token, browser)
      expect(trips(response)).toBe(1)
      await expectProblem(response, 401, 'link-code-required')
    }
    const spelled = `${code.slice(0, 3)} ${code.slice(3)}`
    expect((await clickLink(token, elsewhere, spelled)).status).toBe(200)
  })

  it('ends the link with the fifth wrong code, also of forty at a time', async () => {
    const ann = await proven()
    const { token, code, cookie } = await mailedLink(ann.email)
    const wrong = otherCode(code)
    for (let n = 0; n < 4; n++)
      await expectProblem(await clickLink(token, undefined, wrong), 401, 'wrong-code')
    await expectEnded(await clickLink(token, undefined, wrong))
    await expectEnded(await clickLink(token, undefined, code))
    await expectEnded(await clickLink(token, cookie))
    expect((await eventsOf(ann.id)).filter((type) => type === 'login_failed')).toHaveLength(5)

    const next = await mailedLink(ann.email, 2)
    const guesses = Array.from({ length: 40 }, () =>
      clickLink(next.token, undefined, otherCode(next.code)),
    )
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(36).fill(400), ...Array(4).fill(401)])
    expect((await eventsOf(ann.id)).filter((type) => type === 'login_failed')).toHaveLength(10)
    await expectEnded(await clickLink(next.token, undefined, next.code))
  })

  it('the browser that asked needs no code, not even a right one', async () => {
    const { token, cookie, code } = await mailedLink((await proven()).email)
    expect((await clickLink(token, cookie, otherCode(code))).status).toBe(200)
  })

  it('starts one session in eight uses at a time, and none afterwards', async () => {
    const ann = await proven()
    const { token, cookie, code } = await mailedLink(ann.email)
    const before = await sessionsOf(ann.id)
    const uses = Array.from({ length: 8 }, (_, n) =>
      n % 2 ? clickLink(token, cookie) : clickLink(token, undefined, code),
    )
    const statuses = (await Promise.all(uses)).map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array(7).fill(400)])
    expect(await sessionsOf(ann.id)).toBe(before + 1)
    await expectEnded(await clickLink(token, cookie))
  })

  it('→ 400 invalid-token alike for tokens that are made up, of another purpose, or expired', async () => {
    const ann = await person()
    const verify = (await nextMail(ann.email, /Confirm/)).text.match(/token=([\w-]+)/)?.[1] ?? ''
    await proveAddress(ann.id)
    const { token, cookie } = await mailedLink(ann.email)
    for (const wrong of [
      '',
      'x',
      'A'.repeat(43),
      verify,
      ` ${token}`,
      `${token}=`,
      `${token}\u0000`,
    ])
      await expectEnded(await clickLink(wrong, cookie))
    // Nor does another endpoint take the token of a sign-in link.
    for (const path of ['verify-email', 'verify-email/preview', 'verify-email/disown'])
      await expectEnded(await call('POST', `/api/users/${path}`, { json: { token } }))
    const json = { token, new_password: `${PASSWORD} 2` }
    await expectEnded(await call('POST', '/api/users/reset-password', { json }))
    later(600_001)
    await expectEnded(await clickLink(token, cookie))
  })

  it.each<[string, (ann: Awaited<ReturnType<typeof proven>>) => Promise<unknown>]>([
    [
      'a change of the password',
      ({ token }) =>
        call('PUT', '/api/users/me/password', {
          token,
          json: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
        }),
    ],
    [
      'a reset of the password',
      async ({ email }) => {
        await call('POST', '/api/users/forgot-password', { json: { email } })
        const mail = await nextMail(email, /Reset/)
        const token = /#token=([\w-]{43})/.exec(mail.text)?.[1]
        const json = { token, new_password: `${PASSWORD} 2` }
        return call('POST', '/api/users/reset-password', { json })
      },
    ],
    [
      'a change of the address',
      async ({ token, email }) => {
        const json = { email: `new-${email}`, password: PASSWORD }
        await call('PUT', '/api/users/me/email', { token, json })
        const mail = await nextMail(`new-${email}`, /Confirm/)
        const used = { token: /#token=([\w-]{43})/.exec(mail.text)?.[1] }
        return call('POST', '/api/users/verify-email', { json: used })
      },
    ],
    [
      'disabling and enabling the account',
      async ({ id }) => {
        await disable(id)
        await enable(id)
      },
    ],
    [
      'the deletion of the account',
      ({ token }) =>
        call('POST', '/api/users/me/deletion', { token, json: { password: PASSWORD } }),
    ],
  ])('a link ends with %s', async (_, act) => {
    const ann = await proven()
    const { token, cookie } = await mailedLink(ann.email)
    await act(ann)
    await expectEnded(await clickLink(token, cookie))
    expect(await linksOf(ann.id)).toBe(0)
  })

  it('leads to the second factor, once, and the session then has both', async () => {
    const ann = await proven()
    const { secret } = await giveTotp(ann.id)
    const { token, cookie } = await mailedLink(ann.email)
    const before = await sessionsOf(ann.id)
    const half = await clickLink(token, cookie)
    const { pending_token } = await half.clone().json<{ pending_token: string }>()
    await expectProblem(half, 401, 'second-factor-required')
    expect(await sessionsOf(ann.id)).toBe(before)
    await expectEnded(await clickLink(token, cookie))
    const json = { pending_token, code: codeOf(secret) }
    const done = await call('POST', '/api/session/factor', { json })
    const { access_token } = await done.json<{ access_token: string }>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['email', 'otp', 'mfa'], acr: 'mfa' })
  })

  it('signs in a user without a password, and clears no failed passwords', async () => {
    const ann = await proven()
    await env.DB.prepare('update users set has_password = 0 where id = ?').bind(ann.id).run()
    await expect(signIn(ann.email, 'wrong')).rejects.toThrow('401')
    const { token, cookie } = await mailedLink(ann.email)
    expect((await clickLink(token, cookie)).status).toBe(200)
    const failures = await env.DB.prepare('select count(*) as n from attempts where user_id = ?')
      .bind(ann.id)
      .first('n')
    expect(failures).toBe(1)
  })
})

it('an export has the purpose and times of a link, and no secret of it', async () => {
  const ann = await proven()
  const { token } = await mailedLink(ann.email)
  const response = await call('GET', '/api/users/me/export', { token: ann.token })
  const { links } = await response.json<{ links: { purpose: string; email: string }[] }>()
  expect(links).toContainEqual({
    purpose: 'sign-in',
    email: ann.email,
    created_at: expect.any(String),
    expires_at: expect.any(String),
  })
  expect(JSON.stringify(links)).not.toContain(token)
})
