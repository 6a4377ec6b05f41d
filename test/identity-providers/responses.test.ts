/** Responses that must start no session: of a provider, or of a person in its place. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { call } from '../support/client'
import { later, restoreClock } from '../support/clock'
import {
  Browser,
  identitiesAt,
  identityUser,
  pageOf,
  registerAt,
  type SignedIn,
  workerOf,
} from '../support/identity-browser'
import {
  type Claims,
  catchOutgoing,
  json,
  openIdProvider,
  signingKey,
  signJwt,
  someone,
  type Tampering,
} from '../support/identity-provider'
import { forge, hmac } from '../support/jwks'
import { catchMails } from '../support/mailbox'
import { register, sessionsOf } from '../support/users'

catchMails()
catchOutgoing()
restoreClock()

/** A user with an identity, and another browser that is about to sign in as the same user. */
async function returning() {
  const user = await identityUser()
  const browser = new Browser(user.ask)
  const location = await browser.start('acme', '/write')
  const parameters = user.provider.authorize(location, user.claims)
  const sessions = await sessionsOf(user.id)
  return { ...user, browser, location, parameters, sessions }
}
type Returning = Awaited<ReturnType<typeof returning>>

/** Asserts that a response led to the sign-in page with this problem, and started no session. */
async function expectRefused(
  { browser, id, sessions }: Pick<Returning, 'browser' | 'id' | 'sessions'>,
  response: Response,
  problem: string,
) {
  const page = pageOf(response)
  expect([page.path, page.query.problem, page.fragment]).toEqual(['/sign-in', problem, {}])
  expect(browser.session).toBeUndefined()
  expect(await sessionsOf(id)).toBe(sessions)
}

