/** A password changed with the old one. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/http/problem'
import { call, trips, workerWith } from '../support/client'
import { later, restoreClock } from '../support/clock'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import { eventsOf, PASSWORD, person, signIn } from '../support/users'

catchMails()
restoreClock()

const NEW = 'a fresh long password'
const change = (token: string, new_password = NEW, current_password = PASSWORD) =>
  call('PUT', '/api/users/me/password', { token, json: { current_password, new_password } })
const status = (token: string) => call('GET', '/api/users/me', { token }).then((r) => r.status)

describe('PUT /api/users/me/password', () => {
  it('→ 204 in two trips: this session stays, every other ends, the owner gets a mail', async () => {
    const ann = await person()
    const other = await signIn(ann.email)
    const response = await change(ann.token)
    expect([response.status, trips(response)]).toEqual([204, 2])
    expect([await status(ann.token), await status(other.token)]).toEqual([200, 401])
    const refreshed = await call('POST', '/oauth/token', {
      form: { grant_type: 'refresh_token', refresh_token: ann.refreshToken },
    })
    expect(refreshed.status).toBe(200)
    await expect(signIn(ann.email, PASSWORD)).rejects.toThrow('401')
    await signIn(ann.email, NEW)
    await nextMail(ann.email, 'Your password was changed')
    expect(await eventsOf(ann.id)).toEqual([
      'registered',
      'login',
      'login',
      'password_changed',
      'login_failed',
      'login',
    ])
  })

  it('→ 403 for a wrong current password, in one trip, and changes nothing', async () => {
    const ann = await person()
    const other = await signIn(ann.email)
    const response = await change(ann.token, NEW, 'not the password')
    expect([response.status, trips(response)]).toEqual([403, 1])
    expect((await response.json<Problem>()).type).toBe('/problems/wrong-password')
    expect(await status(other.token)).toBe(200)
    expect((await eventsOf(ann.id)).at(-1)).toBe('password_rejected')
  })

  it('→ 429 after too many wrong passwords, without a hash, and not at sign-in; a right password clears the count', async () => {
    const ann = await person()
    for (let i = 0; i < 5; i++)
      expect((await change(ann.token, NEW, `guess ${i}`)).status).toBe(403)
    for (const current of ['guess 6', PASSWORD]) {
      const response = await change(ann.token, NEW, current)
      expect([response.status, trips(response)]).toEqual([429, 1])
      expect((await response.json<Problem>()).type).toBe('/problems/too-many-attempts')
      expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(20)
      expect(response.headers.get('Server-Timing')).toContain('hash;dur=0.0')
    }
    await signIn(ann.email)
    later(31_000)
    expect((await change(ann.token)).status).toBe(204)
    const left = await env.DB.prepare('select count(*) as n from attempts where user_id = ?')
      .bind(ann.id)
      .first('n')
    expect(left).toBe(0)
  })

  it.each([
    ['too short', () => 'short12', 'must have at least 8 characters', 0],
    ['well-known', () => 'qwertyuiop', 'most common', 0],
    ['the own name', (name: string) => name.toUpperCase(), 'must not be your username', 2],
  ])(
    'refuses a new one that is %s, without counting a wrong attempt',
    async (_, made, rule, cost) => {
      const ann = await person()
      const response = await change(ann.token, made(ann.username))
      expect([response.status, trips(response)]).toEqual([422, cost])
      expect(await response.json<Problem>()).toMatchObject({
        errors: [{ pointer: '#/new_password', detail: expect.stringContaining(rule) as string }],
      })
      const left = await env.DB.prepare('select count(*) as n from attempts where user_id = ?')
        .bind(ann.id)
        .first('n')
      expect(left).toBe(0)
      expect(await eventsOf(ann.id)).toEqual(['registered', 'login'])
      await signIn(ann.email)
    },
  )

  it('succeeds for one of two parallel changes', async () => {
    const ann = await person()
    const [one, two] = ['the first of two passwords', 'the second of two passwords'] as const
    const answers = await Promise.all([change(ann.token, one), change(ann.token, two)])
    expect(answers.map((r) => r.status).sort()).toEqual([204, 403])
    const winner = answers[0]?.status === 204 ? one : two
    await signIn(ann.email, winner)
  })

  it('voids mailed links', async () => {
    const ann = await person()
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const token = tokenIn(await nextMail(ann.email, /Reset/))
    await change(ann.token)
    const reset = await call('POST', '/api/users/reset-password', {
      json: { token, new_password: 'of another user' },
    })
    expect(reset.status).toBe(400)
  })

  it('→ 401 or 403 without an active session or the scope account', async () => {
    const ann = await person()
    const narrow = await signIn(ann.email, PASSWORD, { scope: 'posts:write' })
    expect((await change(narrow.token)).status).toBe(403)
    await call('DELETE', '/api/users/me/sessions', { token: ann.token })
    const dead = await change(narrow.token)
    expect(dead.status).toBe(403)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    const gone = await change(ann.token)
    expect([gone.status, gone.headers.get('WWW-Authenticate')]).toEqual([
      401,
      'Bearer realm="gatepost", error="invalid_token"',
    ])
  })
})

describe('REQUIRE_VERIFIED_EMAIL', () => {
  it('refuses a right password until the address is proven by a link or a reset', async () => {
    const strict = workerWith({ REQUIRE_VERIFIED_EMAIL: 'on' })
    const ann = await person()
    const form = { username: ann.email, password: PASSWORD }
    const refused = await strict('POST', '/api/users/token', { form })
    expect(refused.status).toBe(403)
    expect((await refused.json<Problem>()).type).toBe('/problems/email-not-verified')
    const wrong = await strict('POST', '/api/users/token', { form: { ...form, password: 'wrong' } })
    expect(wrong.status).toBe(401)
    const oauth = await strict('POST', '/oauth/token', {
      form: { ...form, grant_type: 'password' },
    })
    expect([oauth.status, (await oauth.json<{ error: string }>()).error]).toEqual([
      400,
      'invalid_grant',
    ])
    const token = tokenIn(await nextMail(ann.email, /Confirm/))
    expect((await strict('POST', '/api/users/verify-email', { json: { token } })).status).toBe(204)
    expect((await strict('POST', '/api/users/token', { form })).status).toBe(200)
  })
})
