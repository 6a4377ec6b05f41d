import { base64url, calculateJwkThumbprint } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { issueAccessToken, readAccessToken } from '../../src/security/access-token'
import { hmacIdentifier, type KeySource, openKeyring } from '../../src/security/keyring'
import { parseSigningKeys } from '../../src/security/signing-keys'
import { ConfigurationError } from '../../src/settings'
import { jwkSet, newJwk } from '../support/jwks'

const SECRET = 'Vq3x-first-secret-of-the-keyring-tests-0123'
const OTHER_SECRET = 'Zt8y-other-secret-of-the-keyring-tests-4567'
const NOW = new Date('2026-05-01T12:00:00Z')
const issuer = 'https://gatepost.example'
const LIFETIME = 900

/** RFC 8037 appendix A, with its thumbprint. */
const RFC_8037 = {
  jwk: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
  thumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
}

const source = (more: Partial<KeySource> = {}): KeySource => ({
  jwtSecret: SECRET,
  jwtSecretPrevious: null,
  signingKeys: null,
  ...more,
})
const withKeys = (...keys: unknown[]) => source({ signingKeys: parseSigningKeys(jwkSet(...keys)) })

const issue = async (from: KeySource) =>
  issueAccessToken(await openKeyring(from), {
    issuer,
    userId: 7,
    sessionId: 'AAAAAAAAAAAAAAAAAAAAAA',
    clientId: 'first-party',
    scope: ['account'],
    authentication: { time: NOW, amr: ['pwd'] },
    now: NOW,
    lifetimeSeconds: LIFETIME,
  })

const read = async (from: KeySource, token: string) => {
  const expected = { issuer, now: NOW, lifetimeSeconds: LIFETIME }
  return (await readAccessToken(await openKeyring(from), token, expected)) ? 'valid' : 'invalid'
}

let ec: JsonWebKey
let ec2: JsonWebKey
let okp: JsonWebKey
let rsa: JsonWebKey
beforeAll(async () => {
  ;[ec, ec2, okp, rsa] = await Promise.all([
    newJwk('ES256'),
    newJwk('ES256'),
    newJwk('EdDSA'),
    newJwk('RS256'),
  ])
})

