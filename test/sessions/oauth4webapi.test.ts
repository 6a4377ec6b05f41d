/**
 * A standard OAuth client in its strict mode: only http is allowed it, since the test's Worker has
 * no TLS.
 */
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { call, ORIGIN, workerWith } from '../support/client'
import { jwkSet, newJwk } from '../support/jwks'
import { expectDead } from '../support/sign-in'
import { PASSWORD, register } from '../support/users'

const client: oauth.Client = { client_id: 'my-app' }
const none = oauth.None()

/** The library's own requests, sent to a Worker. */
function transport(ask: typeof call) {
  return {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (
      url: string,
      {
        method,
        headers,
        body,
      }: { method: string; headers: Record<string, string>; body?: unknown },
    ) => ask(method, url, { headers, ...(body ? { body: String(body) } : {}) }),
  }
}

async function discover(ask: typeof call) {
  const issuer = new URL(ORIGIN)
  const options = { ...transport(ask), algorithm: 'oauth2' as const }
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
}

async function signIn(as: oauth.AuthorizationServer, username: string, ask: typeof call) {
  const parameters = { username, password: PASSWORD, scope: 'account' }
  const response = await oauth.genericTokenEndpointRequest(
    as,
    client,
    none,
    'password',
    parameters,
    transport(ask),
  )
  return oauth.processGenericTokenEndpointResponse(as, client, response)
}

describe('oauth4webapi', () => {
  it('discovers, signs in, refreshes and revokes', async () => {
    const ann = await register()
    const as = await discover(call)
    expect(as.grant_types_supported).toEqual([
      'password',
      'refresh_token',
      'urn:gatepost:params:oauth:grant-type:second-factor',
    ])
    expect(as.issuer).toBe(ORIGIN)

    const first = await signIn(as, ann.email, call)
    expect(first).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'account' })
    const resource = new URL('/api/users/me', ORIGIN)
    const answer = await oauth.protectedResourceRequest(
      first.access_token,
      'GET',
      resource,
      undefined,
      undefined,
      transport(call),
    )
    expect(await answer.json()).toEqual(ann.user)

    const again = await oauth.refreshTokenGrantRequest(
      as,
      client,
      none,
      first.refresh_token as string,
      transport(call),
    )
    const second = await oauth.processRefreshTokenResponse(as, client, again)
    expect(second.refresh_token).not.toBe(first.refresh_token)

    const token = second.refresh_token as string
    const revoked = await oauth.revocationRequest(as, client, none, token, transport(call))
    expect(await oauth.processRevocationResponse(revoked)).toBeUndefined()
    await expectDead({ token: first.access_token })
    await expectDead({ token: second.access_token })
    const dead = await oauth.refreshTokenGrantRequest(as, client, none, token, transport(call))
    await expect(oauth.processRefreshTokenResponse(as, client, dead)).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    })
  })

  it('reads our errors', async () => {
    const ann = await register()
    const as = await discover(call)
    const failing = async (grant: string, parameters: Record<string, string>) => {
      const response = await oauth.genericTokenEndpointRequest(
        as,
        client,
        none,
        grant,
        parameters,
        transport(call),
      )
      return oauth.processGenericTokenEndpointResponse(as, client, response)
    }
    const wrong = { username: ann.email, password: 'not this one' }
    await expect(failing('password', wrong)).rejects.toMatchObject({ error: 'invalid_grant' })
    const beyond = { username: ann.email, password: PASSWORD, scope: 'admin' }
    await expect(failing('password', beyond)).rejects.toMatchObject({ error: 'invalid_scope' })
    await expect(failing('client_credentials', {})).rejects.toMatchObject({
      error: 'unsupported_grant_type',
    })
    await expect(
      oauth.protectedResourceRequest(
        'x.y.z',
        'GET',
        new URL('/api/users/me', ORIGIN),
        undefined,
        undefined,
        transport(call),
      ),
    ).rejects.toMatchObject({
      cause: [{ scheme: 'bearer', parameters: { realm: 'gatepost', error: 'invalid_token' } }],
    })
  })

  it('validates our access tokens as a resource server, with the published keys (RFC 9068)', async () => {
    const ann = await register()
    const ask = workerWith({ SIGNING_KEYS: jwkSet(await newJwk('ES256')) })
    const as = await discover(ask)
    const { access_token } = await signIn(as, ann.username, ask)
    const request = new Request(ORIGIN, { headers: { Authorization: `Bearer ${access_token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, ORIGIN, transport(ask))
    expect(claims).toMatchObject({ sub: String(ann.id), client_id: 'my-app', scope: 'account' })
  })
})
