// SECOND_FACTOR: who must have a second factor, and what they can do before they have one.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call, workerWith } from '../support/client'
import { stopClock } from '../support/clock'
import { codeOf, decodeBase32 } from '../support/factors'
import {
  browserSignIn,
  expectOAuthError,
  expectProblem,
  oauthSignIn,
  oauthToken,
  refresh,
  tokens,
} from '../support/sign-in'
import { admin, eventsOf, PASSWORD, person, proveAddress } from '../support/users'

stopClock()

const everybody = workerWith({ SECOND_FACTOR: 'everybody' })
const admins = workerWith({ SECOND_FACTOR: 'admins' })

it('off → no user must have one', async () => {
  const root = await admin()
  expect((await oauthSignIn(root.email)).scope).toBe('posts:write account admin')
})

it('admins → an admin without one gets the scope account alone; users sign in as before', async () => {
  const [root, bob] = [await admin(), await person('bob')]
  expect((await oauthSignIn(root.email, {}, admins)).scope).toBe('account')
  expect((await oauthSignIn(bob.email, {}, admins)).scope).toBe('posts:write account')
})

it('everybody → the scope account at each endpoint, which allows the set-up; the next refresh grants the rest', async () => {
  const ann = await person()
  await proveAddress(ann.id)
  const { body } = await browserSignIn(ann.email, undefined, everybody)
  expect(body).toMatchObject({ scope: 'account' })
  const session = await oauthSignIn(ann.email, {}, everybody)
  expect(session.scope).toBe('account')
  const token = session.access_token
  const json = { title: 'Hello', content: 'World' }
  await expectProblem(
    await everybody('POST', '/api/posts', { token, json }),
    403,
    'insufficient-scope',
  )

  const setUp = await everybody('POST', '/api/users/me/totp', { token })
  const { secret } = await setUp.json<{ secret: string }>()
  const code = { code: codeOf(decodeBase32(secret)) }
  const done = await everybody('POST', '/api/users/me/totp/confirm', { token, json: code })
  expect(done.status).toBe(200)
  const refreshed = await tokens(await refresh(session.refresh_token, {}, everybody))
  expect(refreshed.scope).toBe('posts:write account')
  const post = await everybody('POST', '/api/posts', { token: refreshed.access_token, json })
  expect(post.status).toBe(201)
})

it('everybody → sessions from before are narrowed at their next refresh', async () => {
  const ann = await person()
  const { scope, refresh_token } = await tokens(await refresh(ann.refreshToken, {}, everybody))
  expect(scope).toBe('account')
  expect((await tokens(await refresh(refresh_token))).scope).toBe('posts:write account')
})

it('everybody → a scope without account is refused with the way out', async () => {
  const ann = await person()
  const form = { username: ann.email, password: PASSWORD, scope: 'posts:write' }
  const response = await everybody('POST', '/api/users/token', { form })
  const { detail, errors } = await expectProblem(response, 422, 'invalid-request')
  expect(errors).toEqual([{ pointer: '#/scope', detail: expect.stringContaining('second factor') }])
  expect(detail).toContain('account')
  const oauth = await oauthToken({ grant_type: 'password', ...form }, {}, everybody)
  await expectOAuthError(oauth, 'invalid_scope')
  expect((await eventsOf(ann.id)).slice(-2)).toEqual(['login_refused', 'login_refused'])
})

it('any other value than the three → 503 that names the setting', async () => {
  const response = await workerWith({ SECOND_FACTOR: 'on' })('GET', '/api/posts')
  const { detail } = await expectProblem(response, 503, 'misconfigured')
  expect(detail).toContain('SECOND_FACTOR must be "off", "admins" or "everybody"')
  expect((await call('GET', '/api/posts')).status).toBe(200)
  expect(env.SECOND_FACTOR).toBe('off')
})
