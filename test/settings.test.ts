import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { workerWith } from './support/client'
import { jwkSet, newJwk } from './support/jwks'
import { expectProblem } from './support/sign-in'

const ROUTES = ['/health', '/api/users/me', '/oauth/token', '/openapi.json', '/ready', '/nothing']

/**
 * Asserts that nothing is served, and that the answer and the log name the setting and do not show
 * its value.
 */
async function expectRefused(settings: Record<string, unknown>, name: string) {
  const ask = workerWith(settings)
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  for (const path of ROUTES) {
    const response = await ask(path === '/oauth/token' ? 'POST' : 'GET', path)
    const { detail } = await expectProblem(response, 503, 'misconfigured')
    expect(detail).toMatch(/^Gatepost is not configured: /)
    expect(detail).toContain(name)
    expect(detail).not.toMatch(/invalid|undefined|expected/i) // says the rule in words of ours
    const told = detail + JSON.stringify([...response.headers]) + JSON.stringify(log.mock.calls)
    for (const value of Object.values(settings)) {
      const shown = typeof value === 'string' && value.length > 3 && told.includes(value)
      expect(shown, `${name} shows ${value}`).toBe(false)
    }
  }
  expect(JSON.stringify(log.mock.calls)).toContain(name)
  log.mockRestore()
}

const isServed = async (settings: Record<string, unknown>) =>
  (await workerWith(settings)('GET', '/health')).status === 200

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))
const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')

