import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/security/password'
import { interrupted } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { codeOf, giveTotp, wrongCode } from '../support/factors'
import { catchMails, nextMail } from '../support/mailbox'
import { apiDocument } from '../support/openapi'
import { samples } from '../support/openapi-samples'
import { claimsOf, expectProblem, me, refresh, tokens } from '../support/sign-in'
import {
  admin,
  eventsOf,
  PASSWORD,
  person,
  proveAddress,
  removePassword,
  setPasswordHash,
  signIn,
} from '../support/users'

catchMails()
stopClock()
const confirm = (token: string, json: object, ask = call) =>
  ask('POST', '/api/session/confirm', { token, json })
const INSUFFICIENT = 'Bearer realm="gatepost", error="insufficient_user_authentication"'

describe('POST /api/session/confirm', () => {
  it('with the password → 200: the same session, a new time, the same scope and client', async () => {
    const ann = await person()
    const { token } = await signIn(ann.email, PASSWORD, { scope: 'account', client_id: 'an app' })
    pass(600)
    const response = await confirm(token, { password: PASSWORD })
    expect([response.status, trips(response)]).toEqual([200, 2])
    const { access_token, ...rest } = await response.json<{ access_token: string }>()
    expect(rest).toEqual({ token_type: 'bearer', expires_in: 900, scope: 'account' })
    const [before, after] = [claimsOf(token), claimsOf(access_token)]
    expect(after).toMatchObject({
      sid: before.sid,
      client_id: 'an app',
      amr: ['pwd'],
      acr: '1fa',
      auth_time: before.auth_time + 600,
    })
    expect((await me(access_token)).status).toBe(200)
    expect((await me(token)).status).toBe(200)
    expect((await eventsOf(ann.id)).at(-1)).toBe('confirmed')
  })

  it('with a code → 200: the level of the session rises, and a refresh keeps it', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    const response = await confirm(ann.token, { code: codeOf(secret) })
    expect([response.status, trips(response)]).toEqual([200, 2])
    const { access_token } = await response.json<{ access_token: string }>()
    const mfa = { amr: ['pwd', 'otp', 'mfa'], acr: 'mfa' }
    expect(claimsOf(access_token)).toMatchObject(mfa)
    pass(60)
    const refreshed = await tokens(await refresh(ann.refreshToken))
    expect(claimsOf(refreshed.access_token)).toMatchObject(mfa)
    expect((await eventsOf(ann.id)).at(-1)).toBe('confirmed')
  })

  it('with a recovery code → 200 once, with an event and a mail', async () => {
    const ann = await person()
    const [code] = (await giveTotp(ann.id)).recoveryCodes
    const response = await confirm(ann.token, { code })
    const { access_token } = await response.json<{ access_token: string }>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'recovery', 'mfa'], acr: 'mfa' })
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['confirmed', 'recovery_code_used'])
    await nextMail(ann.email, /recovery code was used/)
    await expectProblem(await confirm(ann.token, { code }), 401, 'wrong-code')
  })

  it('with the password after a code → the level of the password alone', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    const { token } = await signIn(ann.email, PASSWORD, { otp: codeOf(secret) })
    const response = await confirm(token, { password: PASSWORD })
    const { access_token } = await response.json<{ access_token: string }>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd'], acr: '1fa' })
  })

  it('→ 403 wrong-password, 401 wrong-code, and the session keeps its time and level', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    pass(600)
    await expectProblem(await confirm(ann.token, { password: 'wrong' }), 403, 'wrong-password')
    const response = await confirm(ann.token, { code: wrongCode(secret) })
    expect(response.headers.get('WWW-Authenticate')).toBe(INSUFFICIENT)
    await expectProblem(response, 401, 'wrong-code')
    const { access_token } = await tokens(await refresh(ann.refreshToken))
    const { auth_time } = claimsOf(ann.token)
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd'], auth_time })
    expect((await eventsOf(ann.id)).slice(-2)).toEqual([
      'password_rejected',
      'second_factor_failed',
    ])
  })

  it('→ 401 wrong-code for an account without a second factor', async () => {
    const { token } = await person()
    await expectProblem(await confirm(token, { code: '123456' }), 401, 'wrong-code')
  })

  it('→ 429 after twenty wrong passwords or five wrong codes, for a right one too', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    for (let n = 0; n < 5; n++) {
      await expectProblem(await confirm(ann.token, { code: wrongCode(secret) }), 401, 'wrong-code')
      await expectProblem(await confirm(ann.token, { password: 'wrong' }), 403, 'wrong-password')
    }
    for (const json of [{ code: codeOf(secret) }, { password: PASSWORD }]) {
      const response = await confirm(ann.token, json)
      expect(response.headers.get('Retry-After')).toBe('30')
      await expectProblem(response, 429, 'too-many-attempts')
    }
  })

  it('of eight at once with one code, one confirms', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    const code = codeOf(secret)
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(ann.token, { code })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('→ 422 for two proofs, none, or malformed ones', async () => {
    const { token } = await person()
    for (const json of [
      {},
      { password: PASSWORD, code: '123456' },
      { password: '' },
      { password: 5 },
      { code: 'no code' },
      { code: 123456 },
      { credential: 'x' },
      [],
    ])
      await expectProblem(await confirm(token, json), 422, 'invalid-request')
  })

  it('→ 401 when the session ends between the two trips, and nothing is used up', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    const code = codeOf(secret)
    const end = () => env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    const interruptedWorker = workerWith({ DB: interrupted(2, end) })
    const response = await confirm(ann.token, { code }, interruptedWorker)
    await expectProblem(response, 401, 'invalid-access-token')
    await signIn(ann.email, PASSWORD, { otp: code })
  })

  it('→ 403 wrong-password when the password changes between the two trips', async () => {
    const ann = await person()
    const phc = hashPassword('another horse altogether')
    const change = () => setPasswordHash(ann.id, phc)
    const response = await confirm(
      ann.token,
      { password: PASSWORD },
      workerWith({ DB: interrupted(2, change) }),
    )
    await expectProblem(response, 403, 'wrong-password')
  })
})

