// A failing database and wrong bindings: 503 with its reason, no token and no partial write; later
// requests work.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { dead, failingTrip, losingAnswers, withoutTable } from '../support/broken-database'
import { type Call, call, workerWith } from '../support/client'
import { freshName, PASSWORD, type Person, person, sessionsOf } from '../support/users'

const TABLES = [
  'users',
  'sessions',
  'posts',
  'posts_words',
  'search_index',
  'idempotency_keys',
  'email_tokens',
  'attempts',
  'mail_counts',
  'events',
  'passkeys',
  'totp',
  'recovery_codes',
  'identities',
  'used_tokens',
  'sign_in_links',
]

/** The tables that the first trip of a sign-in writes, before its hash. */
const COUNTED = ['attempts', 'events']

/** Everything that D1 holds, as text. */
async function contents(but: string[] = []): Promise<string> {
  const tables = TABLES.filter((table) => !but.includes(table))
  const rows = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(rows.map((table) => table.results))
}

type Request = [method: string, path: string, options: Call]

/** One request for each thing that D1 has to do with. */
function requests({ email, username, token, refreshToken }: Person): Request[] {
  const name = freshName()
  return [
    [
      'POST',
      '/api/users',
      { json: { username: name, email: `${name}@example.com`, password: PASSWORD } },
    ],
    ['POST', '/api/users/token', { form: { username, password: PASSWORD } }],
    ['POST', '/oauth/token', { form: { grant_type: 'password', username, password: PASSWORD } }],
    [
      'POST',
      '/oauth/token',
      { form: { grant_type: 'refresh_token', refresh_token: refreshToken } },
    ],
    ['POST', '/oauth/revoke', { form: { token: refreshToken } }],
    ['POST', '/api/session', { json: { login: email, password: PASSWORD } }],
    ['POST', '/api/session/refresh', { json: {}, cookie: `__Host-gatepost=${refreshToken}` }],
    ['DELETE', '/api/session', { cookie: `__Host-gatepost=${refreshToken}` }],
    ['GET', '/api/users/me', { token }],
    ['PATCH', '/api/users/me', { token, json: { full_name: 'Ann' } }],
    [
      'PUT',
      '/api/users/me/password',
      { token, json: { current_password: PASSWORD, new_password: `${PASSWORD} 2` } },
    ],
    [
      'PUT',
      '/api/users/me/email',
      { token, json: { email: `${name}@example.org`, password: PASSWORD } },
    ],
    ['POST', '/api/users/me/deletion', { token, json: { password: PASSWORD } }],
    ['POST', '/api/users/forgot-password', { json: { email } }],
    ['POST', '/api/session/email', { json: { email } }],
    ['POST', '/api/session/email/use', { json: { token: 'A'.repeat(43), code: '123456' } }],
    ['POST', '/api/users/verify-email', { json: { token: 'A'.repeat(43) } }],
    ['POST', '/api/session/confirm', { token, json: { password: PASSWORD } }],
    ['POST', '/api/session/confirm', { token, json: { code: '123456' } }],
    ['GET', '/api/users/me/factors', { token }],
    ['POST', '/api/users/me/totp', { token }],
    ['POST', '/api/users/me/totp/confirm', { token, json: { code: '123456' } }],
    ['DELETE', '/api/users/me/totp', { token }],
    ['POST', '/api/users/me/recovery-codes', { token }],
    ['GET', '/api/users/me/sessions', { token }],
    ['DELETE', '/api/users/me/sessions', { token }],
    ['GET', '/api/users/me/export', { token }],
    ['GET', '/api/posts', {}],
    ['POST', '/api/posts', { token, json: { title: 'a', content: 'b' } }],
    [
      'POST',
      '/api/posts',
      { token, json: { title: 'a', content: 'b' }, headers: { 'Idempotency-Key': name } },
    ],
    ['GET', '/ready', {}],
  ]
}

async function expectUnavailable(answer: Response) {
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(answer.headers.getSetCookie()).toEqual([])
  const body = await answer.json<{ type: string; detail: string }>()
  expect(body.type).toBe('/problems/unavailable')
  expect(JSON.stringify(body)).not.toMatch(/token|D1_|SQL|select|insert/i)
  return body.detail
}

