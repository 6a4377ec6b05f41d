/** Registering: what becomes an account and what does not. */
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Problem } from '../../src/http/problem'
import type { UserPrivate } from '../../src/user'
import { call, ORIGIN, trips, workerWith } from '../support/client'
import { catchMails, nextMail } from '../support/mailbox'
import { freshName, PASSWORD, person, register } from '../support/users'

catchMails()

const registration = (more: object = {}) => {
  const username = freshName()
  return { username, email: `${username}@example.com`, password: PASSWORD, ...more }
}
const refusal = async (more: object) => {
  const response = await call('POST', '/api/users', { json: registration(more) })
  return response.json<Problem>()
}

describe('POST /api/users', () => {
  it('→ 201 with the account and its Location, in one trip', async () => {
    const asked = registration({ full_name: ' Ann Example ' })
    const response = await call('POST', '/api/users', { json: asked })
    const user = await response.json<UserPrivate>()
    expect(response.status).toBe(201)
    expect(trips(response)).toBe(1)
    expect(response.headers.get('Location')).toBe(`/api/users/${user.id}`)
    expect(user).toEqual({
      id: user.id,
      username: asked.username,
      email: asked.email,
      full_name: 'Ann Example',
      image_url: null,
      created_at: user.created_at,
      email_verified: false,
      role: 'user',
      is_active: true,
    })
  })

  it('mails a verification link that is built from APP_ORIGIN, whatever the headers say', async () => {
    const asked = registration()
    await call('POST', '/api/users', {
      json: asked,
      headers: {
        Host: 'evil.example',
        'X-Forwarded-Host': 'evil.example',
        Forwarded: 'host=evil.example',
      },
    })
    const mail = await nextMail(asked.email, 'Confirm your email address')
    expect(mail.text).toMatch(/^http:\/\/localhost:8787\/verify#token=[\w-]{43}$/m)
    expect(mail.text + mail.html).not.toContain('evil')
  })

  it('stores Argon2id and no secret of any link', async () => {
    const ann = await register()
    const row = await env.DB.prepare('select * from users where id = ?').bind(ann.id).first()
    expect(row?.password_hash).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/,
    )
    const links = await env.DB.prepare('select * from email_tokens where user_id = ?')
      .bind(ann.id)
      .all()
    const token = /#token=(\S+)/.exec((await nextMail(ann.email, /Confirm/)).text)?.[1] as string
    expect(links.results).toHaveLength(1)
    expect(JSON.stringify([row, links.results])).not.toContain(token)
  })

  it.each([
    ['7 characters', 'short12', 'must have at least 8 characters'],
    ['129 characters', 'x'.repeat(129), 'must have at most 128 characters'],
    ['a well-known password', 'Password1', 'is one of the most common passwords'],
    ['7 emoji', '🦊'.repeat(7), 'must have at least 8 characters'],
    ['the name of the service', 'GatePost!!', 'must not be the name of this service'],
  ])('→ 422 for the password %s, with the rule it breaks', async (_, password, rule) => {
    const problem = await refusal({ password })
    expect(problem.status).toBe(422)
    expect(problem.errors).toEqual([
      { pointer: '#/password', detail: expect.stringContaining(rule) as string },
    ])
  })

  it.each([
    ['username', (name: string) => name.toUpperCase(), 'must not be your username'],
    ['address', (name: string) => `${name}@example.com`, 'must not be your e-mail address'],
  ])('→ 422 for the own %s as a password, in any case', async (_, made, rule) => {
    const username = freshName('somebody')
    const problem = await refusal({
      username,
      email: `${username}@example.com`,
      password: made(username),
    })
    expect(problem.status).toBe(422)
    expect(problem.detail).toContain(rule)
  })

  it.each([
    ['8 characters', 'zq8#kvTm'],
    ['8 emoji', '🦊🐙🦉🐢🦔🐝🐬🦜'],
    ['128 characters', `${'xyzzy-'.repeat(21)}ab`],
    ['spaces only inside and around', '  two words '],
  ])('→ 201 with the password %s', async (_, password) => {
    expect((await call('POST', '/api/users', { json: registration({ password }) })).status).toBe(
      201,
    )
  })

  it('accepts a long password that begins with a common one', async () => {
    const password = `password${'q'.repeat(64)}7`
    expect((await call('POST', '/api/users', { json: registration({ password }) })).status).toBe(
      201,
    )
  })

  it('queries the breach service only when the setting is on, with five characters of the SHA-1', async () => {
    // SHA-1 of "breached but long enough"
    const digest = await crypto.subtle.digest(
      'SHA-1',
      new TextEncoder().encode('breached but long enough'),
    )
    const hash = [...new Uint8Array(digest)]
      .map((b) => b.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase()
    const asked: string[] = []
    const ranges = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      asked.push(String(input))
      return new Response(`${'0'.repeat(35)}:0\r\n${hash.slice(5)}:42\r\n`)
    })
    try {
      const json = registration({ password: 'breached but long enough' })
      const strict = workerWith({ BREACH_CHECK: 'on' })
      const refused = await strict('POST', '/api/users', { json })
      expect(refused.status).toBe(422)
      expect((await refused.json<Problem>()).detail).toContain('data breach')
      expect(asked).toEqual([`https://api.pwnedpasswords.com/range/${hash.slice(0, 5)}`])
      expect((await call('POST', '/api/users', { json })).status).toBe(201)
      expect(asked).toHaveLength(1)
    } finally {
      ranges.mockRestore()
    }
  })

  it('→ 201 while the breach service is down', async () => {
    const ranges = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('down'))
    try {
      const strict = workerWith({ BREACH_CHECK: 'on' })
      expect((await strict('POST', '/api/users', { json: registration() })).status).toBe(201)
    } finally {
      ranges.mockRestore()
    }
  })

  it('→ 201 although the mail cannot be sent', async () => {
    const broken = workerWith({
      MAIL: { send: () => Promise.reject(new Error('to ann@example.com')) },
    })
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const throwing = workerWith({
      MAIL: {
        send() {
          throw new Error('at once')
        },
      },
    })
    expect((await broken('POST', '/api/users', { json: registration() })).status).toBe(201)
    expect((await throwing('POST', '/api/users', { json: registration() })).status).toBe(201)
    const lines = log.mock.calls.map(([line]) => String(line))
    log.mockRestore()
    expect(lines.filter((line) => line.includes('"mail_failed"'))).toHaveLength(2)
    expect(lines.join()).not.toContain('@')
  })

  it('creates one account for 50 parallel registrations of one address and name in different cases', async () => {
    const asked = registration()
    const spelled = (i: number) => ({
      ...asked,
      username: i % 2 ? asked.username.toUpperCase() : asked.username,
      email: i % 3 ? asked.email.toUpperCase() : asked.email,
    })
    const statuses: number[] = []
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        let response = await call('POST', '/api/users', { json: spelled(i) })
        while (response.status === 503) {
          await response.arrayBuffer()
          await new Promise((again) => setTimeout(again, 50 + i * 20))
          response = await call('POST', '/api/users', { json: spelled(i) })
        }
        await response.arrayBuffer()
        statuses.push(response.status)
      }),
    )
    expect(statuses.sort()).toEqual([201, ...Array(49).fill(409)])
  }, 30_000)
})

