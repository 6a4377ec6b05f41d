import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { failingTrip, interrupted, losingAnswers } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { codeOf, giveTotp, wrongCode } from '../support/factors'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import {
  claimsOf,
  cookieOf,
  expectDead,
  expectOAuthError,
  expectProblem,
  me,
  oauthToken,
  refresh,
  sessionIdOf,
  type TokenAnswer,
  tokens,
} from '../support/sign-in'
import {
  admin,
  disable,
  eventsOf,
  PASSWORD,
  type Person,
  person,
  proveAddress,
  sessionsOf,
  setRole,
  signIn,
} from '../support/users'

catchMails()
stopClock()
const GRANT = 'urn:gatepost:params:oauth:grant-type:second-factor'
const signInAtBrowser = (login: string, ask = call) =>
  ask('POST', '/api/session', { json: { login, password: PASSWORD } })
const signInWithForm = (username: string, more: Record<string, string> = {}, ask = call) =>
  ask('POST', '/api/users/token', { form: { username, password: PASSWORD, ...more } })
const signInAtOAuth = (username: string, more: Record<string, string> = {}, ask = call) =>
  oauthToken({ grant_type: 'password', username, password: PASSWORD, ...more }, {}, ask)
const finish = (pending_token: string, code: string, ask = call) =>
  ask('POST', '/api/session/factor', { json: { pending_token, code } })
const finishAtOAuth = (mfa_token: string, otp: string, more: Record<string, string> = {}) =>
  oauthToken({ grant_type: GRANT, mfa_token, otp, ...more })

interface Half {
  pending_token: string
  methods: string[]
  expires_in: number
}
async function pendingOf(login: string): Promise<string> {
  const response = await signInAtBrowser(login)
  const half = await response.json<Half>()
  expect(response.status, JSON.stringify(half)).toBe(401)
  return half.pending_token
}

/** A user with an authenticator app and recovery codes. */
async function withTotp() {
  const someone = await person()
  return { ...someone, ...(await giveTotp(someone.id)) }
}

const failuresOf = (id: number) =>
  env.DB.prepare('select failures from attempts where key = ?')
    .bind(`factor:${id}`)
    .first<number>('failures')