describe('a secret', () => {
  const weak: [string, string | undefined][] = [
    ['missing', undefined],
    ['empty', ''],
    ['short', 'k3J9x'],
    ['31 bytes', 'Zt8yQ2mV5xR1nK7pL4wB9dF3gH6jS0a'],
    ['blank', ' '.repeat(40)],
    ['one letter', 'a'.repeat(64)],
    ['zeros', '0'.repeat(64)],
    ['one piece again and again', '0123456789'.repeat(4)],
    ['a repeated word', 'secret'.repeat(8)],
    ['the tutorials’ placeholder', 'your-super-secret-jwt-key-change-this-in-production'],
    ['FastAPI’s sample', 'your-secret-key-here-please-change-me-now'],
    ['a request to change it', 'change-me-change-me-change-me-change-me'],
    ['in capitals', 'CHANGE_THIS_SECRET_KEY_IN_PRODUCTION_PLEASE'],
    ['words', 'correct horse battery staple correct horse'],
    ['the name of the service', 'gatepost-gatepost-secret-secret-jwt-token'],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'],
    [
      'the key of FastAPI’s tutorial',
      '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    ],
    ['the same in capitals', '09D25E094FAA6CA2556C818166B7A9563B93F7099F6F0F4CAA6CF63B88E8D3E7'],
    [
      'the key of Flask’s quickstart',
      '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
    ],
    ['the key of jwt.io', 'a-string-secret-at-least-256-bits-long'],
    ['the key of RFC 7520', 'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg'],
    ['a piece of half its length', 'Password1234567890Password1234567890'],
    ['a random piece twice', 'k3J9xZt8yQ2mV5xR1nK7k3J9xZt8yQ2mV5xR1nK7'],
    ['a piece that is cut at the end', '1234567890-1234567890-1234567890'],
    ['hexadecimal digits twice', '0123456789abcdef0123456789abcdef'],
    ['a sequence of letters and digits', 'abcdefghijklmnopqrstuvwxyz012345'],
    ['a sequence backwards', 'zyxwvutsrqponmlkjihgfedcba9876543210'],
    ['rows of a keyboard', 'qwertyuiop1234567890asdfghjklzxcvbnm'],
    ['columns of a keyboard', '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9'],
  ]

  it('missing, short or guessable → 503 that names it and never shows it', async () => {
    for (const [, value] of weak) await expectRefused({ JWT_SECRET: value }, 'JWT_SECRET')
    for (const [what, value] of weak) {
      if (value) await expectRefused({ JWT_SECRET_PREVIOUS: value }, 'JWT_SECRET_PREVIOUS')
      else expect(await isServed({ JWT_SECRET_PREVIOUS: value }), what).toBe(true)
    }
  })

  it('of 32 random bytes is accepted in any usual encoding', async () => {
    for (let round = 0; round < 20; round++) {
      const bytes = random(32)
      for (const secret of [
        hex(bytes),
        base64(bytes),
        base64(bytes).replace(/=+$/, ''),
        crypto.randomUUID() + crypto.randomUUID(),
      ]) {
        expect(await isServed({ JWT_SECRET: secret }), secret).toBe(true)
      }
    }
  })
})

describe('a setting', () => {
  const wrong: Record<string, (string | undefined)[]> = {
    APP_ORIGIN: [
      undefined,
      '',
      'our.example',
      'https://our.example/',
      'https://our.example/path',
      'http://our.example',
      'ftp://our.example',
      'https://our.example,https://b.example',
      'https://OUR.example',
      'javascript:alert(1)',
      '*',
    ],
    ALLOWED_ORIGINS: [
      '*',
      'null',
      'https://*.example.com',
      'spa.example',
      'https://spa.example/',
      'https://spa.example;https://b.example',
      'http://spa.example',
      'https://spa.example https://b.example',
    ],
    PASSKEY_RP_ID: [
      'https://localhost',
      'localhost:8787',
      'LOCALHOST',
      'example.com',
      'com',
      '127.0.0.1',
      '*.example.com',
      'ocalhost',
      '.localhost',
      'localhost.',
      'a..localhost',
    ],
    MAIL_FROM: [
      undefined,
      '',
      'No-address',
      'No-address <>',
      'a@b\r\nBcc: c@d.example',
      '<a@b.example',
    ],
    MAIL_PROVIDER: [undefined, '', 'Resend', 'postmark', 'off'],
    ACCESS_TOKEN_MINUTES: [
      undefined,
      '',
      '0',
      '-1',
      '61',
      '1.5',
      '15m',
      '1e1',
      'NaN',
      ' 15',
      '0x0f',
    ],
    REFRESH_IDLE_DAYS: [undefined, '', '0', '366', 'month'],
    REFRESH_MAX_DAYS: [undefined, '', '0', '731', 'Infinity'],
    PASSWORD_MIN_LENGTH: [undefined, '', '0', '7', '65', 'eight'],
    REQUIRE_VERIFIED_EMAIL: [undefined, '', 'true', 'ON', 'yes', '1'],
    BREACH_CHECK: [undefined, '', 'true', 'On'],
    EMAIL_SIGN_IN: ['', 'true', 'On', 'yes'],
    SERVER_TIMING: [undefined, '', 'false', 'OFF'],
  }

  it('missing or wrong → 503 that names it', async () => {
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) await expectRefused({ [name]: value }, name)
    }
  })

  it.each([
    ['https://a.example,https://spa.example/', 'entry 2 must have no path and no / at the end'],
    ['localhost:5173', 'entry 1 must begin with https://, or http:// for localhost'],
    ['https://a.example, http://b.example', 'entry 2 must be an origin such as'],
  ])('ALLOWED_ORIGINS %s → names the entry and the rule', async (value, rule) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const response = await workerWith({ ALLOWED_ORIGINS: value })('GET', '/health')
    const { detail } = await expectProblem(response, 503, 'misconfigured')
    expect(detail).toContain(`ALLOWED_ORIGINS ${rule}`)
    log.mockRestore()
  })

  it('no text, as numbers and tables of wrangler.toml → 503 that says so', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    for (const [name, value] of [
      ['ACCESS_TOKEN_MINUTES', 15],
      ['APP_ORIGIN', { production: 'https://our.example' }],
      ['PASSKEY_RP_ID', ['our.example']],
      ['SIGNING_KEYS', { keys: [] }],
      ['PROVIDERS', { google: { client_id: 'our-client' } }],
    ] as const) {
      const response = await workerWith({ [name]: value })('GET', '/health')
      const { detail } = await expectProblem(response, 503, 'misconfigured')
      expect(detail).toContain(`${name} must be text: write the `)
      expect(detail).not.toMatch(/object|our|15/)
    }
    log.mockRestore()
  })

  it('valid → the request is served', async () => {
    const right: Record<string, string[]> = {
      APP_ORIGIN: [
        'https://our.example',
        'http://localhost:1234',
        'http://127.0.0.1:8787',
        'https://our.example:8443',
      ],
      ALLOWED_ORIGINS: [
        '',
        'https://spa.example',
        'https://a.example, http://localhost:5173',
        'https://a.example,',
      ],
      PASSKEY_RP_ID: ['', 'localhost'],
      MAIL_FROM: ['a@b.example', 'Gatepost <no-reply@example.com>'],
      ACCESS_TOKEN_MINUTES: ['1', '60'],
      PASSWORD_MIN_LENGTH: ['8', '15', '64'],
    }
    for (const [name, values] of Object.entries(right)) {
      for (const value of values) expect(await isServed({ [name]: value }), value).toBe(true)
    }
  })

  it('all wrong settings are named at once', async () => {
    const response = await workerWith({ JWT_SECRET: 'short', APP_ORIGIN: 'x', DB: undefined })(
      'GET',
      '/health',
    )
    const { detail } = await expectProblem(response, 503, 'misconfigured')
    for (const name of ['JWT_SECRET', 'APP_ORIGIN', 'DB']) expect(detail).toContain(name)
  })
})

