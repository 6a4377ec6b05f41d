/** An OpenID provider for tests: it answers the Worker's requests, and agrees for its users. */
import { base64url } from 'jose'
import { afterAll, beforeAll, expect } from 'vitest'
import { encodeJson } from './jwks'

type Handler = (request: Request) => Promise<Response> | Response
const handlers = new Map<string, Handler>()

/** Answers the Worker's requests to test providers. Requests to other origins leave as usual. */
export function catchOutgoing() {
  const real = globalThis.fetch
  beforeAll(() => {
    globalThis.fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init)
      const handler = handlers.get(new URL(request.url).origin)
      return handler ? handler(request) : real(input, init)
    }) as typeof fetch
  })
  afterAll(() => {
    globalThis.fetch = real
  })
}

/** Answers requests to an origin, until another handler takes its place. */
export const answerAt = (origin: string, handler: Handler) => handlers.set(origin, handler)

export const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } })

export const formOf = async (request: Request) =>
  new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()))

/** The challenge of a PKCE verifier (S256). */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return base64url.encode(new Uint8Array(digest))
}

/** Keys of ES256. */
export const newKeyPair = async () =>
  (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair

export interface SigningKey {
  kid: string
  privateKey: CryptoKey
  publicJwk: JsonWebKey & { kid: string }
}

export async function signingKey(kid = crypto.randomUUID()): Promise<SigningKey> {
  const pair = await newKeyPair()
  const jwk = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
  return { kid, privateKey: pair.privateKey, publicJwk: { ...jwk, kid, alg: 'ES256', use: 'sig' } }
}

export async function signJwt(key: SigningKey, claims: object, header: object = {}) {
  const input = `${encodeJson({ alg: 'ES256', kid: key.kid, ...header })}.${encodeJson(claims)}`
  const bytes = new TextEncoder().encode(input)
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const signature = await crypto.subtle.sign(algorithm, key.privateKey, bytes)
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

export type Claims = Record<string, unknown>

export interface Tampering {
  /** Claims of the ID token that replace the right ones; undefined removes one. */
  claims?: Claims
  header?: Record<string, unknown>
  /** Takes the place of the signed ID token. */
  idToken?: (claims: Claims) => Promise<string | undefined> | string | undefined
  /** Takes the place of the response of an endpoint, by its path. */
  respond?: (path: string, right: Response) => Promise<Response> | Response
  metadata?: Record<string, unknown>
  /** Whether a code works more than once. */
  forgetsCodes?: boolean
}

interface Grant {
  nonce: string | null
  challenge: string
  redirectUri: string
  claims: Claims
}

export const CLIENT_SECRET = 'tests-only-client-secret'
let made = 0

/** A generic OpenID provider with an issuer of its own. */
export async function openIdProvider(options: { trustsEmail?: boolean; name?: string } = {}) {
  const { trustsEmail = true, name = 'acme' } = options
  const issuer = `https://id${++made}-${crypto.randomUUID().slice(0, 8)}.example`
  const client_id = `client-${made}`
  let keys = [await signingKey()]
  let key = keys[0] as SigningKey
  const grants = new Map<string, Grant>()
  const requests: string[] = []
  const provider = {
    name,
    issuer,
    client_id,
    /** The mistakes of the provider. */
    tampering: {} as Tampering,
    /** `GET /path` of each request of the Worker. */
    requests,
    /** Signs with a new key from now on. */
    rotate: async () => {
      key = await signingKey()
      keys = [key]
    },
    entry: { [name]: { client_id, issuer, trust_email: trustsEmail } },
    secrets: { [`PROVIDER_${name.toUpperCase()}_SECRET`]: CLIENT_SECRET },
    /** The user agrees: the response that the browser brings back. */
    authorize(location: string, claims: Claims): Record<string, string> {
      const { origin, pathname, searchParams: asked } = new URL(location)
      expect(origin + pathname).toBe(`${issuer}/authorize`)
      expect(asked.get('response_type')).toBe('code')
      expect(asked.get('client_id')).toBe(client_id)
      expect(asked.get('code_challenge_method')).toBe('S256')
      const code = crypto.randomUUID()
      grants.set(code, {
        nonce: asked.get('nonce'),
        challenge: asked.get('code_challenge') ?? '',
        redirectUri: asked.get('redirect_uri') ?? '',
        claims,
      })
      return { code, state: asked.get('state') ?? '', iss: issuer }
    },
  }

  async function token(request: Request): Promise<Response> {
    const form = await formOf(request)
    if (form.get('client_secret') !== CLIENT_SECRET || form.get('client_id') !== client_id)
      return json({ error: 'invalid_client' }, 401)
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    const isRight =
      grant?.challenge === (await challengeOf(form.get('code_verifier') ?? '')) &&
      grant.redirectUri === form.get('redirect_uri')
    if (!grant || !isRight) return json({ error: 'invalid_grant' }, 400)
    if (!provider.tampering.forgetsCodes) grants.delete(code)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: client_id,
      iat: now,
      exp: now + 300,
      nonce: grant.nonce,
      ...grant.claims,
      ...provider.tampering.claims,
    }
    const { idToken = (given: Claims) => signJwt(key, given, provider.tampering.header) } =
      provider.tampering
    return json({
      access_token: `at-${crypto.randomUUID()}`,
      refresh_token: `rt-${crypto.randomUUID()}`,
      token_type: 'Bearer',
      expires_in: 300,
      id_token: await idToken(claims),
    })
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    authorization_response_iss_parameter_supported: true,
    ...provider.tampering.metadata,
  })
  const endpoints: Record<string, Handler> = {
    '/.well-known/openid-configuration': () => json(metadata()),
    '/token': token,
    '/jwks': () => json({ keys: keys.map(({ publicJwk }) => publicJwk) }),
  }
  answerAt(issuer, async (request) => {
    const { pathname } = new URL(request.url)
    requests.push(`${request.method} ${pathname}`)
    const endpoint = endpoints[pathname]
    const right = endpoint ? await endpoint(request) : json({ error: 'not_found' }, 404)
    return (await provider.tampering.respond?.(pathname, right)) ?? right
  })
  return provider
}
export type OpenIdProvider = Awaited<ReturnType<typeof openIdProvider>>

/** A user of the provider with an address that no account has. */
export function someone(more: Claims = {}): Claims & { sub: string; email: string } {
  const sub = crypto.randomUUID()
  return { sub, email: `${sub.slice(0, 8)}@people.example`, email_verified: true, ...more }
}