describe('SIGNING_KEYS', () => {
  it('accepts ES256, EdDSA and RS256 keys and keeps only what makes the key', () => {
    const dressed = { ...ec, kid: 'whatever', use: 'sig', alg: 'ES256', x5u: 'https://a.example' }
    const keys = parseSigningKeys(jwkSet(dressed, { ...okp, alg: 'Ed25519' }, rsa))
    expect(keys.map((key) => key.alg)).toEqual(['ES256', 'EdDSA', 'RS256'])
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'd', 'kty', 'x', 'y'])
  })

  it('refuses what is not a set of strong private keys, naming the rule and no value', async () => {
    const { d: _, ...publicEc } = ec
    const small = await newJwk('RS256', { modulusLength: 1024 })
    const three = await newJwk('RS256', { publicExponent: new Uint8Array([3]) })
    const p384 = await newJwk('ES384')
    const wrong: [string, RegExp][] = [
      ['', /must be JSON/],
      ['{"keys":[', /must be JSON/],
      [`${jwkSet(ec)};`, /must be JSON/],
      ['null', /must be a JWK set/],
      ['[]', /must be a JWK set/],
      ['"keys"', /must be a JWK set/],
      [JSON.stringify(ec), /must be a JWK set/],
      ['{"keys":{}}', /must be a JWK set/],
      [jwkSet(), /at least one key/],
      [jwkSet(...Array(9).fill(ec)), /at most 8 keys/],
      [jwkSet(null), /key 1 must be an object/],
      [jwkSet(ec, [okp]), /key 2 must be an object/],
      [jwkSet(ec, okp, ec), /must not hold a key twice/],
      [jwkSet(publicEc), /key 1 must be a private key/],
      [jwkSet({ kty: 'oct', k: base64url.encode(new Uint8Array(32)) }), /key 1 must be EC P-256/],
      [jwkSet(p384), /key 1 must be EC P-256/],
      [jwkSet({ ...ec, crv: 'secp256k1' }), /key 1 must be EC P-256/],
      [jwkSet({ ...okp, crv: 'X25519' }), /key 1 must be EC P-256/],
      [jwkSet({ ...ec, x: `${ec.x}AA` }), /key 1 must have x as base64url/],
      [jwkSet({ ...ec, y: 7 }), /key 1 must have y as base64url/],
      [jwkSet({ ...ec, d: `${ec.d}=` }), /key 1 must have d as base64url/],
      [jwkSet({ ...okp, d: 'short' }), /key 1 must have d as base64url/],
      [jwkSet({ ...ec, alg: 'HS256' }), /key 1 must have the alg of its type, ES256/],
      [jwkSet({ ...rsa, alg: 'PS256' }), /key 1 must have the alg of its type, RS256/],
      [jwkSet({ ...ec, use: 'enc' }), /key 1 must have use sig/],
      [jwkSet({ ...ec, key_ops: ['verify'] }), /key 1 must allow sign/],
      [jwkSet(small), /key 1 must have 2048 to 4096 bits/],
      [jwkSet({ ...rsa, n: `AAAA${small.n}` }), /key 1 must have 2048 to 4096 bits/],
      [jwkSet({ ...rsa, n: 'A'.repeat(400) }), /key 1 must have 2048 to 4096 bits/],
      [jwkSet(three), /key 1 must have the public exponent 65537/],
      [jwkSet({ ...rsa, qi: undefined }), /key 1 must have qi/],
      [jwkSet({ ...rsa, oth: [] }), /key 1 must have exactly two primes/],
    ]
    for (const [text, rule] of wrong) {
      const error = await Promise.resolve(text)
        .then(parseSigningKeys)
        .then(
          () => expect.fail(`accepted ${text.slice(0, 60)}`),
          (thrown: Error) => thrown,
        )
      expect(error.message, text.slice(0, 60)).toMatch(rule)
      for (const key of [ec, okp, rsa, small]) expect(error.message).not.toContain(key.d)
    }
  })

  it('refuses, when opened, a key whose halves do not belong together', async () => {
    const wrong = [
      { ...ec, d: ec2.d },
      { ...okp, x: RFC_8037.jwk.x },
      { ...ec, x: ec2.x },
    ]
    for (const key of wrong) {
      const opening = openKeyring(withKeys(okp, key))
      await expect(opening).rejects.toThrow(ConfigurationError)
      await expect(opening).rejects.toThrow(/SIGNING_KEYS key 2 must be one valid pair of keys$/)
    }
  })
})

