/// <reference types="vite/types/importMeta.d.ts" />
// Every way in ends in startSession(), so none skips the second factor. The list of ways is derived
// from /openapi.json and the OAuth metadata: a new way that is not walked here fails the test.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call } from '../support/client'
import { codeOf, giveTotp } from '../support/factors'
import { Browser, pageOf, registerAt, storeIdentity, workerOf } from '../support/identity-browser'
import { catchOutgoing, openIdProvider, someone } from '../support/identity-provider'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import { apiDocument, type Operation } from '../support/openapi'
import { assertionOf, type PasskeyHolder, passkeyHolder, sendAssertion } from '../support/passkeys'
import { expectOAuthError, expectProblem, oauthToken, refresh } from '../support/sign-in'
import { clickLink, mailedLink } from '../support/sign-in-links'
import { PASSWORD } from '../support/users'

catchMails()
catchOutgoing()

/** A user with a passkey, an authenticator app, and a session from before the second factors. */
interface Ann extends PasskeyHolder {
  secret: Uint8Array
}
/** Tries to get a session with the first factor alone, then with both, as far as the way allows. */
type Way = (ann: Ann) => Promise<void>

const cookieOfAnn = ({ refreshToken }: Ann) => `__Host-gatepost=${refreshToken}`
const passwordSignIn = ({ email }: Ann) =>
  call('POST', '/api/session', { json: { login: email, password: PASSWORD } })

const ways: Record<string, Way> = {
  createSession: async (ann) => {
    await expectProblem(await passwordSignIn(ann), 401, 'second-factor-required')
  },
  createToken: async ({ email }) => {
    const form = { username: email, password: PASSWORD, scope: 'account' }
    const response = await call('POST', '/api/users/token', { form })
    await expectProblem(response, 401, 'second-factor-required')
  },
  oauthToken: async (ann) => {
    for (const grant of Object.values(grants)) await grant(ann)
  },
  finishSession: async (ann) => {
    const half = await (await passwordSignIn(ann)).json<{ pending_token: string }>()
    const json = { ...half, code: codeOf(ann.secret) }
    const send = ({ pending_token, code }: typeof json) =>
      call('POST', '/api/session/factor', { json: { pending_token, code } })
    await expectProblem(await send({ ...json, pending_token: ann.token }), 401, 'pending-ended')
    expect((await send(json)).status).toBe(200)
  },
  createPasskeySession: async ({ passkey }) => {
    const unverified = await assertionOf(passkey, { userVerified: false })
    await expectProblem(await sendAssertion(unverified), 401, 'passkey-rejected')
    expect((await sendAssertion(await assertionOf(passkey))).status).toBe(200)
  },
  // Sets the cookie of a browser, which is no session.
  requestSignInLink: async ({ email }) => {
    const { cookie } = await mailedLink(email)
    expect((await call('POST', '/api/session/refresh', { json: {}, cookie })).status).toBe(401)
  },
  useSignInLink: async ({ email, secret }) => {
    const { token, cookie, code } = await mailedLink(email)
    await expectProblem(await clickLink(token, undefined, codeOf(secret)), 401, 'wrong-code')
    await expectProblem(await clickLink(token, cookie), 401, 'second-factor-required')
    await expectProblem(await clickLink(token, cookie, code), 400, 'invalid-token')
  },
  // These set the cookie of a flow, which is no session.
  startIdentitySignIn: async (ann) => {
    const { browser } = await linkedIdentity(ann)
    await browser.start()
    expect((await browser.send('POST', '/api/session/refresh', { json: {} })).status).toBe(401)
  },
  linkIdentity: async (ann) => {
    const { browser } = await linkedIdentity(ann)
    const { token } = ann
    const response = await browser.send('POST', '/api/users/me/identities/acme', { token })
    await expectProblem(response, 401, 'step-up-required')
    expect(browser.flow).toBeUndefined()
  },
  finishIdentitySignIn: async (ann) => {
    const { page, browser } = await signInAtProvider(ann)
    expect([page.path, page.fragment.methods]).toEqual(['/sign-in', 'totp passkey recovery'])
    expect(browser.session).toBeUndefined()
  },
  finishIdentitySignInForm: async (ann) => {
    const { browser, provider, claims } = await linkedIdentity(ann)
    const form = provider.authorize(await browser.start(), claims)
    const path = '/api/identity-providers/acme/callback'
    const page = pageOf(await browser.send('POST', path, { form }))
    expect([page.path, page.fragment.methods]).toEqual(['/sign-in', 'totp passkey recovery'])
    expect(browser.session).toBeUndefined()
  },
  // Makes an account, which has no second factor yet.
  registerWithIdentity: async (ann) => {
    const { browser, provider } = await linkedIdentity(ann)
    const page = await browser.signIn(provider, someone())
    expect((await registerAt(browser, page)).status).toBe(201)
  },
  // These continue a session. They start none, and raise no level.
  refreshSession: async (ann) => {
    const cookie = cookieOfAnn(ann)
    expect((await call('POST', '/api/session/refresh', { json: {}, cookie })).status).toBe(200)
  },
  confirmSession: async (ann) => {
    const json = { password: PASSWORD }
    const { token } = ann
    expect((await call('POST', '/api/session/confirm', { token, json })).status).toBe(200)
  },
  deleteSession: async () => undefined,
}

