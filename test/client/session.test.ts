/** The session of the client against the built Worker. Two clients of one browser are two tabs. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApiProblem, StorageKind } from '../../src/client'
import { generateRecoveryCodes } from '../../src/security/recovery-code'
import { newPerson, openBrowser, PASSWORD, startWorker, until } from './worker'

let worker: Awaited<ReturnType<typeof startWorker>>
beforeAll(async () => {
  worker = await startWorker()
}, 60_000)
afterAll(() => worker.stop())

/** The texts of `localStorage`, which Node does not have. */
const stored = new Map<string, string>()
beforeEach(() => {
  stored.clear()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
    removeItem: (key: string) => stored.delete(key),
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** A person who is signed in, in one tab. */
async function signedIn(storage: StorageKind) {
  const person = newPerson()
  const browser = openBrowser(worker.url, storage)
  const one = browser.tab()
  await one.register(person)
  await one.session.signIn(person.username, PASSWORD)
  browser.sent()
  return { person, browser, one }
}

/** Every access token of before is over, by the clock of the tabs. */
function passTime(ms: number) {
  vi.useFakeTimers({ now: Date.now() + ms, toFake: ['Date'] })
}

const REFRESH = {
  cookie: 'POST /api/session/refresh',
  memory: 'POST /oauth/token',
  localStorage: 'POST /oauth/token',
}

describe.each<StorageKind>(['cookie', 'memory', 'localStorage'])('storage %s', (storage) => {
  it('signs in by username and by address; state has the user', async () => {
    const { person, browser, one } = await signedIn(storage)
    expect(one.session.state).toMatchObject({ status: 'signed-in', user: { email: person.email } })
    const user = await browser.tab().session.signIn(person.email, PASSWORD)
    expect(user.username).toBe(person.username)
  })

  it('a wrong password → invalid-credentials; nothing is kept', async () => {
    const person = newPerson()
    const browser = openBrowser(worker.url, storage)
    const tab = browser.tab()
    await tab.register(person)
    const signIn = tab.session.signIn(person.username, 'a wrong password')
    await expect(signIn).rejects.toMatchObject({
      name: 'ApiProblem',
      code: 'invalid-credentials',
      message: 'Incorrect email or password',
    })
    expect([...browser.jar, ...stored]).toEqual([])
    await tab.session.start()
    expect(tab.session.state).toEqual({ status: 'signed-out', because: 'never' })
  })

  it('too many wrong passwords → too-many-attempts with retryAfter', async () => {
    const person = newPerson()
    const tab = openBrowser(worker.url, storage).tab()
    await tab.register(person)
    const codes: string[] = []
    let wait: number | undefined
    while (codes.length < 30 && codes.at(-1) !== 'too-many-attempts') {
      const problem = await tab.session.signIn(person.username, 'wrong wrong').catch((e) => e)
      codes.push(problem.code)
      wait = problem.retryAfter
    }
    expect(new Set(codes)).toEqual(new Set(['invalid-credentials', 'too-many-attempts']))
    expect(wait).toBeGreaterThan(0)
  })

  it('a second tab is signed in, too', async () => {
    const { browser, one } = await signedIn(storage)
    const two = browser.tab()
    await two.session.start()
    expect(two.session.state).toEqual(one.session.state)
    const sent = browser.sent().filter((request) => request === REFRESH[storage])
    expect(sent).toHaveLength(storage === 'memory' ? 0 : 1)
  })

  it('two tabs whose token has expired → one refresh, and both go on', async () => {
    const { browser, one } = await signedIn(storage)
    const two = browser.tab()
    await two.session.start()
    browser.sent()
    passTime(20 * 60_000)
    const users = await Promise.all([one, two, one].map((tab) => tab.fetch('GET /api/users/me')))
    expect(new Set(users.map(({ id }) => id)).size).toBe(1)
    expect(browser.sent().filter((request) => request === REFRESH[storage])).toHaveLength(1)
  })

  it('a sign-out in one tab → all tabs signed out, the token dead at the server', async () => {
    const { browser, one } = await signedIn(storage)
    const two = browser.tab()
    await two.session.start()
    const token = await two.session.accessToken()
    await one.session.signOut()
    await until(two, 'signed-out')
    expect(two.session.state).toEqual({ status: 'signed-out', because: 'signed-out' })
    expect([...browser.jar, ...stored]).toEqual([])
    const headers = { Authorization: `Bearer ${token}` }
    expect((await fetch(`${worker.url}/api/users/me`, { headers })).status).toBe(401)
    await expect(two.sessions.list()).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('a session that was ended elsewhere → a sentence, and ended in all tabs', async () => {
    const { person, browser, one } = await signedIn(storage)
    const two = browser.tab()
    await two.session.start()
    const elsewhere = openBrowser(worker.url, 'cookie').tab()
    await elsewhere.session.signIn(person.username, PASSWORD)
    await elsewhere.sessions.endOthers()
    await expect(one.sessions.list()).rejects.toMatchObject({
      code: 'invalid-access-token',
      message: 'Your session has ended. Sign in again.',
    })
    await until(two, 'signed-out')
    for (const { session } of [one, two])
      expect(session.state).toEqual({ status: 'signed-out', because: 'ended' })
    expect([...stored]).toEqual([])
    expect(elsewhere.session.state.status).toBe('signed-in')
  })

  it('a changed profile and a deleted account show in all tabs', async () => {
    const { browser, one } = await signedIn(storage)
    const two = browser.tab()
    await two.session.start()
    await one.updateProfile({ full_name: 'Ann Example' })
    await vi.waitUntil(() => 'user' in two.session.state && two.session.state.user.full_name)
    await two.deleteAccount({ password: PASSWORD })
    await until(one, 'signed-out')
  })
})

describe.each<StorageKind>(['cookie', 'memory'])('a second factor, storage %s', (storage) => {
  /** A person who has a second factor and two recovery codes. */
  async function withSecondFactor() {
    const { person, browser, one } = await signedIn(storage)
    const { codes, hashes } = await generateRecoveryCodes(2)
    const { id } = await one.fetch('GET /api/users/me')
    await worker.db.batch([
      worker.db
        .prepare("update users set factors = 'totp', email_verified = 1 where id = ?")
        .bind(id),
      ...hashes.map((hash) =>
        worker.db.prepare('insert into recovery_codes values (?, ?, ?)').bind(hash, id, Date.now()),
      ),
    ])
    await one.session.signOut()
    return { person, browser, one, codes }
  }

  it('signIn → second-factor-required; signInWithCode → wrong-code, then signed in', async () => {
    const { person, one, codes } = await withSecondFactor()
    const signIn = one.session.signIn(person.username, PASSWORD)
    const problem: ApiProblem = await signIn.then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(problem.code).toBe('second-factor-required')
    expect(problem.body.methods).toContain('recovery')
    expect(one.session.state.status).toBe('signed-out')
    const pending = problem.body.pending_token ?? ''
    const { signInWithCode } = one.session
    await expect(signInWithCode(pending, '000000')).rejects.toMatchObject({ code: 'wrong-code' })
    await signInWithCode(pending, codes[0] ?? '')
    expect(one.session.state).toMatchObject({ user: { username: person.username } })
    const again = signInWithCode(pending, codes[1] ?? '')
    await expect(again).rejects.toMatchObject({
      code: 'pending-ended',
      message: expect.stringMatching(/Sign in again\.$/),
    })
  })
})

describe('a 401 that is not about the access token', () => {
  it('→ no refresh; session.confirm takes over the new access token', async () => {
    const { browser, one } = await signedIn('cookie')
    const token = await one.session.accessToken()
    const code = { code: '000000' }
    await expect(one.session.confirm(code)).rejects.toMatchObject({ code: 'wrong-code' })
    expect(browser.sent()).toEqual(['POST /api/session/confirm'])
    await one.session.confirm({ password: PASSWORD })
    expect(await one.session.accessToken()).not.toBe(token)
    expect((await one.sessions.list()).sessions).toHaveLength(1)
  })
})

describe('sessions that several tabs share', () => {
  it('storage memory: an answer that comes after a refresh is too old; the newer token stays', async () => {
    const { browser, one } = await signedIn('memory')
    const messages: { type: string; refreshToken: string }[] = []
    const other = new BroadcastChannel(`gatepost memory ${browser.origin}`)
    other.onmessage = ({ data }) => messages.push(data)
    other.postMessage({ type: 'asked' })
    await vi.waitUntil(() => messages.length === 1)
    passTime(20 * 60_000)
    const token = await one.session.accessToken()
    await vi.waitUntil(() => messages.length === 2)
    other.postMessage(messages[0])
    other.postMessage({ type: 'asked' })
    await vi.waitUntil(() => messages.length === 3)
    other.close()
    expect(await one.session.accessToken()).toBe(token)
    expect(messages[2]?.refreshToken).toBe(messages[1]?.refreshToken)
    expect(messages[2]?.refreshToken).not.toBe(messages[0]?.refreshToken)
  })

  it.each<StorageKind>(['cookie', 'memory', 'localStorage'])(
    'storage %s: signing in as another person ends the former session',
    async (storage) => {
      const { browser, one } = await signedIn(storage)
      const token = await one.session.accessToken()
      const other = newPerson()
      await one.register(other)
      const two = browser.tab()
      await two.session.start()
      await two.session.signIn(other.username, PASSWORD)
      const headers = { Authorization: `Bearer ${token}` }
      const status = async () => (await fetch(`${worker.url}/api/users/me`, { headers })).status
      await vi.waitUntil(async () => (await status()) === 401)
      await vi.waitUntil(() => {
        const { state } = one.session
        return state.status === 'signed-in' && state.user.username === other.username
      })
    },
  )
})

describe('what is kept where', () => {
  it('cookie → a cookie of the API, nothing in localStorage', async () => {
    const { browser } = await signedIn('cookie')
    expect([...browser.jar.keys()]).toEqual(['__Host-gatepost'])
    expect([...stored]).toEqual([])
  })

  it('memory → neither a cookie nor localStorage; the next visit is signed out at once', async () => {
    const { browser } = await signedIn('memory')
    expect([...browser.jar, ...stored]).toEqual([])
    const later = openBrowser(worker.url, 'memory')
    const tab = later.tab()
    await tab.session.start()
    expect(tab.session.state).toEqual({ status: 'signed-out', because: 'never' })
    expect(later.sent()).toEqual([])
  })

  it('localStorage → the refresh token and no access token; a visitor causes no request', async () => {
    const { browser, one } = await signedIn('localStorage')
    expect(browser.jar.size).toBe(0)
    const [text = ''] = stored.values()
    expect(stored.size).toBe(1)
    expect(text).not.toContain(await one.session.accessToken())
    const visitor = openBrowser(worker.url, 'localStorage')
    await visitor.tab().session.start()
    expect(visitor.sent()).toEqual([])
  })

  it('localStorage that the browser forbids → memory', async () => {
    vi.stubGlobal('localStorage', undefined)
    const { one } = await signedIn('localStorage')
    expect(one.session.state.status).toBe('signed-in')
    passTime(20 * 60_000)
    expect((await one.fetch('GET /api/users/me')).id).toBeGreaterThan(0)
  })

  it('a refresh token that the server refuses → signed out, ended', async () => {
    const { browser } = await signedIn('localStorage')
    const [[key, former] = ['', '']] = stored
    passTime(20 * 60_000)
    const tab = browser.tab()
    await tab.session.start()
    stored.set(key, `${former}x`)
    passTime(20 * 60_000)
    await expect(tab.sessions.list()).rejects.toMatchObject({ status: 401 })
    expect(tab.session.state).toEqual({ status: 'signed-out', because: 'ended' })
  })
})

describe('where the address must be confirmed first', () => {
  let strict: Awaited<ReturnType<typeof startWorker>>
  beforeAll(async () => {
    strict = await startWorker({ REQUIRE_VERIFIED_EMAIL: 'on' })
  }, 60_000)
  afterAll(() => strict.stop())

  it.each<StorageKind>(['cookie', 'memory'])('storage %s → email-not-verified', async (storage) => {
    const tab = openBrowser(strict.url, storage).tab()
    const person = newPerson()
    await tab.register(person)
    const signIn = tab.session.signIn(person.username, PASSWORD)
    await expect(signIn).rejects.toMatchObject({ code: 'email-not-verified' })
    const wrong = tab.session.signIn(person.username, 'a wrong password')
    await expect(wrong).rejects.toMatchObject({ code: 'invalid-credentials' })
  })
})

describe('a subscriber that throws', () => {
  it('→ is reported; start() and the other subscribers go on', async () => {
    const report = vi.spyOn(console, 'error').mockReturnValue()
    const tab = openBrowser(worker.url, 'memory').tab()
    const seen: string[] = []
    tab.session.subscribe(() => {
      throw new Error('of the app')
    })
    tab.session.subscribe(({ status }) => seen.push(status))
    await tab.session.start()
    expect(seen).toEqual(['signed-out'])
    expect(report).toHaveBeenCalledOnce()
  })
})
