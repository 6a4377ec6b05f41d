import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { codeOf, decodeBase32, giveTotp, wrongCode } from '../support/factors'
import { catchMails, mailsTo, nextMail } from '../support/mailbox'
import { browserSignIn, claimsOf, expectProblem, me, refresh } from '../support/sign-in'
import { eventsOf, PASSWORD, person, proveAddress, register, signIn } from '../support/users'

catchMails()
stopClock()
const setUp = (token: string) => call('POST', '/api/users/me/totp', { token })
const confirm = (token: string, code: string) =>
  call('POST', '/api/users/me/totp/confirm', { token, json: { code } })
const remove = (token: string) => call('DELETE', '/api/users/me/totp', { token })
const readFactors = async (token: string) =>
  (await call('GET', '/api/users/me/factors', { token })).json()

/** A user with a proven address who has signed in just now. */
async function provenPerson() {
  const someone = await person()
  await proveAddress(someone.id)
  return someone
}

/** Sets an app up over HTTP. */
async function enrol(token: string) {
  const { secret: text } = await (await setUp(token)).json<{ secret: string }>()
  const secret = decodeBase32(text)
  const response = await confirm(token, codeOf(secret))
  expect(response.status, await response.clone().text()).toBe(200)
  const { recovery_codes } = await response.json<{ recovery_codes: string[] }>()
  return { secret, recoveryCodes: recovery_codes }
}

describe('POST /api/users/me/totp', () => {
  it('→ 201 with a secret of 160 bits and its URI; a second call replaces the first secret', async () => {
    const ann = await provenPerson()
    const first = await setUp(ann.token)
    expect(first.status).toBe(201)
    const { secret, uri } = await first.json<{ secret: string; uri: string }>()
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(uri).toBe(
      `otpauth://totp/localhost:${ann.username}?secret=${secret}&issuer=localhost&algorithm=SHA1&digits=6&period=30`,
    )
    const second = await (await setUp(ann.token)).json<{ secret: string }>()
    expect(second.secret).not.toBe(secret)
    await expectProblem(await confirm(ann.token, codeOf(decodeBase32(secret))), 401, 'wrong-code')
    expect((await confirm(ann.token, codeOf(decodeBase32(second.secret)))).status).toBe(200)
  })

  it('stores the secret encrypted', async () => {
    const ann = await provenPerson()
    const { secret } = await (await setUp(ann.token)).json<{ secret: string }>()
    const row = await env.DB.prepare('select * from totp where user_id = ?').bind(ann.id).first()
    expect(row?.secret).toMatch(/^[\w-]{11}\.[\w-]{16}\.[\w-]{48}$/)
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  it('changes nothing before the first code', async () => {
    const ann = await provenPerson()
    await setUp(ann.token)
    expect(await readFactors(ann.token)).toEqual({
      totp: false,
      passkeys: 0,
      recovery_codes_left: 0,
      has_password: true,
      identities: 0,
    })
    await signIn(ann.email)
  })

  it('→ 403 email-not-verified while the address is unproven', async () => {
    const { token } = await person()
    await expectProblem(await setUp(token), 403, 'email-not-verified')
  })

  it('→ 401 step-up-required when the sign-in is older than five minutes', async () => {
    const ann = await provenPerson()
    pass(301)
    const response = await setUp(ann.token)
    await expectProblem(response, 401, 'step-up-required')
    expect(response.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="gatepost", error="insufficient_user_authentication", acr_values="mfa phr", max_age="300"',
    )
  })

  it('→ 409 totp-enabled while an app is in use', async () => {
    const ann = await provenPerson()
    await enrol(ann.token)
    await expectProblem(await setUp(ann.token), 409, 'totp-enabled')
    await expectProblem(await confirm(ann.token, '123456'), 409, 'totp-enabled')
  })
})

describe('POST /api/users/me/totp/confirm', () => {
  it('→ 200 with ten recovery codes; other sign-ins end; event and mail', async () => {
    const ann = await provenPerson()
    const other = await browserSignIn(ann.email)
    const { recoveryCodes } = await enrol(ann.token)
    expect(new Set(recoveryCodes).size).toBe(10)
    for (const code of recoveryCodes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}(?:-|$)){5}$/)
    expect((await me(ann.token)).status).toBe(200)
    expect((await me(other.token)).status).toBe(401)
    expect((await eventsOf(ann.id)).slice(-2)).toEqual(['totp_enabled', 'recovery_codes_made'])
    expect((await nextMail(ann.email, /authenticator app was set up/)).text).toContain(ann.username)
    expect(await readFactors(ann.token)).toMatchObject({ totp: true, recovery_codes_left: 10 })
  })

  it('raises the session: its next access token says mfa, with the time of the code', async () => {
    const ann = await provenPerson()
    pass(60)
    await enrol(ann.token)
    pass(60)
    const { access_token } = await (await refresh(ann.refreshToken)).json<{
      access_token: string
    }>()
    expect(claimsOf(access_token)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'mfa',
      auth_time: Math.floor(Date.now() / 1000) - 60,
    })
  })

  it('uses up its code: it does not sign in', async () => {
    const ann = await provenPerson()
    const { secret } = await enrol(ann.token)
    const form = { username: ann.email, password: PASSWORD, otp: codeOf(secret) }
    await expectProblem(await call('POST', '/api/users/token', { form }), 401, 'wrong-code')
    pass(30)
    await signIn(ann.email, PASSWORD, { otp: codeOf(secret) })
  })

  it('→ 401 wrong-code, and nothing is enabled', async () => {
    const ann = await provenPerson()
    const { secret } = await (await setUp(ann.token)).json<{ secret: string }>()
    await expectProblem(
      await confirm(ann.token, wrongCode(decodeBase32(secret))),
      401,
      'wrong-code',
    )
    expect(await readFactors(ann.token)).toMatchObject({ totp: false, recovery_codes_left: 0 })
    expect((await eventsOf(ann.id)).at(-1)).toBe('second_factor_failed')
  })

  it('→ 404 totp-not-found when no set-up was started', async () => {
    const { token } = await provenPerson()
    await expectProblem(await confirm(token, '123456'), 404, 'totp-not-found')
  })

  it('→ 422 for a text that is no code of an app', async () => {
    const { token } = await provenPerson()
    for (const code of [
      '',
      '12345',
      '1234567',
      'abcdef',
      '١٢٣٤٥٦',
      '7K3QX-M0T2V-9RZ4H-B8WCN-5YD1P',
    ])
      await expectProblem(await confirm(token, code), 422, 'invalid-request')
  })

  it('of eight at once with one code enables once', async () => {
    const ann = await provenPerson()
    const { secret } = await (await setUp(ann.token)).json<{ secret: string }>()
    const code = codeOf(decodeBase32(secret))
    const answers = await Promise.all(Array.from({ length: 8 }, () => confirm(ann.token, code)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses[0]).toBe(200)
    for (const status of statuses.slice(1)) expect([401, 409, 429]).toContain(status)
    expect(await readFactors(ann.token)).toMatchObject({ recovery_codes_left: 10 })
  })
})

