/** An OpenID provider for tests: it answers the Worker's requests, and stands in for its users. */
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { afterAll, beforeAll, expect } from 'vitest'
import { type call, workerWith } from './client'
import { encodeJson } from './jwks'
import { freshName } from './users'

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

export interface SigningKey {
  kid: string
  privateKey: CryptoKey
  publicJwk: JsonWebKey & { kid: string }
}

export async function signingKey(kid = crypto.randomUUID()): Promise<SigningKey> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
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
    const form = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()))
    if (form.get('client_secret') !== CLIENT_SECRET || form.get('client_id') !== client_id)
      return json({ error: 'invalid_client' }, 401)
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    const digest = await crypto.subtle.digest(
      'SHA-256',
      new TextEncoder().encode(form.get('code_verifier') ?? ''),
    )
    const isRight =
      grant?.challenge === base64url.encode(new Uint8Array(digest)) &&
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
  const endpoints: Record<string, (request: Request) => Promise<Response> | Response> = {
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

/** A Worker that has these providers. */
export const workerOf = (
  providers: { entry: object; secrets: object }[],
  settings: Record<string, unknown> = {},
): typeof call =>
  workerWith({
    PROVIDERS: JSON.stringify(Object.assign({}, ...providers.map(({ entry }) => entry))),
    ...Object.assign({}, ...providers.map(({ secrets }) => secrets)),
    ...settings,
  })

/** The cookies of a browser: what responses set, and what it sends. */
export class Browser {
  readonly #cookies = new Map<string, string>()
  constructor(readonly ask: typeof call) {}

  get cookie(): string | undefined {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`)
    return pairs.length > 0 ? pairs.join('; ') : undefined
  }
  get session() {
    return this.#cookies.get('__Host-gatepost')
  }
  get flow() {
    return this.#cookies.get('__Host-gatepost-flow')
  }
  set flow(value: string | undefined) {
    if (value === undefined) this.#cookies.delete('__Host-gatepost-flow')
    else this.#cookies.set('__Host-gatepost-flow', value)
  }

  async send(method: string, path: string, options: Parameters<typeof call>[2] = {}) {
    const response = await this.ask(method, path, { cookie: this.cookie, ...options })
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';', 1)
      const equals = pair.indexOf('=')
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)]
      if (/max-age=0/i.test(set)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }

  /** Where a link to sign in leads. */
  async start(name = 'acme', next?: string): Promise<string> {
    const query = next === undefined ? '' : `?next=${encodeURIComponent(next)}`
    return locationOf(await this.send('GET', `/api/identity-providers/${name}/sign-in${query}`))
  }

  /** Brings a response of the provider back. */
  callback = (parameters: Record<string, string>, name = 'acme') =>
    this.send('GET', `/api/identity-providers/${name}/callback?${new URLSearchParams(parameters)}`)

  /** The whole flow; resolves to the page that it ends on. */
  async signIn(provider: OpenIdProvider, claims: Claims, next?: string): Promise<Page> {
    const location = await this.start(provider.name, next)
    return pageOf(await this.callback(provider.authorize(location, claims), provider.name))
  }
}

export interface Page {
  path: string
  query: Record<string, string>
  fragment: Record<string, string>
  response: Response
}

export function locationOf(response: Response): string {
  expect(response.status).toBe(303)
  return response.headers.get('Location') ?? ''
}

/** The page that a response leads to. */
export function pageOf(response: Response): Page {
  const url = new URL(locationOf(response), 'https://page.test')
  return {
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    fragment: Object.fromEntries(new URLSearchParams(url.hash.slice(1))),
    response,
  }
}

/** A user of the provider with an address that no account has. */
export function someone(more: Claims = {}): Claims & { sub: string; email: string } {
  const sub = crypto.randomUUID()
  return { sub, email: `${sub.slice(0, 8)}@people.example`, email_verified: true, ...more }
}

/** Makes an account for a new user of a provider, in the browser that signed in. */
export async function registerAt(
  browser: Browser,
  { fragment }: Page,
  more: Record<string, unknown> = {},
  name = 'acme',
) {
  const json = { registration: fragment.registration, username: freshName(), ...more }
  return browser.send('POST', `/api/identity-providers/${name}/registration`, { json })
}

export interface SignedIn {
  access_token: string
  user: { id: number; username: string; email: string; email_verified: boolean }
}

/** A user who has registered at this service with an identity, and the browser of the user. */
export async function identityUser(
  options: { provider?: OpenIdProvider; claims?: Claims; settings?: Record<string, unknown> } = {},
) {
  const provider = options.provider ?? (await openIdProvider())
  const claims = someone(options.claims)
  const ask = workerOf([provider], options.settings)
  const browser = new Browser(ask)
  const response = await registerAt(browser, await browser.signIn(provider, claims))
  expect(response.status, await response.clone().text()).toBe(201)
  const { access_token: token, user } = await response.json<SignedIn>()
  return { provider, claims, ask, browser, token, user, id: user.id }
}

/** The identities of D1 that an issuer has. */
export async function identitiesAt(issuer: string) {
  const found = await env.DB.prepare('select * from identities where issuer = ?')
    .bind(issuer)
    .all<{ subject: string; user_id: number; email: string | null; id: string }>()
  return found.results
}
