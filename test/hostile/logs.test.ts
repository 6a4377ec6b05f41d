// The log: one JSON object a line, with ids and route patterns, without secrets and personal data,
// and safe from forgery.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { dead } from '../support/broken-database'
import { type Call, call, workerWith } from '../support/client'
import { codeOf, decodeBase32 } from '../support/factors'
import { ownMailbox, type SentMail, tokenIn } from '../support/mailbox'
import { png } from '../support/pictures'
import { askForLink, clickLink, linkCookieOf, otherCode } from '../support/sign-in-links'
import {
  admin,
  eventsOf,
  freshName,
  type Person,
  person,
  proveAddress,
  signIn,
} from '../support/users'

const SECRET = 'purple horse battery staple'
const FORGED = 'x\r\n{"event":"forged"}\u2028{"event":"forged"}\u2029\u0085\u001b[2J'

let lines: string[] = []
beforeEach(() => {
  lines = []
  for (const level of ['log', 'error', 'warn', 'info', 'debug'] as const)
    vi.spyOn(console, level).mockImplementation((...args) => void lines.push(args.join(' ')))
})
afterEach(() => void vi.restoreAllMocks())

/**
 * The parsed lines of the log. Mails that are shown to a developer are not JSON and are left out.
 */
const logged = () =>
  lines
    .filter((line) => !line.startsWith('Mail to '))
    .map((line) => {
      expect(line, 'a line is one line').not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
      return JSON.parse(line) as Record<string, unknown>
    })

/** The data of a user that the log must not contain. */
const privateThings = ({ email, username, token, refreshToken, password }: Person) => [
  email,
  username,
  password,
  token,
  token.split('.')[2] ?? '',
  refreshToken,
  refreshToken.split('.')[2] ?? '',
  SECRET,
]

async function busyDay({ id, email, username, token, refreshToken }: Person) {
  const cookie = `__Host-gatepost=${refreshToken}`
  const wrong = `${SECRET}!`
  const requests: [string, string, Call][] = [
    [
      'POST',
      '/api/users',
      { json: { username: freshName(), email: 'no address', password: SECRET } },
    ],
    ['POST', '/api/users', { json: { username, email, password: SECRET } }],
    ['POST', '/api/users/token', { form: { username: email, password: wrong } }],
    ['POST', '/oauth/token', { form: { grant_type: 'password', username, password: wrong } }],
    [
      'POST',
      '/oauth/token',
      { form: { grant_type: 'refresh_token', refresh_token: refreshToken } },
    ],
    ['POST', '/api/session', { json: { login: username, password: wrong }, cookie }],
    ['POST', '/api/session/refresh', { json: {}, cookie }],
    ['GET', `/api/users/me?access_token=${token}`, { token, cookie }],
    ['GET', `/api/users/${id}?email=${email}`, {}],
    ['GET', `/api/posts?q=${encodeURIComponent(FORGED + email)}`, {}],
    ['GET', `/api/${encodeURIComponent(FORGED)}/${email}`, {}],
    [
      'PUT',
      '/api/users/me/password',
      { token, json: { current_password: wrong, new_password: SECRET } },
    ],
    ['PUT', '/api/users/me/email', { token, json: { email: `new${email}`, password: wrong } }],
    ['PATCH', '/api/users/me', { token, json: { full_name: `${SECRET}` } }],
    ['POST', '/api/users/forgot-password', { json: { email } }],
    ['POST', '/api/users/reset-password', { json: { token: refreshToken, new_password: SECRET } }],
    ['POST', '/api/session/email', { json: { email } }],
    ['POST', '/api/session/email/use', { json: { token: SECRET, code: '123456' }, cookie }],
    ['POST', '/api/users/verify-email', { json: { token } }],
    ['POST', '/api/posts', { token, json: { title: SECRET, content: FORGED } }],
    [
      'POST',
      '/api/posts',
      { token, body: `{"title":"${SECRET}`, headers: { 'Content-Type': 'application/json' } },
    ],
    ['DELETE', `/api/users/me/sessions/${'A'.repeat(22)}`, { token }],
    ['GET', '/api/users/me', { token: `${token}x` }],
    [
      'GET',
      '/health',
      { headers: { 'User-Agent': '{"event":"forged"}', Referer: `https://${email}/` } },
    ],
  ]
  for (const [method, path, options] of requests) await call(method, path, options)
  return requests
}