describe('a right password of an account with a second factor', () => {
  it('POST /api/session → 401 second-factor-required, no session, one event', async () => {
    const ann = await withTotp()
    const before = await sessionsOf(ann.id)
    const response = await signInAtBrowser(ann.email)
    expect(trips(response)).toBe(2)
    expect(response.headers.getSetCookie()).toEqual([])
    const body = await response.clone().json<Half>()
    await expectProblem(response, 401, 'second-factor-required')
    expect(body).toMatchObject({ methods: ['totp', 'recovery'], expires_in: 300 })
    expect(body.pending_token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(await sessionsOf(ann.id)).toBe(before)
    expect((await eventsOf(ann.id)).at(-1)).toBe('second_factor_required')
  })

  it('POST /api/users/token → the same problem', async () => {
    const ann = await withTotp()
    const response = await signInWithForm(ann.username)
    expect(trips(response)).toBe(2)
    await expectProblem(response, 401, 'second-factor-required')
  })

  it('POST /oauth/token → 400 mfa_required with mfa_token, auth_session and methods', async () => {
    const ann = await withTotp()
    const response = await signInAtOAuth(ann.email)
    expect(trips(response)).toBe(2)
    const body = await response.clone().json<Record<string, unknown>>()
    await expectOAuthError(response, 'mfa_required')
    expect(Object.keys(body).sort()).toEqual([
      'auth_session',
      'error',
      'error_description',
      'methods',
      'mfa_token',
    ])
    expect(body.auth_session).toBe(body.mfa_token)
    expect(body.methods).toEqual(['totp', 'recovery'])
  })

  it('names the methods that the account has', async () => {
    const ann = await withTotp()
    const set = env.DB.prepare('update users set factors = ? where id = ?')
    for (const [factors, methods] of [
      ['passkey', ['passkey', 'recovery']],
      ['totp passkey', ['totp', 'passkey', 'recovery']],
    ] as const) {
      await set.bind(factors, ann.id).run()
      expect((await (await signInAtBrowser(ann.email)).json<Half>()).methods).toEqual(methods)
    }
  })

  it('a wrong password → the answer of an account without a factor, whatever the otp', async () => {
    const [ann, bob] = [await withTotp(), await person('bob')]
    const answers = new Set<string>()
    for (const [username, otp] of [
      [ann.email, codeOf(ann.secret)],
      [ann.email, '000000'],
      [ann.email, ''],
      [bob.email, '000000'],
    ] as const) {
      const form = { username, password: 'wrong horse battery', otp }
      const response = await call('POST', '/api/users/token', { form })
      const { request_id: _, ...body } = await response.json<Record<string, unknown>>()
      answers.add(JSON.stringify([response.status, trips(response), body]))
    }
    expect([...answers]).toHaveLength(1)
    expect(await failuresOf(ann.id)).toBeNull()
  })
})

describe('POST /api/session/factor', () => {
  it('→ 200 with a session of level mfa; the pending token works once', async () => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    const response = await finish(pending, codeOf(ann.secret))
    expect([response.status, trips(response)]).toEqual([200, 2])
    expect(cookieOf(response)).toMatch(/^__Host-gatepost=/)
    const { access_token } = await response.json<TokenAnswer>()
    const now = Math.floor(Date.now() / 1000)
    const mfa = { amr: ['pwd', 'otp', 'mfa'], acr: 'mfa', auth_time: now }
    expect(claimsOf(access_token)).toMatchObject(mfa)
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['second_factor_required', 'login'])
    pass(30)
    await expectProblem(await finish(pending, codeOf(ann.secret)), 401, 'pending-ended')
    expect(await failuresOf(ann.id)).toBeNull()
  })

  it('ends the session of the cookie, also of the pending sign-in', async () => {
    const ann = await withTotp()
    const former = `__Host-gatepost=${ann.refreshToken}`
    const half = await call('POST', '/api/session', {
      json: { login: ann.email, password: PASSWORD },
      cookie: former,
    })
    const { pending_token } = await half.json<Half>()
    expect((await me(ann.token)).status).toBe(200)
    expect((await finish(pending_token, codeOf(ann.secret))).status).toBe(200)
    await expectDead(ann)
  })

  it('accepts a code with spaces and dashes, and the same code is used up in every spelling', async () => {
    const ann = await withTotp()
    const code = codeOf(ann.secret)
    const spelled = ` ${code.slice(0, 3)} ${code.slice(3)}-`
    expect((await finish(await pendingOf(ann.email), spelled)).status).toBe(200)
    await expectProblem(await finish(await pendingOf(ann.email), code), 401, 'wrong-code')
  })

  it('takes the code of the step before and after, never an older one than the last', async () => {
    const ann = await withTotp()
    const next = codeOf(ann.secret, 1)
    const before = codeOf(ann.secret, -1)
    expect((await finish(await pendingOf(ann.email), before)).status).toBe(200)
    expect((await finish(await pendingOf(ann.email), next)).status).toBe(200)
    await expectProblem(
      await finish(await pendingOf(ann.email), codeOf(ann.secret)),
      401,
      'wrong-code',
    )
  })

  it('a recovery code works once, with an event and a mail; the session says so', async () => {
    const ann = await withTotp()
    const [code = ''] = ann.recoveryCodes
    const response = await finish(
      await pendingOf(ann.email),
      code.toLowerCase().replaceAll('-', ' '),
    )
    const { access_token: token } = await tokens(response)
    expect(claimsOf(token)).toMatchObject({ amr: ['pwd', 'recovery', 'mfa'], acr: 'mfa' })
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['login', 'recovery_code_used'])
    await nextMail(ann.email, /recovery code was used/)
    await expectProblem(await finish(await pendingOf(ann.email), code), 401, 'wrong-code')
    const factors = await call('GET', '/api/users/me/factors', { token })
    expect(await factors.json()).toMatchObject({ recovery_codes_left: 9 })
  })

  it('→ 401 wrong-code for the recovery code of another user, which stays', async () => {
    const [ann, bob] = [await withTotp(), await withTotp()]
    const [code = ''] = bob.recoveryCodes
    await expectProblem(await finish(await pendingOf(ann.email), code), 401, 'wrong-code')
    expect((await finish(await pendingOf(bob.email), code)).status).toBe(200)
  })

  it('→ 422 for a text that is no code, which is not counted', async () => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    for (const code of ['', '12345', '1234567', 'abc', '１２３４５６', '0'.repeat(101), '\u0000'])
      await expectProblem(await finish(pending, code), 422, 'invalid-request')
    expect(await failuresOf(ann.id)).toBeNull()
  })

  it.each<[string, (ann: Person, pending: string) => Promise<unknown>]>([
    ['later than five minutes', async () => pass(301)],
    [
      'after the password has changed',
      async ({ id }) =>
        env.DB.prepare("update users set password_hash = password_hash || 'x' where id = ?")
          .bind(id)
          .run(),
    ],
    ['when the account is disabled', ({ id }) => disable(id)],
    [
      'when the account is gone',
      ({ id }) => env.DB.prepare('delete from users where id = ?').bind(id).run(),
    ],
  ])('→ 401 pending-ended %s', async (_, act) => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    await act(ann, pending)
    await expectProblem(await finish(pending, codeOf(ann.secret)), 401, 'pending-ended')
  })

  it('→ 401 pending-ended for tokens of every other kind, without D1', async () => {
    const ann = await withTotp()
    const { token, refreshToken } = ann
    const pending = await pendingOf(ann.email)
    const flipped = pending.slice(0, -2) + (pending.endsWith('AA') ? 'BB' : 'AA')
    for (const text of [
      '',
      'x',
      token,
      refreshToken,
      flipped,
      `${pending}x`,
      `${pending}.${pending}`,
    ]) {
      const response = await finish(text, codeOf(ann.secret))
      expect(trips(response)).toBe(0)
      await expectProblem(response, 401, 'pending-ended')
    }
    expect((await finish(pending, codeOf(ann.secret))).status).toBe(200)
  })

  it('→ 401 pending-ended for the token of another client, at both endpoints', async () => {
    const ann = await withTotp()
    const half = await signInAtOAuth(ann.email, { client_id: 'an app' })
    const { mfa_token } = await half.json<{ mfa_token: string }>()
    await expectProblem(await finish(mfa_token, codeOf(ann.secret)), 401, 'pending-ended')
    for (const client_id of ['another app', ''])
      await expectOAuthError(
        await finishAtOAuth(mfa_token, codeOf(ann.secret), { client_id }),
        'invalid_grant',
      )
    const { access_token } = await tokens(
      await finishAtOAuth(mfa_token, codeOf(ann.secret), { client_id: 'an app' }),
    )
    expect(claimsOf(access_token).client_id).toBe('an app')
  })

  it('→ 401 pending-ended when the role has lost the scope', async () => {
    const root = await admin()
    const { secret } = await giveTotp(root.id)
    const pending = await pendingOf(root.email)
    await setRole(root.id, 'user')
    await expectProblem(await finish(pending, codeOf(secret)), 401, 'pending-ended')
  })
})