describe('the callback', () => {
  it('→ identity-rejected for a code that was used, also if the provider forgets that it was', async () => {
    for (const forgetsCodes of [false, true]) {
      const ann = await returning()
      ann.provider.tampering = { forgetsCodes }
      const flow = ann.browser.flow
      expect(pageOf(await ann.browser.callback(ann.parameters)).path).toBe('/write')
      const thief = new Browser(ann.ask)
      thief.flow = flow
      const sessions = await sessionsOf(ann.id)
      const again = await thief.callback(ann.parameters)
      await expectRefused({ browser: thief, id: ann.id, sessions }, again, 'identity-rejected')
    }
  })

  it('→ identity-flow-ended without the cookie of the flow, or with that of another one', async () => {
    const ann = await returning()
    const other = new Browser(ann.ask)
    await expectRefused(
      { ...ann, browser: other },
      await other.callback(ann.parameters),
      'identity-flow-ended',
    )
    await other.start()
    await expectRefused(
      { ...ann, browser: other },
      await other.callback(ann.parameters),
      'identity-flow-ended',
    )
  })

  it('→ identity-flow-ended for another state or none, and the flow continues', async () => {
    const ann = await returning()
    const { state: _, ...without } = ann.parameters
    const state = 'A'.repeat(43)
    for (const parameters of [without, { ...ann.parameters, state }, {}])
      await expectRefused(ann, await ann.browser.callback(parameters), 'identity-flow-ended')
    expect(pageOf(await ann.browser.callback(ann.parameters)).path).toBe('/write')
  })

  it('→ identity-flow-ended after ten minutes', async () => {
    const ann = await returning()
    later(601_000)
    await expectRefused(ann, await ann.browser.callback(ann.parameters), 'identity-flow-ended')
  })

  it('→ identity-flow-ended for a malformed cookie', async () => {
    const ann = await returning()
    for (const flow of [
      '',
      'x',
      ann.user.username,
      ann.browser.session ?? 'A.B',
      'A'.repeat(4001),
    ]) {
      ann.browser.flow = flow
      await expectRefused(ann, await ann.browser.callback(ann.parameters), 'identity-flow-ended')
    }
  })

  it('→ identity-rejected for a foreign iss, or none where the provider promises one', async () => {
    for (const iss of ['https://evil.example', undefined]) {
      const ann = await returning()
      const { iss: _, ...without } = ann.parameters
      const parameters = iss === undefined ? without : { ...without, iss }
      await expectRefused(ann, await ann.browser.callback(parameters), 'identity-rejected')
    }
  })

  it('→ identity-rejected for repeated and for oversized parameters', async () => {
    const ann = await returning()
    const query = new URLSearchParams(ann.parameters).toString()
    for (const more of [`&code=x`, `&iss=${'a'.repeat(600)}`, `&state=${'a'.repeat(300)}`]) {
      const path = `/api/identity-providers/acme/callback?${query}${more}`
      await expectRefused(ann, await ann.browser.send('GET', path), 'identity-rejected')
    }
  })

  it('→ identity-refused when the user did not agree', async () => {
    for (const error of ['access_denied', 'user_cancelled_authorize', 'login_required']) {
      const ann = await returning()
      const { state = '', iss = '' } = ann.parameters
      await expectRefused(
        ann,
        await ann.browser.callback({ error, state, iss }),
        'identity-refused',
      )
    }
    const ann = await returning()
    const { state = '', iss = '' } = ann.parameters
    const response = await ann.browser.callback({ error: 'server_error', state, iss })
    await expectRefused(ann, response, 'provider-unavailable')
  })

  it('keeps two providers apart (mix-up)', async () => {
    const honest = await openIdProvider()
    const evil = await openIdProvider({ name: 'evil' })
    const ask = workerOf([honest, evil])
    const user = await identityUser({ provider: honest })
    const sessions = await sessionsOf(user.id)
    const browser = new Browser(ask)
    // The response of one provider at the callback of the other.
    const parameters = honest.authorize(await browser.start('acme'), user.claims)
    const ann = { browser, id: user.id, sessions }
    await expectRefused(ann, await browser.callback(parameters, 'evil'), 'identity-flow-ended')
    // A provider sends the user to the other one, to get its code.
    evil.tampering = {
      metadata: { authorization_endpoint: `${honest.issuer}/authorize` },
    }
    const fresh = new Browser(workerOf([honest, evil]))
    const location = new URL(await fresh.start('evil'))
    expect(location.origin).toBe(honest.issuer)
    location.searchParams.set('client_id', honest.client_id)
    const stolen = honest.authorize(location.href, user.claims)
    await expectRefused(
      { ...ann, browser: fresh },
      await fresh.callback(stolen, 'evil'),
      'identity-rejected',
    )
    expect(evil.requests).not.toContain('POST /token')
  })

  const wrong: Record<string, Tampering | ((ann: Returning) => Promise<Tampering> | Tampering)> = {
    'another nonce': { claims: { nonce: 'another' } },
    'no nonce': { claims: { nonce: undefined } },
    'another issuer': { claims: { iss: 'https://evil.example' } },
    'another audience': { claims: { aud: 'another-client' } },
    'more audiences without azp': { claims: { aud: ['another-client', 'x'] } },
    'an expired token': { claims: { exp: 1_000_000_000 } },
    'no expiry': { claims: { exp: undefined } },
    'no subject': { claims: { sub: undefined } },
    'a subject that is no text': { claims: { sub: 42 } },
    'an empty subject': { claims: { sub: '' } },
    'an endless subject': { claims: { sub: 'a'.repeat(256) } },
    'a subject beyond ASCII': { claims: { sub: 'änn' } },
    'the key of another provider': async () => {
      const key = await signingKey()
      return { idToken: (claims: Claims) => signJwt(key, claims) }
    },
    'HS256 with the client secret': {
      idToken: (claims: Claims) =>
        forge({ alg: 'HS256', typ: 'JWT' }, claims, hmac('tests-only-client-secret')),
    },
    'no signature': {
      idToken: (claims: Claims) => forge({ alg: 'none' }, claims, () => new ArrayBuffer(0)),
    },
    'an unknown algorithm': { header: { alg: 'XS256' } },
    'no ID token': { idToken: () => undefined },
  }
  it.each(Object.entries(wrong))('→ identity-rejected for %s', async (_, tampering) => {
    const ann = await returning()
    ann.provider.tampering = typeof tampering === 'function' ? await tampering(ann) : tampering
    await expectRefused(ann, await ann.browser.callback(ann.parameters), 'identity-rejected')
    expect(ann.browser.flow).toBeUndefined()
  })

  const html = () => new Response('<h1>Welcome</h1>', { headers: { 'Content-Type': 'text/html' } })
  const broken: Record<string, (path: string, right: Response) => Response | Promise<Response>> = {
    'a 500': () => new Response('down', { status: 500 }),
    'a page': html,
    'no body': () => new Response(null, { status: 204 }),
    'malformed JSON': () =>
      new Response('{"access', { headers: { 'Content-Type': 'application/json' } }),
    'a list': () => json([]),
    null: () => json(null),
    'a redirect': (path) => Response.redirect(`https://elsewhere.example${path}`, 307),
    'a body without end': () =>
      new Response(
        new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536).fill(0x20)) }),
        { headers: { 'Content-Type': 'application/json' } },
      ),
    'an unreachable host': () => {
      throw new TypeError('Network connection lost.')
    },
  }
  for (const endpoint of ['/.well-known/openid-configuration', '/token', '/jwks'])
    it.each(Object.entries(broken))(`→ a page for %s from ${endpoint}`, async (_, answer) => {
      const ann = await returning()
      // Another isolate, which knows nothing of the provider.
      const browser = new Browser(workerOf([ann.provider]))
      browser.flow = ann.browser.flow
      ann.provider.tampering = {
        respond: (path, right) => (path === endpoint ? answer(path, right) : right),
      }
      const page = pageOf(await browser.callback(ann.parameters))
      expect(page.path).toBe('/sign-in')
      expect(['provider-unavailable', 'identity-rejected']).toContain(page.query.problem)
      expect(browser.session).toBeUndefined()
      if (!endpoint.includes('openid')) return
      const start = pageOf(await browser.send('GET', '/api/identity-providers/acme/sign-in'))
      expect([start.path, start.query.problem]).toEqual(['/sign-in', 'provider-unavailable'])
    })

  it('→ provider-unavailable for a response that takes longer than five seconds', async () => {
    const ann = await returning()
    ann.provider.tampering = {
      // Its head comes at once, its body never.
      respond: (_, right) =>
        new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }), right),
    }
    const start = performance.now()
    await expectRefused(ann, await ann.browser.callback(ann.parameters), 'provider-unavailable')
    expect(performance.now() - start).toBeLessThan(9000)
  })

  const metadata: Record<string, Record<string, unknown>> = {
    'another issuer': { issuer: 'https://evil.example' },
    'no authorization endpoint': { authorization_endpoint: undefined },
    'a script as authorization endpoint': { authorization_endpoint: 'javascript:alert(1)' },
    'plain http': { authorization_endpoint: 'http://id.example/authorize' },
  }
  it.each(Object.entries(metadata))(
    'is never reached through metadata with %s',
    async (_, more) => {
      const provider = await openIdProvider()
      provider.tampering = { metadata: more }
      const response = await new Browser(workerOf([provider])).send(
        'GET',
        '/api/identity-providers/acme/sign-in',
      )
      expect(pageOf(response).query.problem).toBe('provider-unavailable')
    },
  )

  it('fetches rotated keys again, at most once a minute', async () => {
    const ann = await returning()
    const keyRequests = () => ann.provider.requests.filter((line) => line === 'GET /jwks').length
    const before = keyRequests()
    await ann.provider.rotate()
    await expectRefused(ann, await ann.browser.callback(ann.parameters), 'identity-rejected')
    expect(keyRequests()).toBe(before)
    later(61_000)
    const browser = new Browser(ann.ask)
    expect((await browser.signIn(ann.provider, ann.claims, '/write')).path).toBe('/write')
    expect(keyRequests()).toBe(before + 1)
    await ann.provider.rotate()
    for (let round = 0; round < 3; round++)
      expect((await browser.signIn(ann.provider, ann.claims)).query.problem).toBe(
        'identity-rejected',
      )
    expect(keyRequests()).toBe(before + 1)
  })
})

