import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { codeOf, giveTotp } from '../support/factors'
import { Browser, pageOf, registerAt, type SignedIn, workerOf } from '../support/identity-browser'
import { catchOutgoing, openIdProvider, someone } from '../support/identity-provider'
import { catchMails } from '../support/mailbox'
import { claimsOf, expectProblem, me } from '../support/sign-in'
import { eventsOf, freshName } from '../support/users'

catchMails()
catchOutgoing()

/** A new user of a provider, registered and signed in. */
async function newcomer(more = {}) {
  const provider = await openIdProvider()
  const ask = workerOf([provider])
  const browser = new Browser(ask)
  const claims = someone(more)
  const page = await browser.signIn(provider, claims, '/write')
  const username = freshName()
  const response = await registerAt(browser, page, { username })
  return { provider, ask, browser, claims, page, username, response }
}

describe('GET /api/identity-providers', () => {
  it('→ an empty list when none is configured', async () => {
    const response = await call('GET', '/api/identity-providers')
    expect([response.status, trips(response), await response.json()]).toEqual([
      200,
      0,
      { providers: [] },
    ])
  })

  it('→ name and label of each, and nothing else', async () => {
    const ask = workerOf([await openIdProvider()])
    const response = await ask('GET', '/api/identity-providers')
    expect(await response.json()).toEqual({ providers: [{ name: 'acme', label: 'acme' }] })
  })
})

describe('a new user', () => {
  it('chooses a username on /welcome, and is signed in', async () => {
    const { browser, claims, page, username, response, provider } = await newcomer({ name: 'Ann' })
    expect(page.path).toBe('/welcome')
    expect(page.fragment).toMatchObject({
      provider: 'acme',
      email: claims.email,
      email_verified: 'true',
      name: 'Ann',
      next: '/write',
    })
    expect([response.status, trips(response)]).toEqual([201, 2])
    const { access_token, user } = await response.json<SignedIn>()
    expect(user).toMatchObject({ username, email: claims.email, email_verified: true })
    expect(claimsOf(access_token)).toMatchObject({ amr: ['fed'], acr: '1fa' })
    expect((await me(access_token)).status).toBe(200)
    expect(browser.session).toBeDefined()
    expect(browser.flow).toBeUndefined()
    expect(await eventsOf(user.id)).toEqual(['registered', 'identity_linked', 'login'])
    const row = await env.DB.prepare('select * from identities where user_id = ?')
      .bind(user.id)
      .first()
    expect(row).toMatchObject({
      issuer: provider.issuer,
      subject: claims.sub,
      provider: 'acme',
      email: claims.email,
    })
    const account = await env.DB.prepare('select has_password from users where id = ?')
      .bind(user.id)
      .first()
    expect(account).toEqual({ has_password: 0 })
  })

  it('returns to the requested page with a session at the next sign-in', async () => {
    const { ask, provider, claims, response } = await newcomer()
    const { user } = await response.json<SignedIn>()
    const browser = new Browser(ask)
    const location = await browser.start('acme', '/posts/1?a=b')
    const answer = await browser.callback(provider.authorize(location, claims))
    expect(trips(answer)).toBe(2)
    const page = pageOf(answer)
    expect([page.path, page.query]).toEqual(['/posts/1', { a: 'b' }])
    const refreshed = await browser.send('POST', '/api/session/refresh', { json: {} })
    expect((await refreshed.json<SignedIn>()).user.id).toBe(user.id)
    expect(await eventsOf(user.id)).toEqual(['registered', 'identity_linked', 'login', 'login'])
  })

  it('needs a second factor if the account has one, whatever amr the provider states', async () => {
    const { ask, provider, claims, response } = await newcomer()
    const { user } = await response.json<SignedIn>()
    const { secret } = await giveTotp(user.id)
    const browser = new Browser(ask)
    const page = await browser.signIn(
      provider,
      { ...claims, amr: ['mfa', 'otp'], acr: 'mfa' },
      '/write',
    )
    expect([page.path, page.query]).toEqual(['/sign-in', { next: '/write' }])
    expect(page.fragment).toMatchObject({ methods: 'totp recovery', expires_in: '300' })
    expect(browser.session).toBeUndefined()
    const json = { pending_token: page.fragment.pending, code: codeOf(secret) }
    const finished = await browser.send('POST', '/api/session/factor', { json })
    const { access_token } = await finished.json<SignedIn>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['fed', 'otp', 'mfa'], acr: 'mfa' })
  })
})

describe('GET /api/identity-providers/{provider}/sign-in', () => {
  it('needs no round trip to D1, and asks the provider for its metadata once an hour', async () => {
    const provider = await openIdProvider()
    const browser = new Browser(workerOf([provider]))
    for (let round = 0; round < 3; round++) {
      const response = await browser.send('GET', '/api/identity-providers/acme/sign-in')
      expect([response.status, trips(response)]).toEqual([303, 0])
    }
    expect(provider.requests).toEqual(['GET /.well-known/openid-configuration'])
  })

  it('→ the sign-in page for a provider that is not configured', async () => {
    const page = pageOf(await call('GET', '/api/identity-providers/nope/sign-in'))
    expect([page.path, page.query]).toEqual(['/sign-in', { problem: 'provider-unknown' }])
    const odd = pageOf(await call('GET', '/api/identity-providers/N%20o/sign-in'))
    expect(odd.query).toEqual({ problem: 'provider-unknown' })
  })
})

describe('POST /api/identity-providers/{provider}/registration', () => {
  it('works once', async () => {
    const { browser, page } = await newcomer()
    browser.flow = 'A'.repeat(22)
    await expectProblem(await registerAt(browser, page), 400, 'registration-ended')
  })
})
