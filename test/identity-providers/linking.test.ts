/** Identities of a signed-in user: connected, listed and disconnected. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { later, restoreClock } from '../support/clock'
import { codeOf, giveTotp } from '../support/factors'
import {
  Browser,
  identitiesAt,
  identityUser,
  pageOf,
  storeIdentity,
  workerOf,
} from '../support/identity-browser'
import { catchOutgoing, openIdProvider, someone } from '../support/identity-provider'
import { catchMails, mailsTo, nextMail } from '../support/mailbox'
import { addPasskey } from '../support/passkeys'
import { expectDead, expectProblem, me } from '../support/sign-in'
import { admin, disable, eventsOf, person, proven, signIn } from '../support/users'

catchMails()
catchOutgoing()
restoreClock()

const PATH = '/api/users/me/identities'

/** A user with a password and a proven address, and a provider. */
async function connecting() {
  const provider = await openIdProvider()
  const ask = workerOf([provider])
  const ann = await proven()
  return { ...ann, provider, ask, browser: new Browser(ask) }
}
type Connecting = Awaited<ReturnType<typeof connecting>>

/** Where the user agrees. */
async function redirectOf(
  { browser, token }: Pick<Connecting, 'browser' | 'token'>,
  name = 'acme',
) {
  const response = await browser.send('POST', `${PATH}/${name}`, { token })
  expect(response.status, await response.clone().text()).toBe(200)
  return (await response.json<{ redirect_to: string }>()).redirect_to
}

/** The page at the end of a connection. */
async function connect(ann: Connecting, claims = someone()) {
  const parameters = ann.provider.authorize(await redirectOf(ann), claims)
  return pageOf(await ann.browser.callback(parameters, ann.provider.name))
}

/** Makes the sessions of a user those of a passkey, which has both factors. */
const signedInWithPasskey = (id: number) =>
  env.DB.prepare("update sessions set amr = 'swk user mfa' where user_id = ?").bind(id).run()

interface Listed {
  identities: { id: string; provider: string; label: string; email: string; usable: boolean }[]
}
const list = async ({ ask, token }: Pick<Connecting, 'ask' | 'token'>) =>
  (await (await ask('GET', PATH, { token })).json<Listed>()).identities

