/**
 * Walks every operation of the API document that asks for a token: what it declares is what is
 * enforced.
 */
import { env } from 'cloudflare:workers'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { forge, hmac } from '../support/jwks'
import { apiDocument } from '../support/openapi'
import { type Sample, samples } from '../support/openapi-samples'
import { expectProblem, me, refresh, tokens } from '../support/sign-in'
import { admin, disable, type Person, person, signIn } from '../support/users'

const REALM = 'Bearer realm="gatepost"'

let all: Sample[]
let guarded: Sample[]
let ann: Person
let root: Person
beforeAll(async () => {
  all = samples(await apiDocument())
  guarded = all.filter((sample) => sample.scopes)
  ann = await person()
  root = await admin()
})

const ask = ({ method, path, options }: Sample, token?: string) =>
  call(method, path, { ...options, token })

/** A token of this session that our key signed, with other claims. */
const resigned = (token: string, claims: object) =>
  forge(decodeProtectedHeader(token), { ...decodeJwt(token), ...claims }, hmac(env.JWT_SECRET))

describe('every operation that requires a token', () => {
  it('is in this table, with its scope', () => {
    const table = Object.fromEntries(
      guarded.map(({ operation, scopes }) => [operation.operationId, scopes?.join(' ')]),
    )
    const own = 'account'
    const write = 'posts:write'
    expect(table).toEqual({
      readMe: '',
      changeMe: own,
      changePassword: own,
      changeEmail: own,
      confirmSession: own,
      sendVerification: own,
      readFactors: own,
      setUpTotp: own,
      confirmTotp: own,
      removeTotp: own,
      makeRecoveryCodes: own,
      createConfirmationOptions: own,
      createPasskeyOptions: own,
      addPasskey: own,
      readPasskeys: own,
      changePasskey: own,
      deletePasskey: own,
      linkIdentity: own,
      readIdentities: own,
      unlinkIdentity: own,
      putAvatar: own,
      deleteAvatar: own,
      readSessions: own,
      endSession: own,
      endOtherSessions: own,
      readEvents: own,
      exportAccount: own,
      deleteAccount: own,
      createPost: write,
      replacePost: write,
      updatePost: write,
      deletePost: write,
      readUsers: 'admin',
      readUserFactors: 'admin',
      changeUser: 'admin',
      endUserSessions: 'admin',
      removeUserFactors: 'admin',
      readAllEvents: 'admin',
    })
  })

  it('declares the scope for a bare token and for Authorize alike', () => {
    for (const { operation, scopes } of guarded) {
      expect(operation.security).toEqual([{ bearer: scopes }, { oauth2: scopes }])
    }
  })

  it('→ 401 with a bare challenge without a token, invalid_token for a forged one, without D1', async () => {
    const forged = await forge(
      decodeProtectedHeader(ann.token),
      decodeJwt(ann.token),
      hmac('another secret that is long enough'),
    )
    for (const sample of guarded) {
      for (const [token, challenge, code] of [
        [undefined, REALM, 'unauthenticated'],
        [forged, `${REALM}, error="invalid_token"`, 'invalid-access-token'],
      ] as const) {
        const response = await ask(sample, token)
        const { operationId } = sample.operation
        expect([response.headers.get('WWW-Authenticate'), trips(response)], operationId).toEqual([
          challenge,
          0,
        ])
        await expectProblem(response, 401, code)
      }
    }
  })

  it('→ 403 insufficient_scope for a valid token without its scope, without D1', async () => {
    for (const sample of guarded) {
      const [scope] = sample.scopes ?? []
      if (!scope) continue
      const others = ['posts:write', 'account', 'admin'].filter((name) => name !== scope)
      for (const has of [others.join(' '), '', `${scope}x`, scope.toUpperCase()]) {
        const response = await ask(sample, await resigned(root.token, { scope: has }))
        expect(response.headers.get('WWW-Authenticate'), sample.operation.operationId).toBe(
          `${REALM}, error="insufficient_scope", scope="${scope}"`,
        )
        expect(trips(response)).toBe(0)
        await expectProblem(response, 403, 'insufficient-scope')
      }
    }
  })

  it('→ 401 invalid_token for an ended session, in one trip, and does nothing', async () => {
    const ended = await signIn(root.email)
    await call('POST', '/oauth/revoke', { form: { token: ended.token } })
    const disabled = await admin()
    await disable(disabled.id)
    const count = async () =>
      (await env.DB.prepare('select count(*) as n from events').first<{ n: number }>())?.n
    const before = await count()
    for (const token of [ended.token, disabled.token]) {
      for (const sample of guarded) {
        const response = await ask(sample, token)
        const { operationId } = sample.operation
        expect([response.status, trips(response)], operationId).toEqual([401, 1])
        expect(response.headers.get('WWW-Authenticate')).toBe(`${REALM}, error="invalid_token"`)
      }
    }
    expect(await count()).toBe(before)
  })

  it('of admins → 403 insufficient_scope for a former admin, from the next request', async () => {
    const former = await admin()
    const json = { role: 'user' }
    const path = `/api/admin/users/${former.id}`
    expect((await call('PATCH', path, { token: root.token, json })).status).toBe(200)
    const forAdmins = guarded.filter((sample) => sample.scopes?.includes('admin'))
    expect(forAdmins.length).toBeGreaterThan(3)
    for (const sample of forAdmins) {
      const response = await ask(sample, former.token)
      expect(trips(response)).toBe(1)
      await expectProblem(response, 403, 'insufficient-scope')
    }
    expect((await me(former.token)).status).toBe(200)
    expect((await tokens(await refresh(former.refreshToken))).scope).toBe('posts:write account')
  })

  it('ignores tokens where none is required: an invalid one changes nothing', async () => {
    for (const path of [
      '/health',
      '/api/posts',
      `/api/users/${ann.id}`,
      '/.well-known/jwks.json',
    ]) {
      const response = await call('GET', path, { token: 'x.y.z' })
      expect(response.status).toBe(200)
    }
  })
})

describe('a scope', () => {
  it('permits its own operations and no others', async () => {
    const scoped = async (scope: string) => (await signIn(root.email, undefined, { scope })).token
    const [account, posts, adminOnly] = [
      await scoped('account'),
      await scoped('posts:write'),
      await scoped('admin'),
    ]
    const json = { title: 'A title', content: 'Some content' }
    const allowed = async (token: string) => [
      (await me(token)).status,
      (await call('GET', '/api/users/me/sessions', { token })).status,
      (await call('POST', '/api/posts', { token, json })).status,
      (await call('GET', '/api/admin/users', { token })).status,
    ]
    expect(await allowed(account)).toEqual([200, 200, 403, 403])
    expect(await allowed(posts)).toEqual([200, 403, 201, 403])
    expect(await allowed(adminOnly)).toEqual([200, 403, 403, 200])
    expect(await allowed(root.token)).toEqual([200, 200, 201, 200])
    expect(await allowed(ann.token)).toEqual([200, 200, 201, 403])
    // The scope alone is not enough.
    expect(await allowed(await resigned(ann.token, { scope: 'admin' }))).toEqual([
      200, 403, 403, 403,
    ])
  })
})
