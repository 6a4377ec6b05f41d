/** Several tabs of one browser: one session, one refresh, one end. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, visitor } from './browser.ts'
import { PASSWORD, person } from './people.ts'
import { heading, menu, signIn, signOut, told } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

const refreshes = (page: Page, seen: number[]) =>
  page.on('response', (response) => {
    if (response.url().endsWith('/api/session/refresh')) seen.push(response.status())
  })

test('two tabs whose access token expires → one refresh, and both stay signed in', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  const tabs = [await ann.tab(), await ann.tab()]
  const seen: number[] = []
  await signIn(tabs[0]!, username)
  await menu(tabs[0]!).waitFor()
  await tabs[1]!.goto('/account')
  await menu(tabs[1]!).waitFor()
  for (const tab of tabs) {
    refreshes(tab, seen)
    await tab.clock.install({ time: Date.now() + 15 * 60_000 })
  }
  await Promise.all(
    tabs.map(async (tab) => {
      await tab.evaluate(() => {
        // The pages' own way of going elsewhere, without a reload.
        const link = document.createElement('a')
        link.href = '/account/sessions'
        document.body.append(link)
        link.click()
        link.remove()
      })
      await tab.getByText('This device', { exact: true }).waitFor()
    }),
  )
  assert.deepEqual(seen, [200])
  for (const tab of tabs) await menu(tab).waitFor()
  await ann.close()
})

test('eight tabs opened and reloaded at once stay signed in', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  const tabs = await Promise.all(Array.from({ length: 8 }, ann.tab))
  await signIn(tabs[0]!, username)
  await menu(tabs[0]!).waitFor()
  for (let round = 0; round < 3; round++) {
    await Promise.all(tabs.map((tab) => tab.goto('/account/sessions')))
    await Promise.all(tabs.map((tab) => tab.getByText('This device', { exact: true }).waitFor()))
  }
  await ann.close()
})

test('tabs without the Web Locks API → the server accepts the repeated refresh token', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  const tabs = [await ann.tab(), await ann.tab(), await ann.tab()]
  await signIn(tabs[0]!, username)
  await menu(tabs[0]!).waitFor()
  await Promise.all(tabs.map((tab) => tab.goto('/')))
  await Promise.all(tabs.map((tab) => menu(tab).waitFor()))
  // All on their way before the first answer: with the cookie of that one, a late one would find
  // its own token a grandparent.
  const all: (() => void)[] = []
  await ann.context.route('**/api/session/refresh', async (route) => {
    await new Promise<void>((goOn) => {
      if (all.push(goOn) === 15) for (const release of all) release()
    })
    await route.continue()
  })
  const statuses = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async () => {
        const asked = Array.from({ length: 5 }, () =>
          fetch('/api/session/refresh', { method: 'POST' }),
        )
        return (await Promise.all(asked)).map((response) => response.status)
      }),
    ),
  )
  assert.deepEqual(new Set(statuses.flat()), new Set([200]))
  await ann.context.unroute('**/api/session/refresh')
  await tabs[0]!.goto('/account')
  await heading(tabs[0]!, 'Profile').waitFor()
  await ann.close()
})

test('signing out in one tab signs out the others, and signing in signs them in', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  const [one, two] = [await ann.tab(), await ann.tab()]
  await signIn(one, username)
  await menu(one).waitFor()
  await two.goto('/account')
  await heading(two, 'Profile').waitFor()
  await signOut(one)
  await told(two, 'Signed out.')
  await heading(two, 'Sign in').waitFor()

  await signIn(one, username, PASSWORD)
  await menu(one).waitFor()
  // The other tab goes on to where it was.
  await heading(two, 'Profile').waitFor()
  await ann.close()
})

test('a lost access token is replaced without a message', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  ann.expectStatus(401)
  const tab = await ann.tab()
  await signIn(tab, username)
  await menu(tab).waitFor()
  let refused = 0
  await tab.route('**/api/users/me/sessions*', async (route) => {
    if (refused++ > 0) return route.fallback()
    await route.fallback({
      headers: { ...route.request().headers(), authorization: 'Bearer x.y.z' },
    })
  })
  await tab.locator('header summary').click()
  await tab.getByRole('link', { name: 'Account' }).click()
  await tab.getByRole('link', { name: 'Sessions' }).click()
  await tab.getByText('This device', { exact: true }).waitFor()
  assert.equal(refused, 2)
  await ann.close()
})