describe('with a database that does not answer', () => {
  it('every route → 503, writes nothing, and works again at the next request', async () => {
    const ann = await person()
    const log = vi.spyOn(console, 'error').mockReturnValue()
    const before = await contents()
    for (const [method, path, options] of requests(ann)) {
      await expectUnavailable(await workerWith({ DB: dead() })(method, path, options))
    }
    expect(await contents()).toBe(before)
    for (const [line] of log.mock.calls) {
      expect(JSON.parse(line)).toMatchObject({
        event: 'error',
        error: expect.stringMatching(/Network connection lost/),
      })
      expect(line).not.toMatch(new RegExp(`${ann.email}|${PASSWORD}`))
    }
    log.mockRestore()
    expect((await call('GET', '/health')).status).toBe(200)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })

  it('a sign-in that fails in its second trip → 503, no session, and the next one works', async () => {
    const ann = await person()
    const sessions = () => sessionsOf(ann.id)
    const before = await sessions()
    for (const [method, path, options] of requests(ann).filter(([, path]) =>
      ['/api/users/token', '/api/session'].includes(path),
    )) {
      if (method !== 'POST') continue
      await expectUnavailable(await workerWith({ DB: failingTrip(2) })(method, path, options))
      expect(await sessions()).toBe(before)
    }
    const form = { username: ann.email, password: PASSWORD }
    expect((await call('POST', '/api/users/token', { form })).status).toBe(200)
  })

  it.each([
    [
      'PUT',
      '/api/users/me/password',
      { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
    ],
    ['PUT', '/api/users/me/email', { email: `${freshName()}@example.org`, password: PASSWORD }],
    ['POST', '/api/users/me/deletion', { password: PASSWORD }],
  ])(
    '%s %s that fails in its second trip changes nothing but the count',
    async (method, path, json) => {
      const ann = await person()
      const before = await contents(COUNTED)
      await expectUnavailable(
        await workerWith({ DB: failingTrip(2) })(method, path, { token: ann.token, json }),
      )
      expect(await contents(COUNTED)).toBe(before)
      expect((await call(method, path, { token: ann.token, json })).status).toBeLessThan(300)
    },
  )

  it('a client whose response was lost can repeat the request', async () => {
    const ann = await person()
    const lossy = workerWith({ DB: losingAnswers() })
    const refresh = { form: { grant_type: 'refresh_token', refresh_token: ann.refreshToken } }
    await expectUnavailable(await lossy('POST', '/oauth/token', refresh))
    expect((await call('POST', '/oauth/token', refresh)).status).toBe(200)

    const post = {
      token: ann.token,
      json: { title: 'a', content: 'b' },
      headers: { 'Idempotency-Key': 'k' },
    }
    await expectUnavailable(await lossy('POST', '/api/posts', post))
    expect((await call('POST', '/api/posts', post)).status).toBe(201)
    const made = env.DB.prepare('select count(*) as posts from posts where author_id = ?').bind(
      ann.id,
    )
    expect(await made.first()).toEqual({ posts: 1 })

    const username = freshName()
    const json = { username, email: `${username}@example.com`, password: PASSWORD }
    await expectUnavailable(await lossy('POST', '/api/users', { json }))
    expect((await call('POST', '/api/users', { json })).status).toBe(409)
    const form = { username, password: PASSWORD }
    expect((await call('POST', '/api/users/token', { form })).status).toBe(200)
  })
})

it.each(['users', 'sessions', 'posts', 'attempts', 'events'])(
  'without the table %s: 503 that names it',
  async (table) => {
    const ann = await person()
    const before = await contents(COUNTED)
    const broken = workerWith({ DB: withoutTable(table) })
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const form = { username: ann.email, password: PASSWORD }
    const [method, path, options]: Request =
      table === 'posts' ? ['GET', '/api/posts', {}] : ['POST', '/api/users/token', { form }]
    const detail = await expectUnavailable(await broken(method, path, options))
    expect(detail).toContain(`no such table: ${table}_not_there`)
    error.mockRestore()
    expect(await contents(COUNTED)).toBe(before)
  },
)

it.each([
  ['DB', undefined, 'the binding DB is missing'],
  ['DB', env.AVATARS, 'the binding DB is of another kind'],
  ['AVATARS', env.DB, 'the binding AVATARS is of another kind'],
  ['AVATARS', undefined, 'the binding AVATARS is missing'],
  ['MAIL', 'x', 'the binding MAIL is of another kind'],
  ['SIGN_IN_LIMIT', {}, 'the binding SIGN_IN_LIMIT is of another kind'],
])('with the binding %s wrong, nothing is served but what is wrong', async (name, value, said) => {
  const error = vi.spyOn(console, 'error').mockReturnValue()
  for (const path of ['/health', '/api/posts', '/openapi.json', '/api/users/me']) {
    const answer = await workerWith({ [name]: value })('GET', path)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      type: '/problems/misconfigured',
      detail: expect.stringContaining(said),
    })
  }
  error.mockRestore()
})

it('lets requests pass, and logs it, while the edge counter fails', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue()
  const SIGN_IN_LIMIT = { limit: () => Promise.reject(new Error('down')) }
  const answer = await workerWith({ SIGN_IN_LIMIT })('POST', '/api/users/token', { form: {} })
  expect(answer.status).toBe(422)
  expect(JSON.parse(error.mock.calls[0]?.[0])).toMatchObject({
    event: 'rate_limit_failed',
    limit: 'sign-in',
  })
  error.mockRestore()
})

it('PUT avatar → 503 while R2 fails, and the account shows no picture', async () => {
  const { token, id } = await person()
  const put = () =>
    Promise.reject(new Error('put: We encountered an internal error. Please try again. (10001)'))
  const AVATARS = { put, createMultipartUpload: put }
  const png = Uint8Array.from([
    0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1,
  ])
  const error = vi.spyOn(console, 'error').mockReturnValue()
  const options = { token, body: png, headers: { 'Content-Type': 'image/png' } }
  await expectUnavailable(await workerWith({ AVATARS })('PUT', '/api/users/me/avatar', options))
  error.mockRestore()
  expect(await (await call('GET', `/api/users/${id}`)).json()).toMatchObject({ image_url: null })
})