describe('keyring', () => {
  it('is imported once per source', async () => {
    const from = withKeys(ec)
    expect(await openKeyring(from)).toBe(await openKeyring(from))
  })

  it('signs with HS256 under the bytes of JWT_SECRET, and publishes nothing', async () => {
    const keyring = await openKeyring(source())
    expect(keyring.signing.alg).toBe('HS256')
    expect(keyring.publicJwks).toEqual({ keys: [] })
    const token = await issue(source())
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const bytes = (text: string) => new TextEncoder().encode(text)
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', bytes(SECRET), algorithm, false, ['verify'])
    const mac = base64url.decode(signature)
    expect(await crypto.subtle.verify('HMAC', key, mac, bytes(`${header}.${payload}`))).toBe(true)
  })

  it('names the HS256 key by something that only the secret yields, and not by its digest', async () => {
    const [one, same, other] = await Promise.all(
      [SECRET, SECRET, OTHER_SECRET].map((jwtSecret) => openKeyring(source({ jwtSecret }))),
    )
    expect(one?.signing.kid).toMatch(/^[\w-]{11}$/)
    expect(one?.signing.kid).toBe(same?.signing.kid)
    expect(one?.signing.kid).not.toBe(other?.signing.kid)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SECRET))
    expect(base64url.encode(new Uint8Array(digest))).not.toContain(one?.signing.kid)
  })

  it('verifies tokens of JWT_SECRET_PREVIOUS, and of no other secret', async () => {
    const old = await issue(source({ jwtSecret: OTHER_SECRET }))
    expect(await read(source({ jwtSecretPrevious: OTHER_SECRET }), old)).toBe('valid')
    expect(await read(source(), old)).toBe('invalid')
    const fresh = await issue(source({ jwtSecretPrevious: OTHER_SECRET }))
    expect(await read(source(), fresh)).toBe('valid')
    expect(await read(source({ jwtSecret: OTHER_SECRET, jwtSecretPrevious: SECRET }), fresh)).toBe(
      'valid',
    )
  })

  it('signs with the first key, verifies with all, and HS256 is off', async () => {
    const hs256 = await issue(source())
    for (const [first, alg] of [
      [ec, 'ES256'] as const,
      [okp, 'EdDSA'] as const,
      [rsa, 'RS256'] as const,
    ]) {
      const token = await issue(withKeys(first, ec2))
      expect((await openKeyring(withKeys(first))).signing.alg).toBe(alg)
      expect(await read(withKeys(ec2, first), token)).toBe('valid')
      expect(await read(withKeys(ec2), token)).toBe('invalid')
      expect(await read(source(), token)).toBe('invalid')
      expect(await read(withKeys(first), hs256)).toBe('invalid')
    }
  })

  it('accepts every token while a key is added, promoted and the old one dropped', async () => {
    const steps = [withKeys(ec), withKeys(ec, okp), withKeys(okp, ec), withKeys(okp)]
    for (const [index, step] of steps.slice(0, -1).entries()) {
      const next = steps[index + 1] as KeySource
      // While a new secret spreads, isolates with either serve the same clients.
      expect(await read(step, await issue(next))).toBe('valid')
      expect(await read(next, await issue(step))).toBe('valid')
    }
    expect(await read(steps[3] as KeySource, await issue(steps[0] as KeySource))).toBe('invalid')
  })

  it('publishes the public halves only, named by their RFC 7638 thumbprint', async () => {
    const { publicJwks, signing } = await openKeyring(withKeys(RFC_8037.jwk, ec, rsa))
    expect(signing.kid).toBe(RFC_8037.thumbprint)
    const common = { use: 'sig' }
    expect(publicJwks).toEqual({
      keys: [
        {
          ...common,
          kty: 'OKP',
          crv: 'Ed25519',
          x: RFC_8037.jwk.x,
          alg: 'EdDSA',
          kid: RFC_8037.thumbprint,
        },
        {
          ...common,
          kty: 'EC',
          crv: 'P-256',
          x: ec.x,
          y: ec.y,
          alg: 'ES256',
          kid: await calculateJwkThumbprint(ec as { kty: string }),
        },
        {
          ...common,
          kty: 'RSA',
          n: rsa.n,
          e: 'AQAB',
          alg: 'RS256',
          kid: await calculateJwkThumbprint(rsa as { kty: string }),
        },
      ],
    })
  })

  it('makes keys that cannot be taken out again', async () => {
    const keyring = await openKeyring(withKeys(ec))
    for (const key of [
      keyring.signing.key,
      keyring.refresh[0],
      keyring.cursor[0],
      keyring.identifier,
      keyring.pendingSignIn[0],
      keyring.identityProviderFlow[0],
      keyring.identityRegistration[0],
    ]) {
      expect(key.extractable).toBe(false)
    }
  })

  it('has a key of its own for every use', async () => {
    const keys = await openKeyring(source())
    const text = new TextEncoder().encode('the same text')
    const iv = new Uint8Array(12)
    const { signing, refresh, cursor, identifier, pendingSignIn } = keys
    const outputs = await Promise.all([
      ...[signing.key, refresh[0], cursor[0], identifier, pendingSignIn[0]].map((key) =>
        crypto.subtle.sign('HMAC', key, text),
      ),
      ...[keys.identityProviderFlow[0], keys.identityRegistration[0]].map((key) =>
        crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text),
      ),
    ])
    expect(new Set(outputs.map((out) => base64url.encode(new Uint8Array(out)))).size).toBe(7)
  })
})

describe('identifiers', () => {
  it('are the same for the same text and secret, and differ otherwise', async () => {
    const [one, other] = await Promise.all([
      openKeyring(source()),
      openKeyring(source({ jwtSecret: OTHER_SECRET, jwtSecretPrevious: SECRET })),
    ])
    const name = await hmacIdentifier(one, 'ann@example.com')
    expect(name).toMatch(/^[\w-]{43}$/)
    expect(await hmacIdentifier(one, 'ann@example.com')).toBe(name)
    expect(await hmacIdentifier(one, 'bob@example.com')).not.toBe(name)
    expect(await hmacIdentifier(other, 'ann@example.com')).not.toBe(name)
  })
})