describe('one request', () => {
  it.each([
    ['POST /api/users/token', signInWithForm],
    ['POST /oauth/token', signInAtOAuth],
  ])('%s with otp → 200, two trips, level mfa', async (_, endpoint) => {
    const ann = await withTotp()
    const response = await endpoint(ann.email, { otp: codeOf(ann.secret) })
    expect(trips(response)).toBe(2)
    const { access_token, scope } = await tokens(response)
    expect(scope).toBe('posts:write account')
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' })
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['second_factor_required', 'login'])
  })

  it('with a wrong otp → the error of the endpoint', async () => {
    const ann = await withTotp()
    const otp = wrongCode(ann.secret)
    await expectProblem(await signInWithForm(ann.email, { otp }), 401, 'wrong-code')
    await expectOAuthError(await signInAtOAuth(ann.email, { otp }), 'invalid_grant')
    expect(await failuresOf(ann.id)).toBe(2)
    expect((await eventsOf(ann.id)).slice(-2)).toEqual([
      'second_factor_required',
      'second_factor_failed',
    ])
  })

  it('with an otp that is no code → 422, and invalid_request', async () => {
    const ann = await withTotp()
    const otp = 'one two'
    await expectProblem(await signInWithForm(ann.email, { otp }), 422, 'invalid-request')
    await expectOAuthError(await signInAtOAuth(ann.email, { otp }), 'invalid_request')
    await expectOAuthError(
      await oauthToken({ grant_type: GRANT, otp: '123456' }),
      'invalid_request',
    )
    await expectOAuthError(
      await oauthToken({ grant_type: GRANT, mfa_token: 'x' }),
      'invalid_request',
    )
  })

  it('with an otp of an account without a second factor → signed in with the password alone', async () => {
    const bob = await person('bob')
    const { access_token } = await tokens(await signInWithForm(bob.email, { otp: '123456' }))
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd'], acr: '1fa' })
  })
})