describe('POST /api/users/me/identities/{provider}', () => {
  it('connects an identity, which then signs in; the owner gets an event and a mail', async () => {
    const ann = await connecting()
    const claims = someone({ email: 'private@relay.example' })
    const page = await connect(ann, claims)
    expect([page.path, page.query]).toEqual(['/account/security', { linked: 'acme' }])
    expect(ann.browser.flow).toBeUndefined()
    expect(await list(ann)).toMatchObject([
      { provider: 'acme', label: 'acme', email: claims.email, usable: true },
    ])
    expect(await eventsOf(ann.id)).toContain('identity_linked')
    await nextMail(ann.email, /acme account was connected/)
    expect(mailsTo(claims.email)).toEqual([])
    const other = new Browser(ann.ask)
    expect((await other.signIn(ann.provider, claims, '/write')).path).toBe('/write')
    // The session of the user goes on, and its address stays.
    expect(await (await me(ann.token)).json()).toMatchObject({ id: ann.id, email: ann.email })
  })

  it('connects the same identity twice without an effect', async () => {
    const ann = await connecting()
    const claims = someone()
    for (let round = 0; round < 2; round++)
      expect((await connect(ann, claims)).query).toEqual({ linked: 'acme' })
    expect((await eventsOf(ann.id)).filter((type) => type === 'identity_linked')).toHaveLength(1)
    expect(await list(ann)).toHaveLength(1)
  })

  it('→ identity-taken for an identity of another account', async () => {
    const ann = await connecting()
    const eve = await identityUser({ provider: ann.provider })
    const page = await connect(ann, eve.claims)
    expect([page.path, page.query]).toEqual([
      '/account/security',
      { problem: 'identity-taken', provider: 'acme' },
    ])
    expect(await identitiesAt(ann.provider.issuer)).toMatchObject([{ user_id: eve.id }])
  })

  it('→ 401 step-up-required for an old session, and without the second factor', async () => {
    const ann = await connecting()
    await giveTotp(ann.id)
    const { token } = ann
    await expectProblem(await ann.ask('POST', `${PATH}/acme`, { token }), 401, 'step-up-required')
    const bob = await connecting()
    later(301_000)
    const response = await bob.ask('POST', `${PATH}/acme`, { token: bob.token })
    await expectProblem(response, 401, 'step-up-required')
  })

  it('→ 403, 404, 409, 422 and 503 with the reason', async () => {
    const ann = await connecting()
    const { token } = ann
    const send = (provider: string) => ann.ask('POST', `${PATH}/${provider}`, { token })
    await expectProblem(await send('nope'), 404, 'provider-unknown')
    for (const provider of ['N%20o', 'Acme', 'a'.repeat(31), '1', '%00'])
      await expectProblem(await send(provider), 422, 'invalid-request')
    ann.provider.tampering = { respond: () => new Response('down', { status: 502 }) }
    await expectProblem(await send('acme'), 503, 'provider-unavailable')
    ann.provider.tampering = {}
    const bob = await person('bob')
    const unproven = await ann.ask('POST', `${PATH}/acme`, { token: bob.token })
    await expectProblem(unproven, 403, 'email-not-verified')
    for (let i = 0; i < 20; i++)
      await storeIdentity(ann.id, `https://x${ann.id}.example`, `s${i}`, 'x')
    await expectProblem(await send('acme'), 409, 'too-many-identities')
  })

  it('connects nothing to a session that has ended, or to a user of another session', async () => {
    const ann = await connecting()
    const location = await redirectOf(ann)
    await call('POST', '/oauth/revoke', { form: { token: ann.refreshToken } })
    const page = pageOf(await ann.browser.callback(ann.provider.authorize(location, someone())))
    expect(page.query).toMatchObject({ problem: 'session-ended' })

    const bob = await connecting()
    const bobs = await redirectOf(bob)
    const json = { login: bob.email, password: bob.password }
    await bob.browser.send('POST', '/api/session', { json })
    const after = pageOf(await bob.browser.callback(bob.provider.authorize(bobs, someone())))
    expect(after.query).toMatchObject({ problem: 'identity-flow-ended' })

    // The flow of an attacker in the browser of a victim: there is no such cookie.
    const eve = await connecting()
    const parameters = eve.provider.authorize(await redirectOf(eve), someone())
    const victim = pageOf(await new Browser(eve.ask).callback(parameters))
    expect(victim.query).toMatchObject({ problem: 'identity-flow-ended' })
    for (const { provider } of [ann, bob, eve])
      expect(await identitiesAt(provider.issuer)).toEqual([])
  })

  it('connects an identity once in eight parallel responses of two accounts', async () => {
    const provider = await openIdProvider()
    const ask = workerOf([provider])
    const claims = someone()
    const users = await Promise.all([proven('ann'), proven('bob')])
    const pages = await Promise.all(
      [0, 1, 2, 3].flatMap(() =>
        users.map(async ({ token }) => {
          const browser = new Browser(ask)
          const location = await redirectOf({ browser, token })
          return pageOf(await browser.callback(provider.authorize(location, claims)))
        }),
      ),
    )
    expect(await identitiesAt(provider.issuer)).toHaveLength(1)
    const linked = pages.filter(({ query }) => query.linked)
    expect(linked.length).toBeGreaterThanOrEqual(1)
    const events = (await Promise.all(users.map(({ id }) => eventsOf(id)))).flat()
    expect(events.filter((type) => type === 'identity_linked')).toHaveLength(1)
  })
})

describe('GET /api/users/me/identities', () => {
  it('→ 200 with usable: false for a provider that PROVIDERS no longer has', async () => {
    const ann = await connecting()
    await connect(ann)
    const other = await openIdProvider()
    for (const ask of [call, workerOf([other])]) {
      const [identity] = await list({ ...ann, ask })
      expect(identity).toMatchObject({ provider: 'acme', usable: false })
    }
  })
})

