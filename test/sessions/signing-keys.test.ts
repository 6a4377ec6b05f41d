import { env } from 'cloudflare:workers'
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose'
import { describe, expect, it } from 'vitest'
import { call, ORIGIN, trips, workerWith } from '../support/client'
import { forge, hmac, jwkSet, newJwk } from '../support/jwks'
import { expectProblem, me, oauthSignIn, oauthToken, refresh, tokens } from '../support/sign-in'
import { person, register } from '../support/users'

type Worker = typeof call
const withKeys = (...keys: JsonWebKey[]) => workerWith({ SIGNING_KEYS: jwkSet(...keys) })
const jwks = async (ask: Worker) =>
  (await ask('GET', '/.well-known/jwks.json')).json<JSONWebKeySet>()
const kidOf = (token: string) => decodeProtectedHeader(token).kid
const isGood = async (token: string, ask: Worker) => (await me(token, ask)).status === 200

describe('SIGNING_KEYS', () => {
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    it(`of ${alg} sign in at every endpoint, and another service verifies offline`, async () => {
      const ann = await register()
      const ask = withKeys(await newJwk(alg))
      const signedIn = await oauthSignIn(ann.email, {}, ask)
      const refreshed = await tokens(await refresh(signedIn.refresh_token, {}, ask))
      const set = await jwks(ask)
      expect(set.keys).toHaveLength(1)
      for (const { access_token: token } of [signedIn, refreshed]) {
        const header = decodeProtectedHeader(token)
        expect(header).toEqual({ alg, typ: 'at+jwt', kid: set.keys[0]?.kid })
        const answer = await me(token, ask)
        expect([answer.status, trips(answer)]).toEqual([200, 1])
        const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
          issuer: ORIGIN,
          audience: ORIGIN,
          typ: 'at+jwt',
          algorithms: [alg],
        })
        expect(payload.sub).toBe(String(ann.id))
      }
    })
  }

  it('are published by their public halves only, under RFC 7638 thumbprints', async () => {
    const keys = [await newJwk('ES256'), await newJwk('EdDSA'), await newJwk('RS256')]
    const ask = withKeys(...keys.map((key, n) => ({ ...key, kid: `mine-${n}` })))
    const response = await ask('GET', '/.well-known/jwks.json')
    expect([trips(response), response.headers.get('Cache-Control')]).toEqual([
      0,
      'public, max-age=300',
    ])
    const text = await response.text()
    const set = JSON.parse(text) as JSONWebKeySet
    expect(set.keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ])
    for (const { d, p, q, qi } of keys) {
      for (const secret of [d, p, q, qi]) if (secret) expect(text).not.toContain(secret)
    }
    for (const { kid } of set.keys) expect(kid).toMatch(/^[\w-]{43}$/)
  })

  it('can be added and removed without ending a session; HS256 is off while they are set', async () => {
    const ann = await person() // HS256
    const ask = withKeys(await newJwk('ES256'))
    expect(await jwks(call)).toEqual({ keys: [] })
    await expectProblem(await me(ann.token, ask), 401, 'invalid-access-token')
    const keyed = await tokens(await refresh(ann.refreshToken, {}, ask))
    expect(await isGood(keyed.access_token, ask)).toBe(true)
    // A token that says HS256, signed with JWT_SECRET under the published kid.
    const header = { alg: 'HS256', typ: 'at+jwt', kid: kidOf(keyed.access_token) }
    const claims = decodeJwt(keyed.access_token)
    const confused = await forge(header, claims, hmac(env.JWT_SECRET))
    await expectProblem(await me(confused, ask), 401, 'invalid-access-token')

    const back = await tokens(await refresh(keyed.refresh_token))
    expect(await isGood(back.access_token, call)).toBe(true)
    await expectProblem(await me(keyed.access_token), 401, 'invalid-access-token')
  })

  it('rotate with overlap: no session ends, and tokens of a removed key are void', async () => {
    const ann = await register()
    const [old, next] = [await newJwk('ES256'), await newJwk('ES256')]
    const [before, published, promoted, dropped] = [
      withKeys(old),
      withKeys(old, next),
      withKeys(next, old),
      withKeys(next),
    ]
    const first = await oauthSignIn(ann.email, {}, before)
    expect(await isGood(first.access_token, published)).toBe(true)
    const second = await tokens(await refresh(first.refresh_token, {}, published))
    expect(kidOf(second.access_token)).toBe(kidOf(first.access_token)) // not yet used
    expect((await jwks(published)).keys).toHaveLength(2)

    const third = await tokens(await refresh(second.refresh_token, {}, promoted))
    expect(kidOf(third.access_token)).not.toBe(kidOf(first.access_token))
    // Isolates with the set before and after the step take each other's tokens.
    for (const ask of [published, promoted]) {
      for (const { access_token } of [first, second, third]) {
        expect(await isGood(access_token, ask)).toBe(true)
      }
    }

    expect(await isGood(third.access_token, dropped)).toBe(true)
    for (const { access_token } of [first, second]) {
      await expectProblem(await me(access_token, dropped), 401, 'invalid-access-token')
    }
    const { access_token } = await tokens(await refresh(third.refresh_token, {}, dropped))
    expect(await isGood(access_token, dropped)).toBe(true)
  })
})

describe('JWT_SECRET_PREVIOUS', () => {
  it('keeps sessions while a secret is replaced, until it is removed', async () => {
    const ann = await person()
    const JWT_SECRET = 'Xw5-k2Vq8Rz1Tn7Bc4Lp9Hd3Fm6Js0Ga-tests'
    const overlap = workerWith({ JWT_SECRET, JWT_SECRET_PREVIOUS: env.JWT_SECRET })
    const after = workerWith({ JWT_SECRET })
    expect(await isGood(ann.token, overlap)).toBe(true)
    const next = await tokens(await refresh(ann.refreshToken, {}, overlap))
    expect(kidOf(next.access_token)).not.toBe(kidOf(ann.token))
    expect(await isGood(next.access_token, overlap)).toBe(true)
    await expectProblem(await me(next.access_token), 401, 'invalid-access-token') // the old Worker

    await expectProblem(await me(ann.token, after), 401, 'invalid-access-token')
    expect((await refresh(ann.refreshToken, {}, after)).status).toBe(400)
    expect(await isGood(next.access_token, after)).toBe(true)
    const last = await tokens(await refresh(next.refresh_token, {}, after))
    expect(await isGood(last.access_token, after)).toBe(true)
  })

  it('signs nothing', async () => {
    const ann = await register()
    const JWT_SECRET = 'Xw5-k2Vq8Rz1Tn7Bc4Lp9Hd3Fm6Js0Ga-tests'
    const overlap = workerWith({ JWT_SECRET, JWT_SECRET_PREVIOUS: env.JWT_SECRET })
    const { access_token, refresh_token } = await oauthSignIn(ann.email, {}, overlap)
    await expectProblem(await me(access_token), 401, 'invalid-access-token')
    expect((await oauthToken({ grant_type: 'refresh_token', refresh_token })).status).toBe(400)
  })
})