describe('the address that a provider states', () => {
  const unproven: Claims[] = [
    { email_verified: undefined },
    { email_verified: false },
    { email_verified: 'true' },
    { email_verified: 1 },
  ]
  it.each(unproven)('is unproven with %j: the account gets the usual mail', async (more) => {
    const provider = await openIdProvider()
    const browser = new Browser(workerOf([provider]))
    const page = await browser.signIn(provider, someone(more))
    expect(page.fragment.email_verified).toBe('false')
    const { user } = await (await registerAt(browser, page)).json<SignedIn>()
    expect(user.email_verified).toBe(false)
  })

  it('is unproven for a provider without trust_email', async () => {
    const provider = await openIdProvider({ trustsEmail: false })
    const page = await new Browser(workerOf([provider])).signIn(provider, someone())
    expect(page.fragment.email_verified).toBe('false')
  })

  it('is left out if it is malformed', async () => {
    const provider = await openIdProvider()
    for (const email of ['no address', 42, `${'a'.repeat(300)}@x.example`, 'a@b\r\n.example', '']) {
      const page = await new Browser(workerOf([provider])).signIn(provider, someone({ email }))
      expect([page.path, page.fragment.email]).toEqual(['/welcome', undefined])
    }
  })

  it('is read from the UserInfo endpoint where the ID token has none', async () => {
    const provider = await openIdProvider()
    const sub = crypto.randomUUID()
    const email = `${sub.slice(0, 8)}@people.example`
    for (const [subject, path] of [
      [sub, '/welcome'],
      ['another', '/sign-in'],
    ]) {
      provider.tampering = {
        metadata: { userinfo_endpoint: `${provider.issuer}/userinfo` },
        respond: (at, right) =>
          at === '/userinfo' ? json({ sub: subject, email, email_verified: true }) : right,
      }
      const page = await new Browser(workerOf([provider])).signIn(provider, { sub })
      expect(page.path).toBe(path)
      if (path === '/welcome')
        expect(page.fragment).toMatchObject({ email, email_verified: 'true' })
    }
  })

  it('of the UserInfo endpoint is not proven by a claim of the ID token', async () => {
    for (const [inToken, inUserInfo, proven] of [
      [true, undefined, 'false'],
      [true, false, 'false'],
      [false, true, 'true'],
    ]) {
      const provider = await openIdProvider()
      const { sub, email } = someone()
      provider.tampering = {
        metadata: { userinfo_endpoint: `${provider.issuer}/userinfo` },
        respond: (at, right) =>
          at === '/userinfo'
            ? json({ sub, email, email_verified: inUserInfo, name: 'Ann' })
            : right,
      }
      const browser = new Browser(workerOf([provider]))
      const { fragment } = await browser.signIn(provider, { sub, email_verified: inToken })
      expect(fragment).toMatchObject({ email, email_verified: proven, name: 'Ann' })
    }
  })

  it('of an existing account links nothing and starts no session', async () => {
    const victim = await register('victim')
    const provider = await openIdProvider()
    for (const [verified, email_verified, expected] of [
      [1, true, 'account-exists'],
      [0, true, 'account-unproven'],
      [1, false, undefined],
      [0, 'true', undefined],
    ] as const) {
      await env.DB.prepare('update users set email_verified = ? where id = ?')
        .bind(verified, victim.id)
        .run()
      const browser = new Browser(workerOf([provider]))
      const claims = someone({ email: victim.email.toUpperCase(), email_verified })
      const page = await browser.signIn(provider, claims)
      // Only a person who has proven the address learns that an account has it.
      expect([page.path, page.query.problem]).toEqual(
        expected ? ['/sign-in', expected] : ['/welcome', undefined],
      )
      expect(browser.session).toBeUndefined()
    }
    expect(await identitiesAt(provider.issuer)).toEqual([])
  })

  it('changes nothing when it changes at the provider', async () => {
    const ann = await identityUser()
    const email = `moved-${ann.claims.email}`
    await new Browser(ann.ask).signIn(ann.provider, { ...ann.claims, email })
    const row = await env.DB.prepare('select email from users where id = ?').bind(ann.id).first()
    expect(row).toEqual({ email: ann.claims.email })
    expect(await identitiesAt(ann.provider.issuer)).toMatchObject([{ email, user_id: ann.id }])
  })
})