describe('DELETE /api/users/me/totp', () => {
  it('→ 204; the recovery codes go, other sign-ins end, event and mail; the password suffices again', async () => {
    const ann = await provenPerson()
    const { secret } = await enrol(ann.token)
    pass(30)
    const other = await signIn(ann.email, PASSWORD, { otp: codeOf(secret) })
    expect((await remove(ann.token)).status).toBe(204)
    expect((await me(other.token)).status).toBe(401)
    expect(await readFactors(ann.token)).toMatchObject({ totp: false, recovery_codes_left: 0 })
    expect((await eventsOf(ann.id)).at(-1)).toBe('totp_disabled')
    await nextMail(ann.email, /authenticator app was removed/)
    await signIn(ann.email)
    await expectProblem(await remove(ann.token), 404, 'totp-not-found')
  })

  it('→ 401 step-up-required for a fresh password alone, also after an earlier code', async () => {
    const ann = await provenPerson()
    const { secret } = await giveTotp(ann.id)
    await expectProblem(await remove(ann.token), 401, 'step-up-required')
    const { token } = await signIn(ann.email, PASSWORD, { otp: codeOf(secret) })
    pass(301)
    await expectProblem(await remove(token), 401, 'step-up-required')
    const json = { password: PASSWORD }
    expect((await call('POST', '/api/session/confirm', { token, json })).status).toBe(200)
    await expectProblem(await remove(token), 401, 'step-up-required')
    expect(mailsTo(ann.email).filter(({ subject }) => /removed/.test(subject))).toEqual([])
  })

  it('→ 401 step-up-required for a session that never had a factor', async () => {
    const { token } = await provenPerson()
    await expectProblem(await remove(token), 401, 'step-up-required')
  })
})

describe('POST /api/users/me/recovery-codes', () => {
  const make = (token: string) => call('POST', '/api/users/me/recovery-codes', { token })

  it('→ 200 with ten new codes; the former ones are void; event and mail', async () => {
    const ann = await provenPerson()
    const { secret, recoveryCodes: former } = await enrol(ann.token)
    const response = await make(ann.token)
    expect(response.status).toBe(200)
    const { recovery_codes: codes } = await response.json<{ recovery_codes: string[] }>()
    expect(codes).toHaveLength(10)
    const form = (otp = '') => ({ username: ann.email, password: PASSWORD, otp })
    const old = await call('POST', '/api/users/token', { form: form(former[0]) })
    await expectProblem(old, 401, 'wrong-code')
    await signIn(ann.email, PASSWORD, { otp: codes[0] ?? '' })
    expect(secret).toHaveLength(20)
    expect(await eventsOf(ann.id)).toContain('recovery_codes_made')
    await nextMail(ann.email, /recovery codes were made/)
  })

  it('→ 401 step-up-required without a second factor in the session', async () => {
    const ann = await provenPerson()
    await giveTotp(ann.id)
    await expectProblem(await make(ann.token), 401, 'step-up-required')
  })

  it('→ 409 no-second-factor when the last factor is gone', async () => {
    const ann = await provenPerson()
    await enrol(ann.token)
    await remove(ann.token)
    await expectProblem(await make(ann.token), 409, 'no-second-factor')
  })
})

it('a user who registers and proves nothing has only a password', async () => {
  const bob = await register('bob')
  const { token } = await signIn(bob.email)
  expect(await readFactors(token)).toMatchObject({ totp: false, has_password: true })
})