describe('members that no client may set', () => {
  const forbidden: [string, unknown][] = [
    ['role', 'admin'],
    ['is_active', false],
    ['email_verified', true],
    ['id', 1],
    ['user_id', 1],
    ['revision', 99],
    ['avatar_key', 'x'],
    ['created_at', '2000-01-01T00:00:00Z'],
    ['constructor', { prototype: { role: 'admin' } }],
  ]

  it.each(forbidden)(
    '→ 422 for %s at every endpoint, and changes nothing',
    async (member, value) => {
      const ann = await shared()
      const before = await call('GET', '/api/users/me', { token: ann.token }).then((r) => r.json())
      const routes: [string, string, object][] = [
        ['POST', '/api/users', registration()],
        ['PATCH', '/api/users/me', { full_name: 'Ann' }],
        [
          'PUT',
          '/api/users/me/password',
          { current_password: PASSWORD, new_password: 'a new password' },
        ],
        ['PUT', '/api/users/me/email', { email: 'new@example.com', password: PASSWORD }],
        ['POST', '/api/users/me/deletion', { password: PASSWORD }],
        ['POST', '/api/users/forgot-password', { email: ann.email }],
        ['POST', '/api/users/reset-password', { token: 'x', new_password: 'a new password' }],
        ['POST', '/api/users/verify-email', { token: 'x' }],
      ]
      for (const [method, path, json] of routes) {
        const response = await call(method, path, {
          token: ann.token,
          json: { ...json, [member]: value },
        })
        expect(response.status, path).toBe(422)
        expect((await response.json<Problem>()).errors?.map((e) => e.pointer)).toEqual([
          `#/${member}`,
        ])
      }
      expect(
        await call('GET', '/api/users/me', { token: ann.token }).then((r) => r.json()),
      ).toEqual(before)
    },
  )

  it.each<[unknown, string]>([
    [null, 'The body must be a JSON object.'],
    [[], 'The body must be a JSON object.'],
    [{}, 'username is missing. email is missing. password is missing.'],
    [registration({ username: 7 }), 'username must be a text.'],
    [registration({ 'x/y~z': 1 }), 'x/y~z is not a known member.'],
    [registration({ '': 1 }), 'The member "" is not a known member.'],
  ])('→ 422 for %j, in sentences', async (json, detail) => {
    const response = await call('POST', '/api/users', { json })
    expect([response.status, (await response.json<Problem>()).detail]).toEqual([422, detail])
  })

  it('→ 422 for password_hash', async () => {
    // Asked without the oracle, which takes the name in the answer for a leak.
    const response = await exports.default.fetch(`${ORIGIN}/api/users`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'CF-Connecting-IP': '192.0.2.77' },
      body: JSON.stringify(registration({ password_hash: 'x' })),
    })
    expect(response.status).toBe(422)
  })

  it('ignores __proto__', async () => {
    const { username, email } = registration()
    const body = `{"username":"${username}","email":"${email}","password":"${PASSWORD}","__proto__":{"role":"admin","email_verified":true}}`
    const response = await call('POST', '/api/users', {
      body,
      headers: { 'Content-Type': 'application/json' },
    })
    expect([201, 422]).toContain(response.status)
    const row = await env.DB.prepare('select role, email_verified from users where username = ?')
      .bind(username)
      .first()
    expect(row ?? { role: 'user', email_verified: 0 }).toEqual({ role: 'user', email_verified: 0 })
  })

  let one: ReturnType<typeof person> | undefined
  const shared = () => (one ??= person())
})