/** A provider at which Ann has a linked identity, and a browser. */
async function linkedIdentity({ id }: Ann) {
  const provider = await openIdProvider()
  const claims = someone({ amr: ['mfa'], acr: 'mfa' })
  await storeIdentity(id, provider.issuer, claims.sub, 'acme')
  return { provider, claims, browser: new Browser(workerOf([provider])) }
}
async function signInAtProvider(ann: Ann) {
  const { browser, provider, claims } = await linkedIdentity(ann)
  return { browser, page: await browser.signIn(provider, claims) }
}

const grants: Record<string, Way> = {
  password: async ({ username }) => {
    const form = { grant_type: 'password', username, password: PASSWORD }
    await expectOAuthError(await oauthToken(form), 'mfa_required')
  },
  refresh_token: async ({ refreshToken }) => {
    await refresh(refreshToken)
  },
  'urn:gatepost:params:oauth:grant-type:second-factor': async ({ token, secret }) => {
    const grant_type = 'urn:gatepost:params:oauth:grant-type:second-factor'
    const form = { grant_type, mfa_token: token, otp: codeOf(secret) }
    await expectOAuthError(await oauthToken(form), 'invalid_grant')
  },
}

/** Ways to change what signs in. They start no session, and the second factor stays. */
const detours: Record<string, Way> = {
  'a change of address': async (ann) => {
    const email = `moved-${ann.email}`
    const json = { email, password: PASSWORD }
    expect((await call('PUT', '/api/users/me/email', { token: ann.token, json })).status).toBe(202)
    const token = tokenIn(await nextMail(email, /confirm/i))
    const used = await call('POST', '/api/users/verify-email', { json: { token } })
    expect([used.status, used.headers.getSetCookie()]).toEqual([204, []])
    ann.email = email
  },
  'a reset': async (ann) => {
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const token = tokenIn(await nextMail(ann.email, /reset/i))
    const json = { token, new_password: PASSWORD }
    const used = await call('POST', '/api/users/reset-password', { json })
    expect([used.status, used.headers.getSetCookie()]).toEqual([204, []])
  },
}

/** Whether a success of an operation carries an access token or sets the cookie of a session. */
async function yieldsSession({ responses }: Operation): Promise<boolean> {
  const { schemas } = (await apiDocument()).components
  return Object.entries(responses)
    .filter(([status]) => /^[23]/.test(status))
    .some(([, { headers = {}, content = {} }]) => {
      const hasToken = Object.values(content).some(({ schema }) => {
        const name = schema.$ref?.split('/').at(-1) ?? ''
        return 'access_token' in (schemas[name]?.properties ?? schema.properties ?? {})
      })
      return hasToken || 'Set-Cookie' in headers
    })
}

async function holder(): Promise<Ann> {
  const ann = await passkeyHolder()
  const { secret } = await giveTotp(ann.id)
  await env.DB.prepare("update users set factors = 'totp passkey' where id = ?").bind(ann.id).run()
  return { ...ann, secret }
}

/** The levels of the sessions of a user but those in `known`. */
async function newSessions(id: number, known: Set<unknown>) {
  const { results } = await env.DB.prepare('select id, amr from sessions where user_id = ?')
    .bind(id)
    .all<{ id: string; amr: string }>()
  return results.filter((row) => !known.has(row.id))
}
const allSessions = async (id: number) =>
  new Set((await newSessions(id, new Set())).map((row) => row.id))

it('the ways that this test walks are all that the API has', async () => {
  const operations = Object.values((await apiDocument()).paths).flatMap(Object.values<Operation>)
  const found: string[] = []
  for (const operation of operations)
    if (await yieldsSession(operation)) found.push(operation.operationId)
  expect(found.sort()).toEqual(Object.keys(ways).sort())
  const metadata = await call('GET', '/.well-known/oauth-authorization-server')
  const { grant_types_supported } = await metadata.json<{ grant_types_supported: string[] }>()
  expect(grant_types_supported.sort()).toEqual(Object.keys(grants).sort())
})

it('every way to sign in requires the second factor before a session starts', async () => {
  for (const [name, way] of Object.entries(ways)) {
    const ann = await holder()
    const before = await allSessions(ann.id)
    await way(ann)
    for (const { amr } of await newSessions(ann.id, before))
      expect(amr.split(' '), name).toContain('mfa')
  }
})

it('a change of address and a reset start no session, and every way still requires it afterwards', async () => {
  for (const [name, detour] of Object.entries(detours)) {
    const ann = await holder()
    const before = await allSessions(ann.id)
    await detour(ann)
    expect(await newSessions(ann.id, before), name).toEqual([])
    await expectProblem(await passwordSignIn(ann), 401, 'second-factor-required')
  }
})

it('one statement of the source inserts sessions', () => {
  const sources = import.meta.glob<string>('../../src/**/*.ts', {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  expect(Object.keys(sources).length).toBeGreaterThan(150)
  const inserting = Object.entries(sources)
    .filter(([, text]) => /\binsert(?:Select)?\(\s*sessions\b|insert into sessions/i.test(text))
    .map(([path]) => path)
  expect(inserting).toEqual(['../../src/sessions/start/statements.ts'])
})
