/** Sessions of `/oauth/token` (RFC 6749): a script keeps the refresh token. */
import type { UserPrivate } from './api'
import { SESSION_TIMEOUT_MS } from './cookie-storage'
import type { Fetch } from './network'
import type { BodyOf } from './operations'
import { ApiProblem, readObject, readProblem } from './problem'
import type { Grant, SessionStorage } from './storage'

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
function asSignInProblem(problem: ApiProblem): ApiProblem {
  if (problem.code !== 'invalid_grant') return problem
  const type = problem.message === WRONG ? 'invalid-credentials' : 'email-not-verified'
  return new ApiProblem(problem.status, { ...problem.body, title: 'Sign-in failed', type })
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

/** `key` names the text in `localStorage`. */
export function tokenStorage(
  kind: 'memory' | 'localStorage',
  key: string,
  origin: string,
  fetch: Fetch,
): SessionStorage {
  const place = kind === 'memory' ? inMemory() : inLocalStorage(key)

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

  async function readUser(accessToken: string): Promise<UserPrivate> {
    const headers = { Authorization: `Bearer ${accessToken}` }
    const response = await send('/api/users/me', { headers })
    if (!response.ok) throw await readProblem(response)
    return (await readObject(response)) as unknown as UserPrivate
  }
  /** RFC 7009. */
  const revoke = (token: string) => post('/oauth/revoke', { token })

  return {
    mayExist: () => place.read() !== null,
    isPerTab: kind === 'memory',
    async signIn(operation, body): Promise<Grant> {
      if (operation !== 'POST /api/session')
        throw new TypeError(`${operation} needs the storage "cookie"`)
      const { login: username, password } = body as BodyOf<'POST /api/session'>
      const form = { grant_type: 'password', username, password }
      const tokens = await post('/oauth/token', form)
        .then(readTokens)
        .catch((error) => {
          throw error instanceof ApiProblem ? asSignInProblem(error) : error
        })
      const user = await readUser(tokens.access_token).catch(async (error) => {
        await revoke(tokens.refresh_token).catch(() => undefined)
        throw error
      })
      const former = place.read()
      place.write(tokens.refresh_token)
      // As with the cookie, one place has one session. This one is open whether that one ends now.
      if (former) void revoke(former).catch(() => undefined)
      return { ...tokens, user }
    },
    async refresh(user) {
      const token = place.read()
      if (!token) return undefined
      const form = { grant_type: 'refresh_token', refresh_token: token }
      const tokens = await post('/oauth/token', form).then(readTokens).catch(undefinedIfEnded)
      if (!tokens) return undefined
      // Before anything else can fail: the former one is used up.
      place.write(tokens.refresh_token)
      return { ...tokens, user: user ?? (await readUser(tokens.access_token)) }
    },
    async signOut() {
      const token = place.read()
      if (!token) return
      const response = await revoke(token)
      if (!response.ok) throw await readProblem(response)
    },
    opened(refreshToken) {
      if (refreshToken) place.write(refreshToken)
    },
    ended: () => place.write(null),
    share: () => (kind === 'memory' ? (place.read() ?? undefined) : undefined),
  }
}
