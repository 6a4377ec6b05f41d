/** The browser of a user who signs in at an identity provider, and the accounts that result. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { type call, workerWith } from './client'
import { type Claims, type OpenIdProvider, openIdProvider, someone } from './identity-provider'
import { freshName } from './users'

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

/** Stores an identity of a user in D1. */
export const storeIdentity = (userId: number, issuer: string, subject: string, provider: string) =>
  env.DB.prepare(
    'insert into identities (issuer, subject, id, provider, user_id, created_at) values (?, ?, ?, ?, ?, 0)',
  )
    .bind(issuer, subject, crypto.randomUUID(), provider, userId)
    .run()

/** The identities of D1 that an issuer has. */
export async function identitiesAt(issuer: string) {
  const found = await env.DB.prepare('select * from identities where issuer = ?')
    .bind(issuer)
    .all<{ subject: string; user_id: number; email: string | null; id: string }>()
  return found.results
}