describe('next', () => {
  it('is a path of this origin, or the start page', async () => {
    const ann = await identityUser()
    const cases: Record<string, string> = {
      '/write': '/write',
      '/posts/1?a=b': '/posts/1',
      'https://evil.example/': '/',
      '//evil.example': '/',
      '/\\evil.example': '/',
      '/.//evil.example': '/',
      '/%2e//evil.example': '/',
      '\t//evil.example': '/',
      'javascript:alert(1)': '/',
      [`blob:${env.APP_ORIGIN}/write`]: '/',
      write: '/',
      '/\r\nSet-Cookie: a=b': '/Set-Cookie:%20a=b',
      [`/${'a'.repeat(600)}`]: '/',
      [`/${'ä'.repeat(200)}`]: '/',
      '': '/',
    }
    for (const [next, path] of Object.entries(cases)) {
      const page = await new Browser(ann.ask).signIn(ann.provider, ann.claims, next)
      expect([next, page.response.headers.get('Location')?.split('?')[0]]).toEqual([next, path])
    }
  })
})

describe('the tokens of a provider', () => {
  it('are in no table and in no line of the log', async () => {
    const secrets: string[] = []
    const log = ['log', 'warn', 'error', 'info', 'debug'].map((level) =>
      vi.spyOn(console, level as 'log').mockImplementation(() => undefined),
    )
    const provider = await openIdProvider()
    provider.tampering = {
      respond: async (path, right) => {
        if (path !== '/token') return right
        const tokens = await right.clone().json<Record<string, string>>()
        for (const name of ['access_token', 'refresh_token', 'id_token'])
          secrets.push(tokens[name] ?? '')
        return right
      },
    }
    const ann = await identityUser({ provider })
    const browser = new Browser(ann.ask)
    const parameters = provider.authorize(await browser.start(), ann.claims)
    secrets.push(parameters.code ?? '', parameters.state ?? '', browser.flow ?? '')
    await browser.callback(parameters)
    provider.tampering.claims = { nonce: 'another' }
    await browser.signIn(provider, ann.claims)
    const lines = JSON.stringify(log.flatMap((spy) => spy.mock.calls))
    for (const spy of log) spy.mockRestore()
    expect(lines).toContain('identity_rejected')
    expect(secrets).toHaveLength(9 + 3)
    const tables = await env.DB.prepare(
      "select name from sqlite_schema where type = 'table' and name not like '%posts_%'",
    ).all<{ name: string }>()
    expect(tables.results.length).toBeGreaterThan(12)
    let stored = ''
    for (const { name } of tables.results)
      if (!name.startsWith('_cf'))
        stored += JSON.stringify((await env.DB.prepare(`select * from "${name}"`).all()).results)
    expect(stored).toContain(provider.issuer)
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20)
      expect(stored.includes(secret)).toBe(false)
      expect(lines.includes(secret)).toBe(false)
    }
    expect(lines).not.toContain(ann.claims.email)
    expect(lines).not.toContain(ann.claims.sub)
  })
})

it('→ provider-unknown for every provider of a service without PROVIDERS', async () => {
  for (const path of ['/callback?code=a&state=b', '/sign-in'])
    expect(pageOf(await call('GET', `/api/identity-providers/google${path}`)).query.problem).toBe(
      'provider-unknown',
    )
})
