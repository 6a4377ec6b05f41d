/**
 * The D1 round trips of each operation when it succeeds. `checkAnswer` checks those of the rest.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Call, call, trips } from '../support/client'
import { codeOf, decodeBase32, giveTotp } from '../support/factors'
import { Browser, locationOf, pageOf, registerAt, workerOf } from '../support/identity-browser'
import { catchOutgoing, openIdProvider, someone } from '../support/identity-provider'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import { apiDocument, maxTrips } from '../support/openapi'
import { type Sample, samples } from '../support/openapi-samples'
import { type CreationOptions, softwarePasskey } from '../support/passkeys'
import { browserSignIn, cookieOf, sessionIdOf } from '../support/sign-in'
import { linkCookieOf } from '../support/sign-in-links'
import { admin, freshName, PASSWORD, person, proven, register, signIn } from '../support/users'

catchMails()
catchOutgoing()

let of: Record<string, Sample>
beforeAll(async () => {
  of = Object.fromEntries(samples(await apiDocument()).map((s) => [s.operation.operationId, s]))
})

/** The trips of each operation, by its id. */
const table: Record<string, number> = {}

/** Sends the sample of the document, or the given request; the response must be a success. */
async function ask(operationId: string, more: Call = {}, id?: string | number) {
  const sample = of[operationId]
  if (!sample) throw new Error(`no operation ${operationId}`)
  const path =
    id === undefined ? sample.path : sample.path.replace(/\/(?:1|A{22})(?=\/|$)/, `/${id}`)
  const response = await call(sample.method, path, { ...sample.options, ...more })
  expect(response.ok, `${operationId}: ${response.status} ${await response.clone().text()}`).toBe(
    true,
  )
  table[operationId] = trips(response)
  return response
}

/** Asks for a sign-in link, and uses it. */
async function linkRoutes(email: string) {
  await ask('readEmailSignIn')
  const asked = await ask('requestSignInLink', { json: { email } })
  const token = tokenIn(await nextMail(email, 'Your sign-in link'))
  await ask('useSignInLink', { json: { token }, cookie: linkCookieOf(asked) })
}

/** Sets up an authenticator app, signs in with a recovery code, and removes the app. */
async function factorRoutes(login: string, token: string) {
  const setUp = await (await ask('setUpTotp', { token })).json<{ secret: string }>()
  const code = codeOf(decodeBase32(setUp.secret))
  await ask('confirmTotp', { token, json: { code } })
  await ask('readFactors', { token })
  const made = await ask('makeRecoveryCodes', { token })
  const { recovery_codes } = await made.json<{ recovery_codes: [string] }>()
  const half = await call('POST', '/api/session', { json: { login, password: PASSWORD } })
  const { pending_token } = await half.json<{ pending_token: string }>()
  expect([half.status, trips(half)]).toEqual([401, 2])
  await ask('finishSession', { json: { pending_token, code: recovery_codes[0] } })
  await ask('removeTotp', { token })
}

/** Adds a passkey, signs in with it, confirms with it, and removes it. */
async function passkeyRoutes() {
  const { token } = await proven()
  const passkey = await softwarePasskey()
  const creation = await ask('createPasskeyOptions', { token })
  const { challenge, user } = await creation.json<CreationOptions>()
  const registration = await passkey.register({ challenge, userHandle: user.id })
  await ask('addPasskey', { token, json: { credential: registration } })
  await ask('readPasskeys', { token })
  await ask('changePasskey', { token }, passkey.id)
  const signIn = await (await ask('createSignInOptions')).json<{ challenge: string }>()
  const assertion = await passkey.assert(signIn)
  await ask('createPasskeySession', { json: { credential: assertion } })
  const confirmation = await ask('createConfirmationOptions', { token })
  const confirmed = await passkey.assert(await confirmation.json<{ challenge: string }>())
  const json = { credential: confirmed }
  const response = await call('POST', '/api/session/confirm', { token, json })
  expect([response.status, trips(response)]).toEqual([200, 2])
  await ask('deletePasskey', { token }, passkey.id)
}

/** Registers with an identity, signs in with it, links another one and unlinks it. */
async function identityRoutes() {
  const [provider, other] = [await openIdProvider(), await openIdProvider({ name: 'other' })]
  const worker = workerOf([provider, other])
  const browser = new Browser(worker)
  const record = (operationId: string, response: Response) => {
    expect(response.status, operationId).toBeLessThan(400)
    table[operationId] = trips(response)
    return response
  }
  const base = '/api/identity-providers'
  record('readProviders', await browser.send('GET', base))
  const claims = someone()
  const start = record('startIdentitySignIn', await browser.send('GET', `${base}/acme/sign-in`))
  const form = provider.authorize(locationOf(start), claims)
  const welcome = pageOf(await browser.callback(form))
  record('registerWithIdentity', await registerAt(browser, welcome))
  const again = provider.authorize(await browser.start(), claims)
  const callback = await browser.send('POST', `${base}/acme/callback`, { form: again })
  record('finishIdentitySignInForm', callback)
  const third = provider.authorize(await browser.start(), claims)
  record('finishIdentitySignIn', await browser.callback(third))
  expect(table.finishIdentitySignIn).toBe(2)
  const own = { token: await signedIn(browser) }
  const path = '/api/users/me/identities'
  const link = await browser.send('POST', `${path}/other`, own)
  const { redirect_to } = await record('linkIdentity', link).json<{ redirect_to: string }>()
  const linked = await browser.callback(other.authorize(redirect_to, someone()), 'other')
  expect([pageOf(linked).query, trips(linked)]).toEqual([{ linked: 'other' }, 1])
  const list = record('readIdentities', await browser.send('GET', path, own))
  const { identities } = await list.json<{ identities: { id: string }[] }>()
  const last = identities.at(-1)?.id
  record('unlinkIdentity', await browser.send('DELETE', `${path}/${last}`, own))
}

