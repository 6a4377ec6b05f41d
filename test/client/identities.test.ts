/** Identity providers in the client. The flow itself is in test/browser. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { cookieHint } from '../../src/client'
import { newPerson, openBrowser, PASSWORD, startWorker } from './worker'

let worker: Awaited<ReturnType<typeof startWorker>>
beforeAll(async () => {
  worker = await startWorker({
    PROVIDERS: '{"github":{"client_id":"c"},"google":{"client_id":"c","name":"Google+"}}',
    PROVIDER_GITHUB_SECRET: 'a-secret-of-the-tests',
    PROVIDER_GOOGLE_SECRET: 'a-secret-of-the-tests',
  })
}, 60_000)
afterAll(() => worker.stop())
afterEach(() => void vi.unstubAllGlobals())

/** Where the page was sent. */
function watchLocation() {
  const assign = vi.fn()
  vi.stubGlobal('location', { assign })
  return assign
}

it('identityProviders() → the providers in the order of the setting', async () => {
  const tab = openBrowser(worker.url, 'cookie').tab()
  expect(await tab.identityProviders()).toEqual([
    { name: 'github', label: 'GitHub' },
    { name: 'google', label: 'Google+' },
  ])
})

it('signInWithProvider() → leaves for the address that begins the sign-in', () => {
  const browser = openBrowser(worker.url, 'cookie')
  const { session } = browser.tab()
  const assign = watchLocation()
  session.signInWithProvider('github')
  session.signInWithProvider('github', { next: '/a?b=c&d' })
  session.signInWithProvider('../../x', { next: '//evil.example' })
  const path = '/api/identity-providers'
  expect(assign.mock.calls).toEqual([
    [`${browser.origin}${path}/github/sign-in`],
    [`${browser.origin}${path}/github/sign-in?next=%2Fa%3Fb%3Dc%26d`],
    [`${browser.origin}${path}/..%2F..%2Fx/sign-in?next=%2F%2Fevil.example`],
  ])
  expect(browser.sent()).toEqual([])
})

it.each(['memory', 'localStorage'] as const)(
  'signInWithProvider() with the storage %s → TypeError, and the page stays',
  (storage) => {
    const { session } = openBrowser(worker.url, storage).tab()
    const assign = watchLocation()
    expect(() => session.signInWithProvider('github')).toThrow(TypeError)
    expect(assign).not.toHaveBeenCalled()
  },
)

it('registerWithProvider() fills the path; an invalid registration → registration-ended', async () => {
  const browser = openBrowser(worker.url, 'cookie')
  const { session } = browser.tab()
  const registered = session.registerWithProvider('github', {
    registration: 'x',
    username: 'ann',
    email: 'ann@example.com',
  })
  await expect(registered).rejects.toMatchObject({ code: 'registration-ended' })
  expect(browser.sent()).toEqual(['POST /api/identity-providers/github/registration'])
})

it('identities: the list, and the problems of connect() and disconnect()', async () => {
  const tab = openBrowser(worker.url, 'cookie').tab()
  const person = newPerson()
  await tab.register(person)
  await tab.session.signIn(person.username, PASSWORD)
  expect((await tab.identities.list()).identities).toEqual([])
  const assign = watchLocation()
  await expect(tab.identities.connect('github')).rejects.toMatchObject({
    code: 'email-not-verified',
  })
  await expect(tab.identities.disconnect('A'.repeat(22))).rejects.toMatchObject({
    code: 'identity-not-found',
  })
  expect(assign).not.toHaveBeenCalled()
})

it('connect() leaves for the provider, with the cookie of the flow', async () => {
  const browser = openBrowser(worker.url, 'cookie')
  const tab = browser.tab()
  const person = newPerson()
  const { id } = await tab.register(person)
  await tab.session.signIn(person.username, PASSWORD)
  await worker.db.prepare('update users set email_verified = 1 where id = ?').bind(id).run()
  const assign = watchLocation()
  await tab.identities.connect('github')
  expect(assign.mock.calls[0]?.[0]).toMatch(/^https:\/\/github\.com\/login\/oauth\/authorize\?/)
  expect([...browser.jar.keys()]).toContain('__Host-gatepost-flow')
})

it('cookieHint() remembers a departure in the tab alone, until a session is found or 10 minutes pass', () => {
  const page = {
    value: '',
    get cookie() {
      return this.value
    },
    set cookie(text: string) {
      this.value = text.includes('Max-Age=0') ? '' : (text.split(';')[0] ?? '')
    },
  }
  const stored = new Map<string, string>()
  vi.stubGlobal('document', page)
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
    removeItem: (key: string) => stored.delete(key),
  })
  vi.useFakeTimers({ toFake: ['Date'] })
  const hint = cookieHint()
  expect(hint.read()).toBe(false)
  hint.leave()
  expect([hint.read(), page.cookie]).toEqual([true, ''])
  // This tab on its way back, and another tab, find no session yet.
  hint.write(false)
  expect(hint.read()).toBe(true)
  hint.write(true)
  expect([hint.read(), page.cookie, stored.size]).toEqual([true, 'signed-in=1', 0])
  hint.write(false)
  expect(hint.read()).toBe(false)
  hint.leave()
  vi.setSystemTime(Date.now() + 10 * 60_000)
  expect(hint.read()).toBe(false)
  vi.useRealTimers()
})

it('cookieHint() works where the browser forbids the storage of the tab', () => {
  vi.stubGlobal('document', { cookie: '' })
  vi.stubGlobal('sessionStorage', undefined)
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get: () => {
      throw new DOMException('blocked', 'SecurityError')
    },
  })
  const hint = cookieHint()
  hint.leave()
  expect(hint.read()).toBe(false)
  hint.write(true)
})
