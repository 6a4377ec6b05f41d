/** PROVIDERS and its secrets: which values are valid, and the problem of each invalid one. */
import { describe, expect, it } from 'vitest'
import { readProviders } from '../../src/security/identity-provider-settings'
import { workerWith } from '../support/client'
import { expectProblem } from '../support/sign-in'

const APP_ORIGIN = 'https://app.example.com'
const TENANT = '11111111-2222-3333-4444-555555555555'
const SECRET = 'tests-only-client-secret'
const secrets = {
  PROVIDER_GOOGLE_SECRET: SECRET,
  PROVIDER_GITHUB_SECRET: SECRET,
  PROVIDER_MICROSOFT_SECRET: SECRET,
  PROVIDER_ACME_SECRET: SECRET,
  PROVIDER_ACME_2_SECRET: SECRET,
}

/** A private key as Apple's .p8 file holds it. */
async function pem(curve = 'P-256') {
  const algorithm = { name: 'ECDSA', namedCurve: curve }
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign'])) as CryptoKeyPair
  const pkcs8 = (await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer
  const base64 = btoa(String.fromCharCode(...new Uint8Array(pkcs8)))
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

const read = (providers: unknown, more: Record<string, unknown> = {}) =>
  readProviders({ APP_ORIGIN, ...secrets, PROVIDERS: JSON.stringify(providers), ...more })
const client_id = 'our-client'
const issuer = 'https://id.acme.example/realms/main'

describe('PROVIDERS', () => {
  it('absent or empty → no providers', () => {
    for (const PROVIDERS of [undefined, ''])
      expect(readProviders({ APP_ORIGIN, PROVIDERS })).toEqual({ providers: [], problems: [] })
  })

  it('has presets for Google, GitHub, Microsoft and Apple', async () => {
    const apple = { client_id: 'com.example.app', team: 'ABCDE12345', key_id: 'FGHIJ67890' }
    const { providers, problems } = read(
      {
        google: { client_id },
        github: { client_id },
        microsoft: { client_id, tenant: TENANT, name: 'Contoso' },
        apple,
      },
      { PROVIDER_APPLE_SECRET: await pem() },
    )
    expect(problems).toEqual([])
    const told = providers.map(({ name, label, issuer, emailProof }) => [
      name,
      label,
      issuer,
      emailProof,
    ])
    expect(told).toEqual([
      ['google', 'Google', 'https://accounts.google.com', 'claim'],
      ['github', 'GitHub', 'https://github.com/login/oauth', 'claim'],
      ['microsoft', 'Contoso', `https://login.microsoftonline.com/${TENANT}/v2.0`, 'never'],
      ['apple', 'Apple', 'https://appleid.apple.com', 'claim-or-text'],
    ])
    expect(providers[3]).toMatchObject({
      responseMode: 'form_post',
      apple: { team: apple.team, keyId: apple.key_id },
    })
  })

  it('any other name is an OpenID provider; its address counts as proven only with trust_email', () => {
    const { providers, problems } = read({
      acme: { client_id, issuer },
      'acme-2': { client_id, issuer: `${issuer}2`, name: 'Acme 2', trust_email: true },
    })
    expect(problems).toEqual([])
    expect(providers.map((p) => [p.label, p.emailProof, p.scope])).toEqual([
      ['acme', 'never', 'openid email profile'],
      ['Acme 2', 'claim', 'openid email profile'],
    ])
  })

  it('the key of Apple may have escaped line breaks, and must be of P-256', async () => {
    const apple = { client_id, team: 'ABCDE12345', key_id: 'FGHIJ67890' }
    const key = await pem()
    const taken = read({ apple }, { PROVIDER_APPLE_SECRET: key.replaceAll('\n', '\\n') })
    expect(taken.problems).toEqual([])
    for (const secret of [await pem('P-384'), SECRET, key.slice(0, 100), key.replace('MI', '!!')]) {
      const { problems } = read({ apple }, { PROVIDER_APPLE_SECRET: secret })
      expect(problems).toEqual([
        'PROVIDER_APPLE_SECRET must be the content of the .p8 file from Apple',
      ])
    }
  })

  const wrong: [providers: unknown, problem: string][] = [
    [[], 'PROVIDERS must be a JSON object'],
    ['google', 'PROVIDERS must be a JSON object'],
    [null, 'PROVIDERS must be a JSON object'],
    [{ google: null }, 'PROVIDERS google must be a JSON object'],
    [{ google: 'our-client' }, 'PROVIDERS google must be a JSON object'],
    [{ google: {} }, 'PROVIDERS google.client_id is missing'],
    [{ google: { client_id: 1 } }, 'PROVIDERS google.client_id is missing, or no text'],
    [{ google: { client_id: 'two words' } }, 'PROVIDERS google.client_id must be'],
    [{ google: { client_id, tenant: TENANT } }, 'PROVIDERS google has unknown members: tenant'],
    [{ google: { client_id, client_secret: SECRET } }, 'unknown members: client_secret'],
    [{ microsoft: { client_id } }, 'PROVIDERS microsoft.tenant is missing'],
    // No token has the issuer of these.
    [
      { microsoft: { client_id, tenant: 'common' } },
      'microsoft.tenant must be the id of one tenant',
    ],
    [{ microsoft: { client_id, tenant: 'organizations' } }, 'must be the id of one tenant'],
    [{ acme: { client_id } }, 'PROVIDERS acme.issuer is missing'],
    [{ acme: { client_id, issuer: 'acme.example' } }, 'acme.issuer must be an https URL'],
    [{ acme: { client_id, issuer: 'http://acme.example' } }, 'acme.issuer must be an https URL'],
    [{ acme: { client_id, issuer: 'http://localhost:3000' } }, 'must begin with https://'],
    [{ acme: { client_id, issuer: `${issuer}?a=b` } }, 'acme.issuer must be an https URL'],
    [{ acme: { client_id, issuer: `${issuer}#a` } }, 'acme.issuer must be an https URL'],
    [{ acme: { client_id, issuer: 'https://u:p@acme.example' } }, 'must be an https URL'],
    [{ acme: { client_id, issuer: 'javascript:alert(1)' } }, 'must be an https URL'],
    [{ acme: { client_id, issuer: `https://a.example/${'a'.repeat(255)}` } }, 'at most 255'],
    [{ acme: { client_id, issuer, scope: 'email' } }, 'acme.scope must begin with openid'],
    [{ acme: { client_id, issuer, trust_email: 'yes' } }, 'acme.trust_email must be true or false'],
    [{ acme: { client_id, issuer, name: '\u202etfosorciM' } }, 'acme.name must have'],
    [
      { acme: { client_id, issuer }, 'acme-2': { client_id, issuer } },
      'issuer of another provider',
    ],
    [{ 'A Me!': { client_id, issuer } }, 'PROVIDERS name 1 must have 1 to 30 characters'],
    [{ __proto__x: { client_id, issuer } }, 'PROVIDERS name 1 must have'],
    [Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`p${i}`, {}])), 'at most 20'],
    [{ unset: { client_id, issuer } }, 'PROVIDER_UNSET_SECRET is missing'],
  ]
  it.each(wrong)('%j → %s', (providers, problem) => {
    const { problems } = read(providers)
    expect(problems.join('; ')).toContain(problem)
    expect(problems.join('; ')).not.toMatch(/invalid|undefined|expected|tests-only/i)
  })

  it('not text, as a table of wrangler.toml → a problem that says so', () => {
    for (const PROVIDERS of [{ google: { client_id } }, 1, true, null])
      expect(readProviders({ ...secrets, PROVIDERS }).problems).toEqual([
        'PROVIDERS must be text: write the JSON in quotes',
      ])
  })

  it('may name an issuer on this machine while APP_ORIGIN is one too', () => {
    const PROVIDERS = JSON.stringify({ acme: { client_id, issuer: 'http://127.0.0.1:3000' } })
    const env = { ...secrets, PROVIDERS, APP_ORIGIN: 'http://localhost:8787' }
    expect(readProviders(env).problems).toEqual([])
  })

  it('invalid → 503 misconfigured, without a secret in the response', async () => {
    const PROVIDERS = JSON.stringify({ google: { client_id: 'our-client!', tenant: 'x' } })
    const ask = workerWith({ PROVIDERS, PROVIDER_GOOGLE_SECRET: 'short' })
    const { detail } = await expectProblem(await ask('GET', '/health'), 503, 'misconfigured')
    expect(detail).toContain('PROVIDERS google has unknown members: tenant')
    expect(detail).toContain('PROVIDER_GOOGLE_SECRET must be the client secret of google')
    expect(detail).not.toContain('short')
    expect(detail).not.toContain('our-client!')
  })

  it('is optional', async () => {
    expect((await workerWith({ PROVIDERS: undefined })('GET', '/health')).status).toBe(200)
  })
})