it('the log has one JSON line for each request, with its route pattern and nothing private', async () => {
  const ann = await person()
  lines = []
  const requests = await busyDay(ann)
  const entries = logged()
  const ofRequests = entries.filter(({ event }) => event === 'request')
  expect(ofRequests).toHaveLength(requests.length)
  for (const [n, entry] of ofRequests.entries()) {
    expect(entry).toEqual({
      event: 'request',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      method: requests[n]?.[0],
      route: expect.stringMatching(/^(?:\/[\w.:*-]*)+$|^\*$/),
      status: expect.any(Number),
      trips: expect.any(Number),
      d1_ms: expect.any(Number),
      hash_ms: expect.any(Number),
      ms: expect.any(Number),
      ...('user_id' in entry && { user_id: ann.id }),
      ...('problem' in entry && { problem: expect.stringMatching(/^[a-z_-]+$/) }),
      ...('rows_read' in entry && {
        rows_read: expect.any(Number),
        rows_written: expect.any(Number),
        served_by_primary: true,
      }),
    })
    expect(entry.route).not.toMatch(/\d/)
    expect('problem' in entry).toBe(Number(entry.status) >= 400)
    if ('rows_read' in entry) expect(entry.trips).toBeGreaterThan(0)
  }
  expect(ofRequests.map(({ route }) => route)).toContain('/api/users/me')
  const text = JSON.stringify(entries)
  for (const thing of privateThings(ann)) expect(text).not.toContain(thing)
  expect(text).not.toContain('forged')
  expect(text).not.toMatch(/example\.com|\?/)
})

it('names security events by ids alone', async () => {
  const ann = await person()
  lines = []
  await busyDay(ann)
  const security = logged().filter(({ event }) => event === 'security')
  expect(security.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['login_failed', 'password_rejected', 'password_reset_requested']),
  )
  for (const entry of security) {
    const known = ['event', 'type', 'request_id', 'user_id', 'session_id', 'location']
    expect(known).toEqual(expect.arrayContaining(Object.keys(entry)))
    expect([ann.id, null]).toContain(entry.user_id)
  }
})

it('names every event that an account keeps, and no other', async () => {
  const ann = await person()
  const root = await admin()
  const asCookie = (token: string) => `__Host-gatepost=${token}`
  const other = await signIn(ann.email)
  const { password, username, email } = ann
  const login = { login: username, password }
  lines = []
  const acts: [number, string, string, Call][] = [
    [200, 'PATCH', '/api/users/me', { token: ann.token, json: { username: freshName() } }],
    [200, 'PATCH', '/api/users/me', { token: ann.token, json: { full_name: 'Ann' } }],
    [401, 'POST', '/api/users/token', { form: { username: email, password: SECRET } }],
    [
      400,
      'POST',
      '/oauth/token',
      { form: { grant_type: 'password', username: email, password, scope: 'admin' } },
    ],
    [
      200,
      'POST',
      '/api/session',
      { json: { login: email, password }, cookie: asCookie(other.refreshToken) },
    ],
    [401, 'POST', '/api/session', { json: login }],
    [
      403,
      'PUT',
      '/api/users/me/password',
      { token: ann.token, json: { current_password: SECRET, new_password: SECRET } },
    ],
    [
      204,
      'PUT',
      '/api/users/me/password',
      { token: ann.token, json: { current_password: password, new_password: SECRET } },
    ],
    [204, 'DELETE', '/api/users/me/sessions', { token: ann.token }],
    [202, 'POST', '/api/users/forgot-password', { json: { email } }],
    [200, 'GET', '/api/users/me/export', { token: ann.token }],
    [
      200,
      'PUT',
      '/api/users/me/avatar',
      { token: ann.token, body: png(1, 1) as BodyInit, headers: { 'Content-Type': 'image/png' } },
    ],
    [
      202,
      'PUT',
      '/api/users/me/email',
      { token: ann.token, json: { email: root.email, password: SECRET } },
    ],
    [204, 'DELETE', '/api/users/me/avatar', { token: ann.token }],
    [200, 'PATCH', `/api/admin/users/${ann.id}`, { token: root.token, json: { role: 'admin' } }],
    [
      200,
      'PATCH',
      `/api/admin/users/${ann.id}`,
      { token: root.token, json: { role: 'user', is_active: false } },
    ],
    [200, 'PATCH', `/api/admin/users/${ann.id}`, { token: root.token, json: { is_active: true } }],
    [204, 'DELETE', `/api/admin/users/${ann.id}/sessions`, { token: root.token }],
  ]
  for (const [status, method, path, options] of acts)
    expect((await call(method, path, options)).status, `${method} ${path}`).toBe(status)
  const { results: kept } = await env.DB.prepare(
    "select type, session_id from events where user_id = ? and type <> 'registered' order by id",
  )
    .bind(ann.id)
    .all<{ type: string; session_id: string | null }>()
  const [, , ...ofActs] = kept // the first two are sign-ins
  const told = logged().filter(({ event, user_id }) => event === 'security' && user_id === ann.id)
  const names = (entries: { type?: unknown }[]) => entries.map(({ type }) => type).sort()
  expect(names(told)).toEqual(names(ofActs))
  expect(names(told)).toEqual(expect.arrayContaining(['username_changed', 'logout', 'login']))
})