describe('an operation that requires a recent or strong authentication', () => {
  /** The operations that declare step-up-required, with a request that its schemas accept. */
  async function operations() {
    const all = samples(await apiDocument())
    return all.filter(({ operation }) =>
      operation.responses['401']?.description.includes('step-up-required'),
    )
  }

  it('→ 401 step-up-required for every old session, in one trip, and 200s go on elsewhere', async () => {
    const root = await admin()
    await proveAddress(root.id)
    pass(301)
    const found = await operations()
    expect(found.length).toBeGreaterThanOrEqual(7)
    for (const { method, path, options, operation } of found) {
      // Without the password, which some operations accept instead.
      const {
        password: _,
        current_password: __,
        ...json
      } = (options.json ?? {}) as Record<string, unknown>
      const body = options.json === undefined ? {} : { json }
      const response = await call(method, path, { ...options, ...body, token: root.token })
      expect([response.status, trips(response)], operation.operationId).toEqual([401, 1])
      expect(response.headers.get('WWW-Authenticate')).toMatch(
        /^Bearer realm="gatepost", error="insufficient_user_authentication", acr_values="mfa phr", max_age="300"$/,
      )
      await expectProblem(response, 401, 'step-up-required')
    }
    expect((await me(root.token)).status).toBe(200)
  })

  it('→ 401 step-up-required for a fresh password of an account with a second factor', async () => {
    const root = await admin()
    await giveTotp(root.id)
    for (const { method, path, options, operation } of await operations()) {
      const {
        password: _,
        current_password: __,
        ...json
      } = (options.json ?? {}) as Record<string, unknown>
      const body = options.json === undefined ? {} : { json }
      const response = await call(method, path, { ...options, ...body, token: root.token })
      expect(response.status, operation.operationId).toBe(401)
    }
  })
})

describe('an act without the password', () => {
  const NEW = 'another horse altogether'
  const acts = {
    password: (token: string) =>
      call('PUT', '/api/users/me/password', { token, json: { new_password: NEW } }),
    email: (token: string) =>
      call('PUT', '/api/users/me/email', { token, json: { email: 'new.address@example.org' } }),
    deletion: (token: string) => call('POST', '/api/users/me/deletion', { token, json: {} }),
  }

  it('goes through within five minutes of a sign-in or confirmation, in two trips', async () => {
    const ann = await person()
    const changed = await acts.password(ann.token)
    expect([changed.status, trips(changed)]).toEqual([204, 2])
    pass(301)
    await expectProblem(await acts.email(ann.token), 401, 'step-up-required')
    expect((await confirm(ann.token, { password: NEW })).status).toBe(200)
    const email = await acts.email(ann.token)
    expect([email.status, trips(email)]).toEqual([202, 2])
    const deleted = await acts.deletion(ann.token)
    expect([deleted.status, trips(deleted)]).toEqual([204, 2])
    expect(await eventsOf(ann.id)).toEqual(['deleted'])
  })

  it('needs the second factor of an account that has one, or the password as before', async () => {
    const ann = await person()
    const { secret } = await giveTotp(ann.id)
    await expectProblem(await acts.password(ann.token), 401, 'step-up-required')
    await expectProblem(await acts.deletion(ann.token), 401, 'step-up-required')
    const json = { current_password: PASSWORD, new_password: NEW }
    const withPassword = await call('PUT', '/api/users/me/password', { token: ann.token, json })
    expect(withPassword.status).toBe(204)
    await confirm(ann.token, { code: codeOf(secret) })
    expect((await acts.deletion(ann.token)).status).toBe(204)
  })

  it('sets the first password of an account without one, which signs in with it', async () => {
    const ann = await person()
    await removePassword(ann.id)
    await expectProblem(await confirm(ann.token, { password: PASSWORD }), 403, 'wrong-password')
    expect((await acts.password(ann.token)).status).toBe(204)
    const { token } = await signIn(ann.email, NEW)
    const factors = await call('GET', '/api/users/me/factors', { token })
    expect(await factors.json()).toMatchObject({ has_password: true })
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['password_changed', 'login'])
  })

  it('→ 503 busy when the password changes between the two trips', async () => {
    const ann = await person()
    const phc = hashPassword(PASSWORD)
    const change = () => setPasswordHash(ann.id, phc)
    const response = await workerWith({ DB: interrupted(2, change) })(
      'PUT',
      '/api/users/me/password',
      { token: ann.token, json: { new_password: NEW } },
    )
    await expectProblem(response, 503, 'busy')
    await signIn(ann.email)
  })
})
