import { describe, expect, it } from 'vitest'
import { call, workerWith } from '../support/client'
import { person } from '../support/users'

const LISTED = ['https://spa.example', 'http://localhost:5173']
const ask = workerWith({ ALLOWED_ORIGINS: LISTED.join(', ') })
const UNLISTED = [
  'https://evil.example',
  'https://spa.example.evil.example',
  'https://evil-spa.example',
  'http://spa.example',
  'https://spa.example:444',
  'https://spa.example/',
  'null',
  '*',
]
const corsHeaders = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('an answer to another origin', () => {
  it('may be read by a listed one, also when it is an error', async () => {
    const ann = await person()
    for (const Origin of LISTED) {
      const headers = { Origin }
      const answers: [Response, number][] = [
        [await ask('GET', '/health', { headers }), 200],
        [await ask('GET', '/api/users/me', { headers, token: ann.token }), 200],
        [await ask('GET', '/api/users/me', { headers }), 401],
        [await ask('GET', '/api/nothing', { headers }), 404],
        [await ask('GET', '/oauth/token', { headers }), 405],
        [await ask('POST', '/api/users', { headers, json: {} }), 422],
        [await ask('POST', '/api/users', { headers, form: { a: 'b' } }), 415],
        [await ask('POST', '/oauth/token', { headers, form: {} }), 400],
        [await ask('GET', '/openapi.json', { headers }), 200],
      ]
      for (const [response, status] of answers) {
        expect(response.status).toBe(status)
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe(Origin)
        expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true')
        expect(response.headers.get('Access-Control-Expose-Headers')).toMatch(/ETag.*Retry-After/)
        expect(response.headers.get('Vary')).toMatch(/\bOrigin\b/)
      }
    }
  })

  it('has no CORS headers for an unlisted one, or for null', async () => {
    const ann = await person()
    for (const Origin of UNLISTED) {
      for (const worker of [ask, call]) {
        const headers = { Origin }
        const response = await worker('GET', '/api/users/me', { headers, token: ann.token })
        expect([response.status, corsHeaders(response)], Origin).toEqual([200, []])
        expect(response.headers.get('Vary')).toMatch(/\bOrigin\b/)
      }
    }
  })

  it('has no CORS headers when no origin is listed', async () => {
    for (const Origin of [...LISTED, ...UNLISTED]) {
      const headers = { Origin, 'Access-Control-Request-Method': 'GET' }
      expect(corsHeaders(await call('OPTIONS', '/api/users/me', { headers }))).toEqual([])
      expect(corsHeaders(await call('GET', '/health', { headers }))).toEqual([])
    }
  })
})

describe('a preflight', () => {
  const asked = {
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'authorization,x-evil',
  }

  it('of a listed origin → fixed lists, for any route', async () => {
    for (const Origin of LISTED) {
      for (const path of [
        '/api/users/me/password',
        '/api/session',
        '/oauth/token',
        '/api/users/7',
      ]) {
        const { status, headers } = await ask('OPTIONS', path, { headers: { Origin, ...asked } })
        expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([204, Origin])
        expect(headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD,POST,PUT,PATCH,DELETE')
        expect(headers.get('Access-Control-Allow-Headers')).toMatch(/^Authorization,Content-Type,/)
        expect(headers.get('Access-Control-Allow-Headers')).not.toContain('x-evil')
        expect(Number(headers.get('Access-Control-Max-Age'))).toBeGreaterThan(0)
      }
    }
  })

  it('of an unlisted origin → no CORS headers', async () => {
    for (const Origin of UNLISTED) {
      const response = await ask('OPTIONS', '/api/session', { headers: { Origin, ...asked } })
      expect([response.status, corsHeaders(response)]).toEqual([204, []])
    }
  })
})