it('names the events of second factors, and none of their secrets', async () => {
  const ann = await person()
  await proveAddress(ann.id)
  const { token, email, password } = ann
  lines = []
  const setUp = await call('POST', '/api/users/me/totp', { token })
  const { secret, uri } = await setUp.json<{ secret: string; uri: string }>()
  const code = codeOf(decodeBase32(secret))
  const confirmed = await call('POST', '/api/users/me/totp/confirm', { token, json: { code } })
  const { recovery_codes } = await confirmed.json<{ recovery_codes: [string, string] }>()
  const half = await call('POST', '/api/session', { json: { login: email, password } })
  const { pending_token } = await half.json<{ pending_token: string }>()
  const [unused, used] = recovery_codes
  for (const entered of [code, used])
    await call('POST', '/api/session/factor', { json: { pending_token, code: entered } })
  await call('POST', '/api/session/confirm', { token, json: { code: unused } })
  await call('DELETE', '/api/users/me/totp', { token })
  const { results: kept } = await env.DB.prepare(
    "select type from events where user_id = ? and type not in ('registered') order by id",
  )
    .bind(ann.id)
    .all<{ type: string }>()
  const told = logged().filter(({ event }) => event === 'security')
  expect(told.map(({ type }) => type).sort()).toEqual(
    kept
      .slice(1)
      .map(({ type }) => type)
      .sort(),
  )
  expect(told.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['totp_enabled', 'second_factor_failed', 'recovery_code_used']),
  )
  const text = JSON.stringify(logged())
  for (const thing of [secret, uri, code, unused, used, pending_token, email])
    expect(text).not.toContain(thing)
})

it('names the events of sign-in links, and neither token nor code nor cookie', async () => {
  const ann = await person()
  await proveAddress(ann.id)
  lines = []
  const { send, ask } = ownMailbox()
  const asked = await askForLink(ann.email, undefined, ask)
  const { code } = await asked.clone().json<{ code: string }>()
  const token = tokenIn(send.mock.calls[0]?.[0] as SentMail)
  const cookie = linkCookieOf(asked)
  await clickLink(token)
  await clickLink(token, undefined, otherCode(code))
  const used = await clickLink(token, cookie)
  const { access_token } = await used.json<{ access_token: string }>()
  await clickLink(token, cookie)
  const told = logged().filter(({ event }) => event === 'security')
  expect(told.map(({ type }) => type)).toEqual(['sign_in_link_requested', 'login_failed', 'login'])
  const kept = (await eventsOf(ann.id)).slice(2)
  expect(kept).toEqual(told.map(({ type }) => type))
  const text = JSON.stringify(logged())
  for (const thing of [token, code, cookie.split('=')[1] ?? '', access_token, ann.email])
    expect(text).not.toContain(thing)
})

it('names attempts that had to wait, which leave no event', async () => {
  const ann = await person()
  lines = []
  const guess = (username: string) =>
    call('POST', '/api/users/token', { form: { username, password: SECRET } })
  const json = { password: SECRET }
  for (let n = 0; n < 6; n++) {
    await guess(ann.email)
    await guess('nobody.at.all')
    await call('POST', '/api/users/me/deletion', { token: ann.token, json })
  }
  const refused = () => logged().filter(({ type }) => type === 'attempt_refused')
  expect(refused().map(({ user_id }) => user_id)).toEqual([ann.id, null, ann.id])
  // Of the five mails of an hour the first was the link of the registration.
  for (let n = 0; n < 5; n++)
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
  expect(refused()).toHaveLength(4)
  expect(refused().at(-1)?.user_id).toBe(ann.id)
  const { count } = (await env.DB.prepare(
    "select count(*) as count from events where user_id = ? and type in ('login_failed', 'password_rejected')",
  )
    .bind(ann.id)
    .first<{ count: number }>())!
  expect(count).toBe(10)
})

it('cannot be forged by the location from Cloudflare', async () => {
  const cf = { city: FORGED, country: 'AT' }
  await call('POST', '/api/users/token', { form: { username: freshName(), password: SECRET }, cf })
  const entries = logged()
  expect(entries.length).toBeGreaterThan(1)
  expect(entries.filter(({ event }) => event === 'forged')).toEqual([])
})

it('says what failed in a database error, without the parameters of the query', async () => {
  const ann = await person()
  lines = []
  const form = { username: ann.email, password: SECRET }
  await workerWith({ DB: dead() })('POST', '/api/users/token', { form })
  await workerWith({ DB: dead() })('GET', `/api/users/${ann.id}`)
  const errors = logged().filter(({ event }) => event === 'error')
  expect(errors.map(({ route }) => route)).toEqual(['/api/users/token', '/api/users/:id'])
  for (const thing of privateThings(ann)) expect(JSON.stringify(errors)).not.toContain(thing)
})

it('does not show a mail to the log of a deployed Worker, only that it failed', async () => {
  const { email, username } = await person()
  lines = []
  const send = () => Promise.reject(new Error(`email to ${email} not allowed`))
  const deployed = workerWith({ APP_ORIGIN: 'https://app.example', MAIL: { send } })
  await deployed('POST', '/api/users/forgot-password', { json: { email } })
  expect(logged()).toContainEqual(expect.objectContaining({ event: 'mail_failed' }))
  expect(lines.join()).not.toContain(email)
  expect(lines.join()).not.toContain(username)
})
