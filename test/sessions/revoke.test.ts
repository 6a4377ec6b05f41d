import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import {
  expectDead,
  expectOAuthError,
  expectProblem,
  me,
  oauthSignIn,
  refresh,
  tokens,
} from '../support/sign-in'
import { person } from '../support/users'

const revoke = (form: Record<string, string>) => call('POST', '/oauth/revoke', { form })

describe('POST /oauth/revoke', () => {
  it('→ 200: ends the session of a refresh or access token, whatever the hint, in one trip', async () => {
    const ann = await person()
    for (const [name, hint] of [
      ['refresh_token', {}],
      ['refresh_token', { token_type_hint: 'refresh_token' }],
      ['refresh_token', { token_type_hint: 'access_token' }],
      ['access_token', {}],
      ['access_token', { token_type_hint: 'access_token' }],
      ['access_token', { token_type_hint: 'no such kind' }],
    ] as const) {
      const session = await oauthSignIn(ann.email)
      const response = await revoke({ token: session[name], ...hint })
      expect([response.status, trips(response), await response.text()]).toEqual([200, 1, ''])
      await expectDead({ token: session.access_token, refreshToken: session.refresh_token })
      expect((await revoke({ token: session[name] })).status).toBe(200) // again
    }
    expect((await me(ann.token)).status).toBe(200) // another session
  })

  it('→ 200 for a used refresh token: its session ends', async () => {
    const ann = await person()
    const { refresh_token } = await tokens(await refresh(ann.refreshToken))
    expect((await revoke({ token: ann.refreshToken })).status).toBe(200)
    await expectDead({ token: ann.token, refreshToken: refresh_token })
  })

  it('→ 200 for a text that is no token, without D1', async () => {
    const ann = await person()
    for (const token of ['nonsense', `${ann.refreshToken}x`, 'x'.repeat(8_000)]) {
      const response = await revoke({ token })
      expect([response.status, trips(response)]).toEqual([200, 0])
    }
    expect((await me(ann.token)).status).toBe(200)
  })

  it('ends the session for any client_id', async () => {
    const ann = await person()
    for (const name of [undefined, 'my-app', 'other']) {
      const kinds = ['refresh_token', 'access_token'] as const
      for (const kind of kinds) {
        const mine = await oauthSignIn(ann.email, { client_id: 'my-app' })
        const response = await revoke({ token: mine[kind], ...(name && { client_id: name }) })
        expect([response.status, trips(response)]).toEqual([200, 1])
        await expectDead({ token: mine.access_token })
      }
    }
    expect((await revoke({ token: ann.token, client_id: 'my-app' })).status).toBe(200)
    await expectDead({ token: ann.token, refreshToken: ann.refreshToken })
  })

  it('→ 400 or 401 with the error of a wrong request', async () => {
    const ann = await person()
    const token = ann.refreshToken
    await expectOAuthError(await revoke({}), 'invalid_request')
    await expectOAuthError(await revoke({ token: '' }), 'invalid_request')
    const twice: [string, string][] = [
      ['token', token],
      ['token', token],
    ]
    await expectOAuthError(await call('POST', '/oauth/revoke', { form: twice }), 'invalid_request')
    await expectOAuthError(
      await call('POST', '/oauth/revoke', { json: { token } }),
      'invalid_request',
    )
    await expectOAuthError(await revoke({ token, client_secret: 'x' }), 'invalid_client', 401)
    const response = await call('GET', `/oauth/revoke?token=${token}`)
    expect(response.headers.get('Allow')).toBe('POST')
    await expectProblem(response, 405, 'method-not-allowed')
    expect((await me(ann.token)).status).toBe(200)
  })
})
