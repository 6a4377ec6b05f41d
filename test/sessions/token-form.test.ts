import { describe, expect, it } from 'vitest'
import { hashesComputed } from '../../src/security/password'
import { call, trips } from '../support/client'
import { expectProblem, me, tokens } from '../support/sign-in'
import { admin, disable, freshName, PASSWORD, register } from '../support/users'

const ask = (form: Record<string, string> | [string, string][]) =>
  call('POST', '/api/users/token', { form })

describe('POST /api/users/token', () => {
  it('→ 200 by address or username in any case, with or without grant_type, in two trips and one hash', async () => {
    const ann = await register()
    for (const form of [
      { username: ann.email },
      { username: ann.username },
      { username: ann.email.toUpperCase() },
      { username: ` ${ann.username.toUpperCase()} ` },
      { username: ann.email, grant_type: 'password' },
      {
        username: ann.email,
        grant_type: '',
        client_id: '',
        client_secret: '',
        scope: '',
        unknown: 'x',
      },
    ]) {
      const before = hashesComputed()
      const response = await ask({ password: PASSWORD, ...form })
      const body = await tokens(response)
      expect(body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^[\w-]{22}\.0\.[\w-]{43}$/),
        scope: 'posts:write account',
      })
      expect([trips(response), hashesComputed() - before]).toEqual([2, 1])
      expect(await (await me(body.access_token)).json()).toEqual(ann.user)
    }
  })

  it('→ 401 with the same bytes for unknown, wrong and disabled, in one trip and one hash', async () => {
    const [ann, gone] = [await register(), await register()]
    await disable(gone.id)
    const seen = new Set<string>()
    for (const form of [
      { username: ann.email, password: 'not this password' },
      { username: `${freshName()}@example.com`, password: PASSWORD },
      { username: freshName(), password: PASSWORD },
      { username: gone.email, password: PASSWORD },
      { username: gone.email, password: 'not this password' },
      { username: `${ann.email}\u0000`, password: PASSWORD },
      { username: "' or 1=1 --", password: PASSWORD },
    ]) {
      const before = hashesComputed()
      const response = await ask(form)
      expect(hashesComputed() - before).toBe(1)
      expect(trips(response)).toBe(1)
      const ours = new Set(['x-request-id', 'server-timing'])
      const headers = [...response.headers].filter(([name]) => !ours.has(name))
      const body = await expectProblem(response, 401, 'invalid-credentials')
      expect(body.detail).toBe('Incorrect email or password')
      seen.add(JSON.stringify([headers, { ...body, request_id: '' }]))
    }
    expect([...seen]).toHaveLength(1)
    expect([...seen][0]).toContain('["www-authenticate","Bearer"]')
  })

  it('→ 400, 413, 415 or 422 for any other body, before any hash', async () => {
    const username = 'ann@example.com'
    const before = hashesComputed()
    const tables: [string, Record<string, string> | [string, string][]][] = [
      ['no username', { password: PASSWORD }],
      ['no password', { username }],
      ['empty password', { username, password: '' }],
      ['another grant', { username, password: PASSWORD, grant_type: 'client_credentials' }],
      ['an unknown scope', { username, password: PASSWORD, scope: 'everything' }],
      [
        'a password twice',
        [
          ['username', username],
          ['password', PASSWORD],
          ['password', 'x'],
        ],
      ],
      [
        'a username twice',
        [
          ['username', username],
          ['username', 'x'],
          ['password', PASSWORD],
        ],
      ],
      ['a client past any bound', { username, password: PASSWORD, client_id: 'x'.repeat(101) }],
      ['a client of other letters', { username, password: PASSWORD, client_id: 'mÿ-app' }],
      ['a password past any bound', { username, password: 'x'.repeat(4097) }],
    ]
    for (const [what, form] of tables) {
      const response = await ask(form)
      expect(trips(response), what).toBe(0)
      await expectProblem(response, 422, 'invalid-request')
    }
    await expectProblem(
      await call('POST', '/api/users/token', { json: { username, password: PASSWORD } }),
      415,
      'unsupported-media-type',
    )
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
    for (const body of ['username=%ff&password=x', 'username=%&password=x']) {
      const response = await call('POST', '/api/users/token', { body, headers: type })
      await expectProblem(response, 400, 'malformed-request')
    }
    const big = `username=a&password=${'x'.repeat(65 * 1024)}`
    await expectProblem(
      await call('POST', '/api/users/token', { body: big, headers: type }),
      413,
      'too-large',
    )
    expect(hashesComputed()).toBe(before)
  })

  it('grants the requested scope if the role allows it', async () => {
    const [ann, root] = [await register(), await admin()]
    const granted = async (username: string, scope: string) =>
      (await tokens(await ask({ username, password: PASSWORD, scope }))).scope
    expect(await granted(ann.email, 'account')).toBe('account')
    expect(await granted(ann.email, 'account posts:write')).toBe('posts:write account')
    expect(await granted(root.email, '')).toBe('posts:write account admin')
    expect(await granted(root.email, 'admin')).toBe('admin')
    const response = await ask({ username: ann.email, password: PASSWORD, scope: 'admin' })
    const { errors } = await expectProblem(response, 422, 'invalid-request')
    expect(errors?.[0]?.pointer).toBe('#/scope')
  })

  it('GET → 405 with Allow', async () => {
    const response = await call('GET', '/api/users/token')
    expect(response.headers.get('Allow')).toContain('POST')
    await expectProblem(response, 405, 'method-not-allowed')
  })
})
