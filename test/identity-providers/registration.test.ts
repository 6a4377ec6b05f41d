/** Registration of a new user who comes from an identity provider. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { later, restoreClock } from '../support/clock'
import {
  Browser,
  identitiesAt,
  identityUser,
  registerAt,
  type SignedIn,
  workerOf,
} from '../support/identity-browser'
import { catchOutgoing, openIdProvider, someone } from '../support/identity-provider'
import { catchMails, mailsTo, nextMail, tokenIn } from '../support/mailbox'
import { claimsOf, expectProblem } from '../support/sign-in'
import { eventsOf, freshName, PASSWORD, register } from '../support/users'

catchMails()
catchOutgoing()
restoreClock()

/** A browser on /welcome. */
async function arrived(claims = {}, settings: Record<string, unknown> = {}) {
  const provider = await openIdProvider()
  const ask = workerOf([provider], settings)
  const browser = new Browser(ask)
  const person = someone(claims)
  const page = await browser.signIn(provider, person)
  expect(page.path).toBe('/welcome')
  return { provider, ask, browser, page, claims: person }
}

describe('POST /api/identity-providers/{provider}/registration', () => {
  it('→ registration-ended in another browser: a link of an attacker registers no account', async () => {
    const { ask, browser, page, provider } = await arrived()
    for (const flow of [undefined, 'A'.repeat(22), 'x']) {
      const victim = new Browser(ask)
      victim.flow = flow
      await expectProblem(await registerAt(victim, page), 400, 'registration-ended')
      expect(victim.session).toBeUndefined()
    }
    expect(await identitiesAt(provider.issuer)).toEqual([])
    expect((await registerAt(browser, page)).status).toBe(201)
  })

  it('→ registration-ended after 15 minutes, for another provider, and for other texts', async () => {
    const other = await openIdProvider({ name: 'other' })
    const { ask, browser, page } = await arrived()
    const both = new Browser(workerOf([other]))
    both.flow = browser.flow
    await expectProblem(await registerAt(both, page, {}, 'other'), 400, 'registration-ended')
    await expectProblem(await registerAt(both, page), 404, 'provider-unknown')
    const fresh = new Browser(ask)
    await fresh.start()
    for (const registration of ['', 'x', 'A'.repeat(4000), fresh.flow]) {
      const response = await registerAt(browser, page, { registration })
      await expectProblem(response, 400, 'registration-ended')
    }
    later(901_000)
    await expectProblem(await registerAt(browser, page), 400, 'registration-ended')
  })

  it('→ 409 for a taken name or address, and the proof still works', async () => {
    const bob = await register('bob')
    const { browser, page } = await arrived()
    const taken = await registerAt(browser, page, { username: bob.username.toUpperCase() })
    await expectProblem(taken, 409, 'username-taken')
    const address = await registerAt(browser, page, { email: bob.email })
    await expectProblem(address, 409, 'email-taken')
    expect((await registerAt(browser, page)).status).toBe(201)
  })

  it('→ 422 for the fields that registration always checks', async () => {
    const { browser, page } = await arrived()
    for (const more of [
      { username: 'a' },
      { username: 'admin' },
      { email: 'no address' },
      { full_name: 'a'.repeat(101) },
      { password: PASSWORD },
      { registration: 'A'.repeat(4001) },
    ])
      await expectProblem(await registerAt(browser, page, more), 422, 'invalid-request')
  })

  it('asks for an address that the provider did not state, and mails a link to it', async () => {
    const { browser, page } = await arrived({ email: undefined })
    const { errors } = await expectProblem(await registerAt(browser, page), 422, 'invalid-request')
    expect(errors).toEqual([{ pointer: '#/email', detail: 'is missing' }])
    const email = `${freshName()}@example.com`
    const { user } = await (await registerAt(browser, page, { email })).json<SignedIn>()
    expect(user).toMatchObject({ email, email_verified: false })
    await nextMail(email, /confirm/i)
  })

  it('accepts another address than the proven one, as unproven', async () => {
    const { browser, page, claims } = await arrived()
    const email = `${freshName()}@example.com`
    const { user } = await (await registerAt(browser, page, { email })).json<SignedIn>()
    expect(user).toMatchObject({ email, email_verified: false })
    expect(mailsTo(claims.email)).toEqual([])
    await nextMail(email, /confirm/i)
  })

  it('accepts the proven address in any case, and a name that the user chooses', async () => {
    const { browser, page, claims } = await arrived()
    const more = { email: claims.email.toUpperCase(), full_name: 'Änn' }
    const { user } = await (await registerAt(browser, page, more)).json<SignedIn>()
    expect(user).toMatchObject({ email_verified: true, full_name: 'Änn' })
    expect(mailsTo(claims.email)).toEqual([])
  })

  it('→ 403 email-not-verified if a proven address is required: the account waits for its link', async () => {
    const { browser, page, provider, claims } = await arrived(
      { email_verified: false },
      { REQUIRE_VERIFIED_EMAIL: 'on' },
    )
    await expectProblem(await registerAt(browser, page), 403, 'email-not-verified')
    expect(browser.session).toBeUndefined()
    const again = await browser.signIn(provider, claims)
    expect(again.query.problem).toBe('email-not-verified')
    const token = tokenIn(await nextMail(claims.email, /confirm/i))
    expect(
      (await browser.send('POST', '/api/users/verify-email', { json: { token } })).status,
    ).toBe(204)
    expect((await browser.signIn(provider, claims, '/write')).path).toBe('/write')
  })

  it('gives the scope account alone while a second factor must be set up first', async () => {
    const { browser, page } = await arrived({}, { SECOND_FACTOR: 'everybody' })
    const { access_token } = await (await registerAt(browser, page)).json<SignedIn>()
    expect(claimsOf(access_token)).toMatchObject({ scope: 'account', acr: '1fa' })
  })

  it('makes one account of eight parallel requests, with one proof or several', async () => {
    const { ask, provider, claims, browser, page } = await arrived()
    const second = new Browser(ask)
    const secondPage = await second.signIn(provider, claims)
    const responses = await Promise.all(
      [0, 1, 2, 3].flatMap(() => [
        registerAt(browser, page, { email: `${freshName()}@example.com` }),
        registerAt(second, secondPage, { email: `${freshName()}@example.com` }),
      ]),
    )
    const statuses = responses.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status >= 500)).toEqual([])
    expect(await identitiesAt(provider.issuer)).toHaveLength(1)
  })

  it('replaces the former session of the browser; the account has no password', async () => {
    const ann = await identityUser()
    const page = await ann.browser.signIn(ann.provider, someone())
    const { user } = await (await registerAt(ann.browser, page)).json<SignedIn>()
    expect(await eventsOf(ann.id)).toContain('logout')
    const json = { login: user.email, password: PASSWORD }
    await expectProblem(await ann.ask('POST', '/api/session', { json }), 401, 'invalid-credentials')
  })

  it('→ 403 cross-site from a page of another site', async () => {
    const { browser, page } = await arrived()
    const json = { registration: page.fragment.registration, username: freshName() }
    const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    const path = '/api/identity-providers/acme/registration'
    await expectProblem(await browser.send('POST', path, { json, headers }), 403, 'cross-site')
  })
})