describe('a code', () => {
  it('eight times at once with one pending token → one session', async () => {
    const ann = await withTotp()
    const before = await sessionsOf(ann.id)
    const pending = await pendingOf(ann.email)
    const code = codeOf(ann.secret)
    const answers = await Promise.all(Array.from({ length: 8 }, () => finish(pending, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of answers) expect([200, 401, 429]).toContain(status)
    expect(await sessionsOf(ann.id)).toBe(before + 1)
  })

  it('eight times at once with eight pending tokens → one session', async () => {
    for (const kind of ['totp', 'recovery']) {
      const ann = await withTotp()
      const before = await sessionsOf(ann.id)
      const pending: string[] = []
      for (let n = 0; n < 4; n++) pending.push(await pendingOf(ann.email))
      pending.push(...pending)
      const code = kind === 'totp' ? codeOf(ann.secret) : (ann.recoveryCodes[0] ?? '')
      const answers = await Promise.all(pending.map((token) => finish(token, code)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(await sessionsOf(ann.id)).toBe(before + 1)
    }
  })

  it('wrong 100 times → at most 20 are checked before the waits of an hour, whatever the endpoint', async () => {
    const ann = await withTotp()
    const otp = wrongCode(ann.secret)
    const [token, pending] = [ann.token, await pendingOf(ann.email)]
    const { mfa_token } = await (await signInAtOAuth(ann.email)).json<{ mfa_token: string }>()
    const guesses = [
      () => finish(pending, otp),
      () => finishAtOAuth(mfa_token, otp),
      () => call('POST', '/api/session/confirm', { token, json: { code: otp } }),
    ]
    let [checked, longest] = [0, 0]
    for (let n = 0; n < 100; n++) {
      const response = await (guesses[n % 3] as () => Promise<Response>)()
      if (response.status === 429) {
        longest = Math.max(longest, Number(response.headers.get('Retry-After')))
        expect((await response.json<{ detail: string }>()).detail).toContain('wrong codes')
      } else checked++
    }
    expect(checked).toBe(5)
    expect(longest).toBe(30)
    expect(await failuresOf(ann.id)).toBe(5)
  })

  it('wrong, each as soon as the wait is over → twelve before the waits are an hour, for good', async () => {
    const ann = await withTotp()
    const otp = wrongCode(ann.secret)
    const waits: number[] = []
    const keep = async () => (await signInWithForm(ann.email)).json<Half>()
    for (let checked = 0; checked < 16; ) {
      await env.DB.prepare("delete from attempts where user_id = ? and key like 'address:%'")
        .bind(ann.id)
        .run()
      const { pending_token } = await keep()
      const response = await finish(pending_token, otp)
      if (response.status === 429) {
        const wait = Number(response.headers.get('Retry-After'))
        waits.push(wait)
        pass(wait)
      } else checked++
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600])
    expect(await failuresOf(ann.id)).toBe(16)
  })

  it('during a wait a right code is refused like a wrong one, and is not used up', async () => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    for (let n = 0; n < 5; n++) await finish(pending, wrongCode(ann.secret))
    const visible = async (response: Response) => {
      const { request_id: _, ...body } = await response.json<Record<string, unknown>>()
      return [response.status, trips(response), response.headers.get('Retry-After'), body]
    }
    const [right, wrong] = [codeOf(ann.secret, 1), wrongCode(ann.secret)]
    expect(await visible(await finish(pending, right))).toEqual(
      await visible(await finish(pending, wrong)),
    )
    pass(30)
    expect((await finish(pending, right)).status).toBe(200)
    expect(await failuresOf(ann.id)).toBeNull()
  })

  it('neither a right password nor a reset clears the count', async () => {
    const ann = await withTotp()
    const wrong = wrongCode(ann.secret)
    const pending = await pendingOf(ann.email)
    for (let n = 0; n < 3; n++) await finish(pending, wrong)
    await pendingOf(ann.username)
    const json = { password: PASSWORD }
    const confirmed = await call('POST', '/api/session/confirm', { token: ann.token, json })
    expect(confirmed.status).toBe(200)
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const token = tokenIn(await nextMail(ann.email, /reset/i))
    const reset = { token, new_password: `${PASSWORD} 2` }
    expect((await call('POST', '/api/users/reset-password', { json: reset })).status).toBe(204)
    expect(await failuresOf(ann.id)).toBe(3)
    const form = { username: ann.email, password: reset.new_password }
    await expectProblem(
      await call('POST', '/api/users/token', { form }),
      401,
      'second-factor-required',
    )
  })

  it('a right password alone clears no failed password; the second factor does', async () => {
    const ann = await withTotp()
    const failed = () =>
      env.DB.prepare('select sum(failures) as n from attempts where user_id = ?')
        .bind(ann.id)
        .first<number>('n')
    const wrong = { username: ann.email, password: 'wrong horse battery' }
    await call('POST', '/api/users/token', { form: wrong })
    const pending = await pendingOf(ann.email)
    expect(await failed()).toBe(2)
    await finish(pending, codeOf(ann.secret))
    expect(await failed()).toBeNull()
  })
})

describe('between the two trips of the second step', () => {
  const change = (id: number, sql: string) =>
    env.DB.prepare(`update users set ${sql} where id = ?`).bind(id).run()

  it.each<[string, (id: number) => Promise<unknown>]>([
    ['the password changes', (id) => change(id, "password_hash = password_hash || 'x'")],
    ['the account is disabled', (id) => change(id, 'is_active = 0')],
    ['the factors change', (id) => change(id, "factors = 'totp passkey'")],
    [
      'the account is deleted',
      (id) => env.DB.prepare('delete from users where id = ?').bind(id).run(),
    ],
    [
      'the app is set up again',
      (id) => env.DB.prepare("update totp set secret = 'other' where user_id = ?").bind(id).run(),
    ],
  ])('%s: no session starts', async (_, act) => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    const before = await sessionsOf(ann.id)
    const ask = workerWith({ DB: interrupted(2, () => act(ann.id)) })
    const response = await finish(pending, codeOf(ann.secret), ask)
    expect([401, 503]).toContain(response.status)
    expect(await sessionsOf(ann.id)).toBeLessThanOrEqual(before)
  })

  it('the trip fails: 503, and neither the code nor the pending token is used up', async () => {
    const ann = await withTotp()
    const pending = await pendingOf(ann.email)
    const ask = workerWith({ DB: failingTrip(2) })
    const failed = await finish(pending, codeOf(ann.secret), ask)
    await expectProblem(failed, 503, 'unavailable')
    expect((await finish(pending, codeOf(ann.secret))).status).toBe(200)
  })

  it('the answer is lost: the code is used up, and the user signs in with the next one', async () => {
    const ann = await withTotp()
    const ask = workerWith({ DB: losingAnswers() })
    const half = await signInAtBrowser(ann.email)
    const { pending_token } = await half.json<Half>()
    const failed = await finish(pending_token, codeOf(ann.secret), ask)
    expect(failed.status).toBe(503)
    pass(30)
    await signIn(ann.email, PASSWORD, { otp: codeOf(ann.secret) })
  })
})

describe('the authentication of a session', () => {
  it('a refresh keeps amr, acr and auth_time', async () => {
    const ann = await withTotp()
    const { token, refreshToken } = await signIn(ann.email, PASSWORD, { otp: codeOf(ann.secret) })
    const { amr, acr, auth_time } = claimsOf(token)
    pass(1000)
    const { access_token } = await tokens(await refresh(refreshToken))
    expect(claimsOf(access_token)).toMatchObject({ amr, acr, auth_time })
  })

  it('a session of an earlier release → pwd, at its creation', async () => {
    const { token, refreshToken } = await person()
    const { sid, auth_time } = claimsOf(token)
    await env.DB.prepare('update sessions set auth_time = null where id = ?').bind(sid).run()
    pass(60)
    const { access_token } = await tokens(await refresh(refreshToken))
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd'], acr: '1fa', auth_time })
  })
})

describe('DATA_KEYS', () => {
  const names = async (response: Response) => {
    const { detail } = await expectProblem(response, 503, 'misconfigured')
    expect(detail).toContain('DATA_KEYS')
  }

  it.each([
    ['missing', ''],
    ['another key', 'tests-only-Kq7VxW2mD9sB4jH8tN3cR6pF1zL5yGvA'],
  ])(
    '%s → 503 that names it where a code of an app is checked; everything else works',
    async (_, DATA_KEYS) => {
      const ann = await withTotp()
      const bob = await person('bob')
      const lost = workerWith({ DATA_KEYS })
      const pending = await pendingOf(ann.email)
      await names(await finish(pending, codeOf(ann.secret), lost))
      await names(await signInWithForm(ann.email, { otp: codeOf(ann.secret) }, lost))
      await names(await signInAtOAuth(ann.email, { otp: codeOf(ann.secret) }, lost))
      const json = { code: codeOf(ann.secret) }
      await names(await lost('POST', '/api/session/confirm', { token: ann.token, json }))
      expect(await failuresOf(ann.id)).toBeNull()

      const [recoveryCode = ''] = ann.recoveryCodes
      expect((await finish(pending, recoveryCode, lost)).status).toBe(200)
      expect((await signInWithForm(bob.email, {}, lost)).status).toBe(200)
      expect((await lost('GET', '/api/users/me/factors', { token: ann.token })).status).toBe(200)
      expect((await refresh(bob.refreshToken, {}, lost)).status).toBe(200)
      expect((await finish(await pendingOf(ann.email), codeOf(ann.secret))).status).toBe(200)
    },
  )

  it('missing → 503 that names it at the set-up of an app', async () => {
    const ann = await person()
    await proveAddress(ann.id)
    const without = workerWith({ DATA_KEYS: '' })
    await names(await without('POST', '/api/users/me/totp', { token: ann.token }))
    expect((await call('POST', '/api/users/me/totp', { token: ann.token })).status).toBe(201)
    const json = { code: '123456' }
    await names(await without('POST', '/api/users/me/totp/confirm', { token: ann.token, json }))
  })

  it('a new first key → the next code encrypts the secret again', async () => {
    const ann = await withTotp()
    const stored = () =>
      env.DB.prepare('select secret from totp where user_id = ?')
        .bind(ann.id)
        .first<string>('secret')
    const before = await stored()
    const DATA_KEYS = `tests-only-Kq7VxW2mD9sB4jH8tN3cR6pF1zL5yGvA,${env.DATA_KEYS}`
    const rotated = workerWith({ DATA_KEYS })
    expect((await signInWithForm(ann.email, { otp: wrongCode(ann.secret) }, rotated)).status).toBe(
      401,
    )
    expect(await stored()).toBe(before)
    expect((await signInWithForm(ann.email, { otp: codeOf(ann.secret) }, rotated)).status).toBe(200)
    const renewed = await stored()
    expect(renewed?.split('.')[0]).not.toBe(before?.split('.')[0])
    pass(30)
    expect((await signInWithForm(ann.email, { otp: codeOf(ann.secret) }, rotated)).status).toBe(200)
    expect(await stored()).toBe(renewed)
  })
})

it('sessions that started before a factor keep their level', async () => {
  const ann = await withTotp()
  expect(sessionIdOf(ann.token)).toHaveLength(22)
  expect(claimsOf(ann.token)).toMatchObject({ acr: '1fa' })
})
