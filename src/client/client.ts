/** The client: signs in, keeps the session, calls every operation. */
import type { UserPrivate } from './api'
import { authorizeFetch } from './authorized'
import { cookieStorage, type Hint } from './cookie-storage'
import { accountFunctions, mailFunctions, postFunctions } from './functions'
import { identityFunctions } from './identities'
import { type Fetch, openNetwork } from './network'
import { type BodyOf, type Calls, callOperations, type PathValues } from './operations'
import { KeptSession, type SessionState } from './session'
import type { SignInOperation, StorageKind } from './storage'
import { tokenStorage } from './token-storage'

export interface ClientOptions {
  /**
   * Where the API is, such as `https://api.example.com`; the page's own origin by default. That
   * server must list the page's origin in ALLOWED_ORIGINS.
   */
  origin?: string | undefined
  /** Where the refresh token is stored; `cookie` by default. */
  storage?: StorageKind | undefined
  /**
   * For `cookie`: remembers in the page that there may be a session, so that a visitor causes no
   * request. Without one, each page load asks the server. See `cookieHint`.
   */
  hint?: Hint | undefined
  fetch?: Fetch | undefined
}

/** `http://localhost:8787/` → `http://localhost:8787`. @throws TypeError when it is no origin */
function originOf(text: string): string {
  if (text === '') return ''
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash)
    return url.origin
  throw new TypeError(`origin must be like "https://api.example.com", without a path: "${text}"`)
}

function openStorage(kind: StorageKind, name: string, origin: string, fetch: Fetch, hint?: Hint) {
  switch (kind) {
    case 'cookie':
      return cookieStorage(origin, fetch, hint)
    case 'memory':
    case 'localStorage':
      return tokenStorage(kind, name, origin, fetch)
    default:
      throw new TypeError(`storage must be "cookie", "memory" or "localStorage": "${kind}"`)
  }
}

const REGISTER_WITH_PROVIDER = 'POST /api/identity-providers/{provider}/registration'

/** The session as an app sees it. */
function sessionFunctions(
  session: KeptSession,
  origin: string,
  { fetch }: Calls,
  { accessToken, authorized, anonymous }: ReturnType<typeof authorizeFetch>,
  reload: () => Promise<void>,
) {
  return {
    /** A new object after each change, the same one in between. */
    get state(): SessionState {
      return session.state.get()
    },
    /** Calls back after every change, in any tab. Returns the function that unsubscribes. */
    subscribe: session.state.subscribe,
    /** Finds out, once, whether there is a session. Never rejects; see `state`. */
    start: () => session.start(),
    /**
     * `login`: the email address or the username. An account with a second factor rejects with
     * `second-factor-required`; continue with `signInWithCode`. @throws ApiProblem
     */
    signIn: (login: string, password: string) =>
      session.signInWith('POST /api/session', { login, password }),
    /**
     * Completes a sign-in. `pendingToken`: `body.pending_token` of the problem; `code`: of an
     * authenticator app, or a recovery code. @throws ApiProblem
     */
    signInWithCode: (pendingToken: string, code: string) =>
      session.signInWith('POST /api/session/factor', { pending_token: pendingToken, code }),
    /**
     * Signs in with the token of a mailed link, on a click. A browser that did not request it
     * rejects with `link-code-required`; repeat with the code of the one that did. Needs the
     * storage `cookie`. @throws ApiProblem
     */
    signInWithLink: (token: string, code?: string) =>
      session.signInWith('POST /api/session/email/use', { token, code }),
    /**
     * Leaves the page for an identity provider. `next`: the path of the service to show
     * afterwards. Needs the storage `cookie`.
     */
    signInWithProvider(provider: string, { next }: { next?: string | undefined } = {}): void {
      session.leaving()
      const query = next === undefined ? '' : `?${new URLSearchParams({ next })}`
      const path = `/api/identity-providers/${encodeURIComponent(provider)}/sign-in`
      location.assign(origin + path + query)
    },
    /**
     * Makes the account of a new user who comes from a provider, and signs in. `registration` is
     * in the fragment of `/welcome`. @throws ApiProblem
     */
    registerWithProvider: (provider: string, body: BodyOf<typeof REGISTER_WITH_PROVIDER>) =>
      session.signInWith(REGISTER_WITH_PROVIDER, body, { provider }),
    /** Signs in by any other operation that opens a session. @throws ApiProblem */
    signInWith: <K extends SignInOperation>(operation: K, body: BodyOf<K>, path?: PathValues) =>
      session.signInWith(operation, body, path),
    /** Confirms who is signed in, after `step-up-required`. @throws ApiProblem */
    async confirm(proof: BodyOf<'POST /api/session/confirm'>): Promise<void> {
      session.renew(await fetch('POST /api/session/confirm', { body: proof }))
    },
    /** Ends the session at the server, then in all tabs. @throws ApiProblem */
    signOut: () => session.signOut(),
    /** Signs out in all tabs without a request, after the server has ended the session. */
    forget: () => session.forget(),
    /** Shows a changed user in all tabs. */
    update: (user: UserPrivate) => session.update(user),
    /** Reads the user again; a session that has ended elsewhere ends here. @throws ApiProblem */
    reload,
    /** A valid access token, for other servers that verify it; undefined: signed out. */
    accessToken,
    /**
     * `fetch` of an address of the API with the access token: renewed before it expires, and once
     * more after a 401. The body must be repeatable, so not a stream.
     */
    fetch: authorized,
    /** `fetch` of an address of the API without a token. */
    anonymous,
  }
}

type Session = ReturnType<typeof sessionFunctions>
type Account = ReturnType<typeof accountFunctions>
type Mails = ReturnType<typeof mailFunctions>

type Identities = ReturnType<typeof identityFunctions>

export interface Client extends Calls, Account, Mails, Identities {
  session: Session
  posts: ReturnType<typeof postFunctions>
}

/** @throws TypeError when an option is wrong */
export function createClient(options: ClientOptions = {}): Client {
  const { storage: kind = 'cookie', hint } = options
  const origin = originOf(options.origin ?? '')
  // A bare reference would lose its `this`, and miss a `fetch` that is replaced later.
  const own: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const fetch = openNetwork(origin, own)
  const name = kind === 'cookie' ? `gatepost ${origin}` : `gatepost ${kind} ${origin}`
  const session = new KeptSession(name, openStorage(kind, name, origin, fetch, hint))
  const requests = authorizeFetch(session, origin, fetch)
  const calls = callOperations(requests.authorized, requests.anonymous)

  async function reload(): Promise<void> {
    await session.start()
    if (!session.held) return
    try {
      session.update(await calls.fetch('GET /api/users/me'))
    } catch (error) {
      if (session.held) throw error
    }
  }
  return {
    ...calls,
    ...accountFunctions(calls, session, requests.authorized),
    ...mailFunctions(calls, reload),
    ...identityFunctions(calls),
    posts: postFunctions(calls),
    session: sessionFunctions(session, origin, calls, requests, reload),
  }
}