/** The access token of the session of a browser. */
async function signedIn(browser: Browser): Promise<string> {
  const response = await browser.send('POST', '/api/session/refresh', { json: {} })
  return (await response.json<{ access_token: string }>()).access_token
}

describe('the trips to D1', () => {
  it('of every operation are those of its documentation', async () => {
    const username = freshName()
    const json = { username, email: `${username}@example.com`, password: PASSWORD }
    const { id } = await (await ask('register', { json })).json<{ id: number }>()
    const link = { token: tokenIn(await nextMail(json.email, /confirm/i)) }
    await ask('previewVerification', { json: link })
    await ask('verifyEmail', { json: link })
    const { email: unknown } = await register('carl')
    const unwanted = { token: tokenIn(await nextMail(unknown, /confirm/i)) }
    await ask('disownVerification', { json: unwanted })

    const credentials = { username, password: PASSWORD }
    await ask('createToken', { form: credentials })
    await ask('oauthToken', { form: { grant_type: 'password', ...credentials } })
    const { token, refreshToken } = await signIn(username)
    const refreshForm = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const refreshed = await call('POST', '/oauth/token', { form: refreshForm })
    expect([refreshed.status, trips(refreshed)]).toEqual([200, 1])
    const session = await ask('createSession', { json: { login: username, password: PASSWORD } })
    const cookie = cookieOf(await ask('refreshSession', { cookie: cookieOf(session) }))
    await ask('deleteSession', { cookie })
    await ask('oauthRevoke', { form: { token: (await signIn(username)).token } })
    await ask('readSessions', { token })
    await ask('endSession', { token }, sessionIdOf((await browserSignIn(username)).token))
    await ask('endOtherSessions', { token })

    await ask('readMe', { token })
    await ask('changeMe', { token, json: { full_name: 'Ann' } })
    await ask('putAvatar', { token })
    const { image_url } = await (await call('GET', '/api/users/me', { token })).json<{
      image_url: string
    }>()
    const shown = await call('GET', new URL(image_url).pathname)
    expect(shown.status).toBe(200)
    table.showAvatar = trips(shown)
    await ask('deleteAvatar', { token })
    await ask('sendVerification', { token })
    await ask('readEvents', { token })
    await ask('exportAccount', { token })

    const post = await (await ask('createPost', { token })).json<{ id: number }>()
    const once = { token, headers: { 'Idempotency-Key': 'once' } }
    for (let round = 0; round < 2; round++) expect(trips(await ask('createPost', once))).toBe(1)
    await ask('readPost', {}, post.id)
    await ask('listPosts')
    await ask('listPostsOfUser', {}, id)
    await ask('replacePost', { token }, post.id)
    await ask('updatePost', { token }, post.id)
    await ask('deletePost', { token }, post.id)

    const change = { current_password: PASSWORD, new_password: `${PASSWORD} 2` }
    await ask('changePassword', { token, json: change })
    const email = `${freshName()}@example.com`
    await ask('changeEmail', { token, json: { email, password: change.new_password } })
    await ask('forgotPassword', { json: { email: json.email } })
    const resetToken = tokenIn(await nextMail(json.email, /reset|forg|choose|new password/i))
    await ask('resetPassword', { json: { token: resetToken, new_password: PASSWORD } })
    await linkRoutes(json.email)
    const last = await signIn(username)
    await ask('confirmSession', { token: last.token, json: { password: PASSWORD } })
    await factorRoutes(username, last.token)
    await ask('deleteAccount', { token: last.token, json: { password: PASSWORD } })

    const [root, bob] = [await admin(), await register('bob')]
    await ask('readUser', {}, bob.id)
    await ask('readUsers', { token: root.token })
    await ask('readUserFactors', { token: root.token }, bob.id)
    await ask('readAllEvents', { token: root.token })
    await ask('changeUser', { token: root.token, json: { role: 'user' } }, bob.id)
    await ask('endUserSessions', { token: root.token }, bob.id)
    const { secret } = await giveTotp(root.id)
    const strong = await signIn(root.email, PASSWORD, { otp: codeOf(secret) })
    await ask('removeUserFactors', { token: strong.token }, bob.id)
    for (const id of ['health', 'ready', 'describeApi', 'oauthMetadata', 'jwks']) await ask(id)
    await passkeyRoutes()
    await ask('relatedOrigins')
    await identityRoutes()

    const promised = Object.keys(of).map((id) => [id, maxTrips(id)])
    expect(Object.keys(table).sort()).toEqual(Object.keys(of).sort())
    for (const [id, most] of promised as [string, number][]) {
      expect(table[id], id).toBeLessThanOrEqual(most)
    }
  })

  it('of a failed sign-in is one, at every endpoint', async () => {
    const ann = await person()
    const wrong = 'not this password'
    for (const response of [
      await call('POST', '/api/users/token', { form: { username: ann.email, password: wrong } }),
      await call('POST', '/api/session', { json: { login: ann.email, password: wrong } }),
      await call('POST', '/oauth/token', {
        form: { grant_type: 'password', username: ann.email, password: wrong },
      }),
    ]) {
      expect([400, 401]).toContain(response.status)
      expect(trips(response)).toBe(1)
    }
  })
})