describe('PATCH /api/users/me', () => {
  it('→ 200 with the new names, in one trip, and leaves an event', async () => {
    const ann = await person()
    const username = freshName('Renamed')
    const response = await call('PATCH', '/api/users/me', {
      token: ann.token,
      json: { username, full_name: 'Ännchen 安' },
    })
    expect(response.status).toBe(200)
    expect(trips(response)).toBe(1)
    expect(await response.json()).toEqual({ ...ann.user, username, full_name: 'Ännchen 安' })
    const cleared = await call('PATCH', '/api/users/me', {
      token: ann.token,
      json: { full_name: null },
    })
    expect(await cleared.json()).toEqual({ ...ann.user, username, full_name: null })
    for (const same of [{}, { username }, { full_name: null }, { username, full_name: '' }])
      expect((await call('PATCH', '/api/users/me', { token: ann.token, json: same })).status).toBe(
        200,
      )
    const row = await env.DB.prepare('select revision from users where id = ?').bind(ann.id).first()
    expect(row?.revision, 'what changes nothing is no new version').toBe(3)
  })

  it('→ 409 for a name in use in any case, and 422 for a reserved one', async () => {
    const [ann, bob] = [await person(), await register('Bob')]
    const taken = await call('PATCH', '/api/users/me', {
      token: ann.token,
      json: { username: bob.username.toUpperCase(), full_name: 'Not Ann' },
    })
    expect(taken.status).toBe(409)
    expect((await taken.json<Problem>()).type).toBe('/problems/username-taken')
    const reserved = await call('PATCH', '/api/users/me', {
      token: ann.token,
      json: { username: 'Admin' },
    })
    expect(reserved.status).toBe(422)
    const me = await call('GET', '/api/users/me', { token: ann.token })
    expect(await me.json()).toEqual(ann.user)
    const own = await call('PATCH', '/api/users/me', {
      token: ann.token,
      json: { username: ann.username.toUpperCase() },
    })
    expect(own.status).toBe(200)
  })
})

describe('names that deceive', () => {
  it.each([
    ['zero-width spaces', '\u200b\u200b'],
    ['a right-to-left override', '\u202enimdA\u202c'],
    ['a directional isolate', '\u2066x'],
    ['a Hangul filler', '\u3164'],
    ['a blank of Braille', '\u2800'],
    ['a line separator', 'Ann\u2028Admin'],
    ['a paragraph separator', 'Ann\u2029Admin'],
    ['a soft hyphen', 'Ad\u00admin'],
    ['a combining mark alone', '\u0301'],
  ])('full_name of %s → 422', async (_, full_name) => {
    const answer = await call('POST', '/api/users', { json: registration({ full_name }) })
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '#/full_name' }] })
  })

  it.each(['Ann Example', '安', 'नमस्ते', '👩‍👩‍👧 family', 'می‌خواهم', 'O’Neil', '🇦🇹'])(
    'full_name %s → 201',
    async (full_name) => {
      const answer = await call('POST', '/api/users', { json: registration({ full_name }) })
      expect(answer.status).toBe(201)
    },
  )

  it.each(['admin_', 'a.d.m.i.n', 'Gatepost.Support', 'help-info', 'root__'])(
    'username %s → 422, reserved',
    async (username) => {
      const answer = await call('POST', '/api/users', { json: registration({ username }) })
      expect(await answer.json()).toMatchObject({
        errors: [{ pointer: '#/username', detail: 'is reserved' }],
      })
    },
  )
})