describe('a binding', () => {
  it('missing → 503 that names it', async () => {
    for (const name of [
      'DB',
      'AVATARS',
      'MAIL',
      'SIGN_IN_LIMIT',
      'REGISTER_LIMIT',
      'MAIL_LIMIT',
      'WRITE_LIMIT',
      'SEARCH_LIMIT',
      'TOKEN_LIMIT',
      'REFRESH_LIMIT',
    ]) {
      await expectRefused({ [name]: undefined }, name)
    }
  })
})

describe('MAIL_API_KEY', () => {
  it('is required when MAIL_PROVIDER is resend, and then MAIL is not', async () => {
    await expectRefused({ MAIL_PROVIDER: 'resend' }, 'MAIL_API_KEY')
    await expectRefused({ MAIL_PROVIDER: 'resend', MAIL_API_KEY: '' }, 'MAIL_API_KEY')
    for (const wrong of ['short', 're_with a space in it', 're_12345678\r\nX: y', 'ré_12345678'])
      await expectRefused({ MAIL_PROVIDER: 'resend', MAIL_API_KEY: wrong }, 'MAIL_API_KEY')
    const right = { MAIL_PROVIDER: 'resend', MAIL_API_KEY: 're_123456789abcdefghi' }
    expect(await isServed(right)).toBe(true)
    expect(await isServed({ ...right, MAIL: undefined })).toBe(true)
  })
})

describe('ANALYTICS', () => {
  it('is optional, and must be a dataset', async () => {
    expect(await isServed({ ANALYTICS: undefined })).toBe(true)
    expect(await isServed({ ANALYTICS: { writeDataPoint: () => undefined } })).toBe(true)
    await expectRefused({ ANALYTICS: { limit: () => undefined } }, 'ANALYTICS')
  })
})

describe('SIGNING_KEYS', () => {
  it('not a set of strong private keys → 503 that shows nothing of them', async () => {
    const key = await newJwk('ES256')
    const other = await newJwk('ES256')
    const { d: _, ...publicKey } = key
    const table: Record<string, string> = {
      'no JSON': 'x-not-json-x',
      'a list': JSON.stringify([key]),
      'a bare key': JSON.stringify(key),
      'no keys': jwkSet(),
      'a public key': jwkSet(publicKey),
      'halves of two': jwkSet({ ...key, d: other.d }),
      'one twice': jwkSet(key, key),
      'another curve': jwkSet(await newJwk('ES384')),
      'a secret key': jwkSet({ kty: 'oct', k: base64(random(32)) }),
      'a small RSA key': jwkSet(await newJwk('RS256', { modulusLength: 1024 })),
      'an alg of another type': jwkSet({ ...key, alg: 'RS256' }),
    }
    for (const value of Object.values(table))
      await expectRefused({ SIGNING_KEYS: value }, 'SIGNING_KEYS')
    expect(await isServed({ SIGNING_KEYS: '' })).toBe(true)
    expect(await isServed({ SIGNING_KEYS: jwkSet(key, other), JWT_SECRET: env.JWT_SECRET })).toBe(
      true,
    )
  })
})

describe('DATA_KEYS', () => {
  const newKey = () => base64url.encode(random(32))

  it('malformed, weak, or also a JWT secret → 503 that names the setting', async () => {
    const key = newKey()
    const wrong = [
      'no-key',
      key.slice(1),
      `${key}=`,
      `${key},`,
      `${key},${key}`,
      'A'.repeat(43),
      'your-super-secret-data-key-change-this-nowA',
      Array.from({ length: 9 }, newKey).join(),
    ]
    for (const value of wrong) await expectRefused({ DATA_KEYS: value }, 'DATA_KEYS')
    await expectRefused({ DATA_KEYS: `${newKey()},${key}`, JWT_SECRET: key }, 'DATA_KEYS')
    await expectRefused({ DATA_KEYS: key, JWT_SECRET_PREVIOUS: key }, 'DATA_KEYS')
  })

  it('may be absent, empty, or hold one or more keys', async () => {
    for (const value of [undefined, '', newKey(), `${newKey()},${newKey()}`])
      expect(await isServed({ DATA_KEYS: value }), value).toBe(true)
  })
})

describe('the table of settings in wrangler.toml', () => {
  it('is valid', async () => {
    expect(await isServed({})).toBe(true)
  })
})