describe('pre-hijacking', () => {
  /** A squatter registers the address of a victim with an identity that proves no address. */
  async function squatted() {
    const squatter = await openIdProvider({ name: 'squatter', trustsEmail: false })
    const trusted = await openIdProvider()
    const ask = workerOf([squatter, trusted])
    const victim = `${freshName('victim')}@example.com`
    const browser = new Browser(ask)
    const claims = someone({ email: victim })
    const page = await browser.signIn(squatter, claims)
    const { user } = await (await registerAt(browser, page, {}, 'squatter')).json<SignedIn>()
    expect(user).toMatchObject({ email: victim, email_verified: false })
    return { squatter, trusted, ask, victim, browser, claims, user }
  }
  const isOut = async ({ ask, squatter, claims }: Awaited<ReturnType<typeof squatted>>) => {
    const again = new Browser(ask)
    const page = await again.signIn(squatter, claims, '/write')
    expect(again.session).toBeUndefined()
    expect(page.path).not.toBe('/write')
    expect(await identitiesAt(squatter.issuer)).toEqual([])
  }

  it('a squatted account is not linked to the victim who comes with the proven address', async () => {
    const { ask, trusted, victim, user } = await squatted()
    const browser = new Browser(ask)
    const page = await browser.signIn(trusted, someone({ email: victim }))
    expect([page.path, page.query.problem]).toEqual(['/sign-in', 'account-unproven'])
    expect(await identitiesAt(trusted.issuer)).toEqual([])
    const row = await env.DB.prepare('select email_verified from users where id = ?')
      .bind(user.id)
      .first()
    expect(row).toEqual({ email_verified: 0 })
  })

  it('a reset by the victim removes the identity, the password and the sessions of the squatter', async () => {
    const of = await squatted()
    const { ask, victim, browser, trusted } = of
    await ask('POST', '/api/users/forgot-password', { json: { email: victim } })
    const token = tokenIn(await nextMail(victim, /reset/i))
    const json = { token, new_password: PASSWORD }
    expect((await ask('POST', '/api/users/reset-password', { json })).status).toBe(204)
    const refreshed = await browser.send('POST', '/api/session/refresh', { json: {} })
    expect(refreshed.status).toBe(401)
    await isOut(of)
    // The address is proven now: the victim signs in with the password, and connects the provider.
    const page = await new Browser(ask).signIn(trusted, someone({ email: victim }))
    expect(page.query.problem).toBe('account-exists')
  })

  it('disowning the mailed link removes them too', async () => {
    const of = await squatted()
    const token = tokenIn(await nextMail(of.victim, /confirm/i))
    const path = '/api/users/verify-email/disown'
    expect((await of.ask('POST', path, { json: { token } })).status).toBe(204)
    await isOut(of)
  })

  it('a reset of a proven address leaves identities as they are', async () => {
    const ann = await identityUser()
    await ann.ask('POST', '/api/users/forgot-password', { json: { email: ann.claims.email } })
    const token = tokenIn(await nextMail(ann.claims.email, /reset/i))
    const json = { token, new_password: PASSWORD }
    expect((await ann.ask('POST', '/api/users/reset-password', { json })).status).toBe(204)
    expect((await new Browser(ann.ask).signIn(ann.provider, ann.claims, '/write')).path).toBe(
      '/write',
    )
  })

  it('no identity is linked to an account with an unproven address', async () => {
    const { ask, user, browser } = await squatted()
    const refreshed = await browser.send('POST', '/api/session/refresh', { json: {} })
    const { access_token: token } = await refreshed.json<SignedIn>()
    const response = await ask('POST', '/api/users/me/identities/acme', { token })
    await expectProblem(response, 403, 'email-not-verified')
    expect(await eventsOf(user.id)).toEqual(['registered', 'identity_linked', 'login'])
  })
})
