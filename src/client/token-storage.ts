/** Sessions of `/oauth/token` (RFC 6749): a script keeps the refresh token. */
import type { UserPrivate } from './api'
import { SESSION_TIMEOUT_MS } from './cookie-storage'
import type { Fetch } from './network'
import type { BodyOf } from './operations'
import { ApiProblem, readObject, readProblem } from './problem'
import type { Grant, SessionStorage, SignInOperation } from './storage'

interface Tokens {
  access_token: string
  expires_in: number
  refresh_token: string
}

/** Keeps one text. */
interface Place {
  read(): string | null
  write(text: string | null): void
}

const inMemory = (): Place => {
  let kept: string | null = null
  return {
    read: () => kept,
    write: (text) => {
      kept = text
    },
  }
}

/** `localStorage`, or memory where the browser forbids it (blocked cookies, sandboxed frames). */
function inLocalStorage(key: string): Place {
  try {
    const { localStorage } = globalThis
    localStorage.getItem(key)
    return {
      read: () => localStorage.getItem(key),
      write: (text) =>
        text === null ? localStorage.removeItem(key) : localStorage.setItem(key, text),
    }
  } catch {
    return inMemory()
  }
}

/** The text for a wrong password at every endpoint that signs in. */
const WRONG = 'Incorrect email or password'

/** Gives a refused sign-in the code that `/api/session` has for it. */
function throwSignInProblem(error: unknown): never {
  if (!(error instanceof ApiProblem)) throw error
  const { status, code, body, message } = error
  if (code === 'mfa_required') {
    const { mfa_token: token, ...rest } = body
    const pending = { pending_token: String(token), type: 'second-factor-required' }
    throw new ApiProblem(status, { ...rest, ...pending, title: 'Second factor required' })
  }
  if (code !== 'invalid_grant') throw error
  const type = message === WRONG ? 'invalid-credentials' : 'email-not-verified'
  throw new ApiProblem(status, { ...body, title: 'Sign-in failed', type })
}

/** The same for a refused code. */
function throwCodeProblem(error: unknown): never {
  if (!(error instanceof ApiProblem) || error.code !== 'invalid_grant') throw error
  const { status, body, message } = error
  if (!message.includes('mfa_token'))
    throw new ApiProblem(status, { ...body, title: 'Wrong code', type: 'wrong-code' })
  const detail = 'This sign-in has ended. Sign in again.'
  throw new ApiProblem(status, { title: 'Sign-in ended', type: 'pending-ended', detail })
}

/** A refresh token of no session is no failure. */
function undefinedIfEnded(error: unknown): undefined {
  if (!(error instanceof ApiProblem) || error.code !== 'invalid_grant') throw error
}

/** @throws ApiProblem */
async function readTokens(response: Response): Promise<Tokens> {
  if (!response.ok) throw await readProblem(response)
  return (await readObject(response)) as unknown as Tokens
}

/** The grant that completes a sign-in with a code (RFC 6749 §4.5). */
const SECOND_FACTOR = 'urn:gatepost:params:oauth:grant-type:second-factor'

type Endpoints = ReturnType<typeof tokenEndpoints>

/** The requests of a public client to `/oauth/token` and `/oauth/revoke`. */
function tokenEndpoints(origin: string, fetch: Fetch) {
  const send = (path: string, init: RequestInit) =>
    fetch(origin + path, {
      credentials: 'omit',
      signal: AbortSignal.timeout(SESSION_TIMEOUT_MS),
      // A page that closes now has its request completed.
      keepalive: true,
      ...init,
    })
  const post = (path: string, form: Record<string, string>) =>
    send(path, { method: 'POST', body: new URLSearchParams(form) })
  return {
    signIn: (username: string, password: string): Promise<Tokens> =>
      post('/oauth/token', { grant_type: 'password', username, password })
        .then(readTokens)
        .catch(throwSignInProblem),
    useCode: (mfa_token: string, otp: string): Promise<Tokens> =>
      post('/oauth/token', { grant_type: SECOND_FACTOR, mfa_token, otp })
        .then(readTokens)
        .catch(throwCodeProblem),
    /** Undefined: the session has ended. */
    refresh: (token: string): Promise<Tokens | undefined> =>
      post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token })
        .then(readTokens)
        .catch(undefinedIfEnded),
    /** RFC 7009. */
    async revoke(token: string): Promise<void> {
      const response = await post('/oauth/revoke', { token })
      if (!response.ok) throw await readProblem(response)
    },
    async readUser(accessToken: string): Promise<UserPrivate> {
      const headers = { Authorization: `Bearer ${accessToken}` }
      const response = await send('/api/users/me', { headers })
      if (!response.ok) throw await readProblem(response)
      return (await readObject(response)) as unknown as UserPrivate
    },
  }
}

/** The operations that sign in with the cookie, as far as `/oauth/token` has them too. */
function requestTokens(endpoints: Endpoints, operation: SignInOperation, body: unknown) {
  switch (operation) {
    case 'POST /api/session': {
      const { login, password } = body as BodyOf<typeof operation>
      return endpoints.signIn(login, password)
    }
    case 'POST /api/session/factor': {
      const factor = body as BodyOf<typeof operation>
      if ('code' in factor) return endpoints.useCode(factor.pending_token, factor.code)
      throw new TypeError('A passkey needs the storage "cookie"')
    }
    default:
      throw new TypeError(`${operation} needs the storage "cookie"`)
  }
}

/** `key` names the text in `localStorage`. */
export function tokenStorage(
  kind: 'memory' | 'localStorage',
  key: string,
  origin: string,
  fetch: Fetch,
): SessionStorage {
  const place = kind === 'memory' ? inMemory() : inLocalStorage(key)
  const endpoints = tokenEndpoints(origin, fetch)
  const revokeQuietly = (token: string) => endpoints.revoke(token).catch(() => undefined)

  return {
    mayExist: () => place.read() !== null,
    isPerTab: kind === 'memory',
    async signIn(operation, body): Promise<Grant> {
      const tokens = await requestTokens(endpoints, operation, body)
      const user = await endpoints.readUser(tokens.access_token).catch(async (error) => {
        await revokeQuietly(tokens.refresh_token)
        throw error
      })
      const former = place.read()
      place.write(tokens.refresh_token)
      // As with the cookie, one place has one session. This one is open whether that one ends now.
      if (former) void revokeQuietly(former)
      return { ...tokens, user }
    },
    async refresh(user) {
      const token = place.read()
      const tokens = token ? await endpoints.refresh(token) : undefined
      if (!tokens) return undefined
      // Before anything else can fail: the former one is used up.
      place.write(tokens.refresh_token)
      return { ...tokens, user: user ?? (await endpoints.readUser(tokens.access_token)) }
    },
    async signOut() {
      const token = place.read()
      if (token) await endpoints.revoke(token)
    },
    opened(refreshToken) {
      if (refreshToken) place.write(refreshToken)
    },
    leaving() {
      throw new TypeError('Identity providers need the storage "cookie"')
    },
    ended: () => place.write(null),
    share: () => (kind === 'memory' ? (place.read() ?? undefined) : undefined),
  }
}
