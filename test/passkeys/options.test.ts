import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { CHALLENGE_MS, readChallenge } from '../../src/security/challenge'
import { openKeyring } from '../../src/security/keyring'
import { readSettings } from '../../src/settings'
import { call, trips, workerWith } from '../support/client'
import { expectProblem } from '../support/sign-in'

const PATH = '/api/passkeys/sign-in-options'
interface Options {
  challenge: string
}

describe('POST /api/passkeys/sign-in-options', () => {
  it('→ 200 with options that name no account, without D1', async () => {
    const response = await call('POST', PATH)
    expect([response.status, trips(response)]).toEqual([200, 0])
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual({
      challenge: expect.stringMatching(/^[\w-]{72}$/),
      timeout: CHALLENGE_MS,
      rpId: 'localhost',
      allowCredentials: [],
      userVerification: 'required',
    })
  })

  it('→ 200 with a new challenge each time, for signing in and nothing else', async () => {
    const keys = await openKeyring(readSettings(env))
    const challenges = new Set<string>()
    for (let round = 0; round < 5; round++) {
      const { challenge } = await (await call('POST', PATH)).json<Options>()
      challenges.add(challenge)
      const read = (purpose: 'sign-in' | 'register:1') =>
        readChallenge(keys, challenge, purpose, new Date())
      expect(await read('sign-in')).not.toBeNull()
      expect(await read('register:1')).toBeNull()
    }
    expect(challenges.size).toBe(5)
  })

  it('→ 403 cross-site from a page of another site', async () => {
    const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    await expectProblem(await call('POST', PATH, { headers }), 403, 'cross-site')
  })

  it('→ 429 too-many-requests above the limit of sign-ins', async () => {
    const headers = { 'CF-Connecting-IP': '198.51.100.77' }
    for (let sent = 0; sent <= 121; sent++) {
      const response = await call('POST', PATH, { headers })
      if (response.status === 429) return
    }
    expect.fail('121 requests of one client passed')
  })
})

describe('PASSKEY_RP_ID', () => {
  const rpIdWith = async (settings: Record<string, string>) => {
    const response = await workerWith(settings)('POST', PATH)
    return (await response.json<{ rpId: string }>()).rpId
  }

  it('defaults to the host of APP_ORIGIN', async () => {
    const APP_ORIGIN = 'https://app.example.com:8443'
    expect(await rpIdWith({ APP_ORIGIN })).toBe('app.example.com')
    expect(await rpIdWith({ APP_ORIGIN, PASSKEY_RP_ID: '' })).toBe('app.example.com')
  })

  it('may be a parent domain', async () => {
    const settings = { APP_ORIGIN: 'https://app.example.com', PASSKEY_RP_ID: 'example.com' }
    expect(await rpIdWith(settings)).toBe('example.com')
  })
})

describe('GET /.well-known/webauthn', () => {
  const PATH = '/.well-known/webauthn'

  it('→ 200 with the origins of ALLOWED_ORIGINS, without D1', async () => {
    const ALLOWED_ORIGINS = 'https://spa.example, http://localhost:5173'
    const response = await workerWith({ ALLOWED_ORIGINS })('GET', PATH)
    expect([response.status, trips(response)]).toEqual([200, 0])
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await response.json()).toEqual({
      origins: ['https://spa.example', 'http://localhost:5173'],
    })
  })

  it('→ 200 with an empty list while no origin is allowed', async () => {
    expect(await (await call('GET', PATH)).json()).toEqual({ origins: [] })
  })
})