describe('DELETE /api/users/me/identities/{id}', () => {
  const remove = ({ ask, token }: Pick<Connecting, 'ask' | 'token'>, id: string | undefined) =>
    ask('DELETE', `${PATH}/${id}`, { token })

  it('→ 204: the identity no longer signs in, other sessions end, the owner gets a mail', async () => {
    const ann = await connecting()
    const claims = someone()
    await connect(ann, claims)
    const other = await signIn(ann.email)
    const [identity] = await list(ann)
    const response = await remove(ann, identity?.id)
    expect([response.status, trips(response)]).toEqual([204, 1])
    expect(await list(ann)).toEqual([])
    await expectDead(other)
    expect((await me(ann.token)).status).toBe(200)
    expect(await eventsOf(ann.id)).toContain('identity_unlinked')
    await nextMail(ann.email, /acme account was disconnected/)
    const page = await new Browser(ann.ask).signIn(ann.provider, claims)
    expect(page.path).toBe('/welcome')
    await expectProblem(await remove(ann, identity?.id), 404, 'identity-not-found')
  })

  it('→ 404 for the identity of another user', async () => {
    const ann = await connecting()
    await connect(ann)
    const eve = await connecting()
    const [identity] = await list(ann)
    await expectProblem(await remove(eve, identity?.id), 404, 'identity-not-found')
    expect(await list(ann)).toHaveLength(1)
  })

  it('→ 409 last-way-in for the last way to sign in, until there is another one', async () => {
    const ann = await identityUser()
    const [identity] = await list(ann)
    await expectProblem(await remove(ann, identity?.id), 409, 'last-way-in')
    // Identities of a provider that is gone, and passkeys of a former domain, start no session.
    await storeIdentity(ann.id, 'https://gone.example', `${ann.id}`, 'gone')
    await env.DB.prepare(
      "insert into passkeys values (?, ?, x'00', 0, 1, 1, '', '', 'former.example', 'x', 0, null)",
    )
      .bind(`former${ann.id}`, ann.id)
      .run()
    await expectProblem(await remove(ann, identity?.id), 409, 'last-way-in')
    await addPasskey(ann.token, {}, ann.ask)
    const refreshed = await ann.browser.send('POST', '/api/session/refresh', { json: {} })
    expect(refreshed.status).toBe(200)
    await signedInWithPasskey(ann.id)
    expect((await remove(ann, identity?.id)).status).toBe(204)
  })

  it('keeps the last passkey where no provider of an identity is left', async () => {
    const ann = await identityUser()
    const { passkey } = await addPasskey(ann.token, {}, ann.ask)
    await signedInWithPasskey(ann.id)
    const path = `/api/users/me/passkeys/${passkey.id}`
    await expectProblem(await call('DELETE', path, { token: ann.token }), 409, 'last-way-in')
    expect((await ann.ask('DELETE', path, { token: ann.token })).status).toBe(204)
  })
})

it('of the last two ways to sign in, parallel requests remove one', async () => {
  for (let round = 0; round < 6; round++) {
    const ann = await identityUser()
    const { passkey } = await addPasskey(ann.token, {}, ann.ask)
    await signedInWithPasskey(ann.id)
    const [identity] = await list(ann)
    const paths = [`${PATH}/${identity?.id}`, `/api/users/me/passkeys/${passkey.id}`]
    const responses = await Promise.all(
      [...paths, ...paths].map((path) => ann.ask('DELETE', path, { token: ann.token })),
    )
    const statuses = responses.map(({ status }) => status)
    expect(statuses.filter((status) => status === 204)).toHaveLength(1)
    expect(statuses).toContain(409)
    const left =
      'select (select count(*) from identities where user_id = ?1) + (select count(*) from passkeys where user_id = ?1) as n'
    expect(await env.DB.prepare(left).bind(ann.id).first('n')).toBe(1)
  }
})

it('the deletion of an account removes its identities, which can then register again', async () => {
  const ann = await identityUser()
  const { token } = ann
  const deleted = await ann.ask('POST', '/api/users/me/deletion', { token, json: {} })
  expect(deleted.status).toBe(204)
  expect(await identitiesAt(ann.provider.issuer)).toEqual([])
  expect((await new Browser(ann.ask).signIn(ann.provider, ann.claims)).path).toBe('/welcome')
})

it('the export has the identities of the user, with issuer and subject', async () => {
  const ann = await identityUser()
  const { token } = ann
  const { identities } = await (await ann.ask('GET', '/api/users/me/export', { token })).json<{
    identities: object[]
  }>()
  const { sub: subject, email } = ann.claims
  const { issuer } = ann.provider
  expect(identities).toMatchObject([{ provider: 'acme', issuer, subject, email, usable: true }])
})

it('an admin sees the identities of a user, and a removal of factors leaves them', async () => {
  const ann = await identityUser()
  const root = await admin()
  const { secret } = await giveTotp(root.id)
  const { token } = await signIn(root.email, root.password, { otp: codeOf(secret) })
  const path = `/api/admin/users/${ann.id}/factors`
  const removed = await ann.ask('POST', `${path}/removal`, { token })
  expect(removed.status).toBe(204)
  expect(await (await ann.ask('GET', path, { token })).json()).toMatchObject({
    totp: false,
    passkeys: 0,
    has_password: false,
    identities: [{ provider: 'acme', email: ann.claims.email, usable: true }],
  })
  const unknown = await ann.ask('GET', '/api/admin/users/999999999/factors', { token })
  await expectProblem(unknown, 404, 'user-not-found')
})

it('→ identity-rejected for a disabled user, as for a response that fails a check', async () => {
  const ann = await identityUser()
  await disable(ann.id)
  const browser = new Browser(ann.ask)
  const page = await browser.signIn(ann.provider, ann.claims)
  expect([page.query.problem, browser.session]).toEqual(['identity-rejected', undefined])
})
