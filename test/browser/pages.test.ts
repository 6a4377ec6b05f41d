/**
 * Every page, narrow and wide, light and dark: no violation of accessibility, nothing wider than
 * the screen, a silent console, a picture.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { ARTIFACTS, launch, NARROW, violations, visitor, WIDE } from './browser.ts'
import { grantAdmin, type Person, person, write } from './people.ts'
import { button, field, heading, menu, signIn } from './steps.ts'

let browser: Browser
let ann: Person
let post: { id: number }
before(async () => {
  browser = await launch()
  ann = await person(undefined, 'Ann Example')
  await grantAdmin(ann.email)
  post = await write(ann, 'A paper notebook', 'It never asks me to sign in.\n\nIt has no battery.')
  await write(ann, 'W'.repeat(200), 'ö'.repeat(3000))
})
after(() => browser.close())

interface Look {
  name: string
  path: string | (() => string)
  /** Waits until the page is shown. */
  shows: (page: Page) => Promise<unknown>
  /** An act on the page, e.g. opening a menu. */
  act?: (page: Page) => Promise<unknown>
  status?: number
}
const title = (name: string) => (page: Page) => heading(page, name).waitFor()
const cards = (page: Page) => page.locator('.card h2').first().waitFor()

const OPEN: Look[] = [
  { name: 'feed', path: '/', shows: cards },
  { name: 'search', path: '/?q=notebook', shows: cards },
  {
    name: 'search-nothing',
    path: '/?q=nothinghasthis',
    shows: title('Nothing about “nothinghasthis”'),
  },
  { name: 'post', path: () => `/posts/${post.id}`, shows: title('A paper notebook') },
  { name: 'post-long', path: () => `/posts/${post.id + 1}`, shows: title('W'.repeat(200)) },
  { name: 'person', path: () => `/people/${ann.id}`, shows: cards },
  { name: 'register', path: '/register', shows: title('Register') },
  {
    name: 'register-mistakes',
    path: '/register',
    shows: title('Register'),
    act: (page) => button(page, 'Register').click(),
  },
  { name: 'sign-in', path: '/sign-in?next=/account', shows: title('Sign in') },
  {
    name: 'sign-in-refused',
    path: '/sign-in',
    shows: title('Sign in'),
    status: 401,
    async act(page) {
      await field(page, 'Email or username').fill('unknown')
      await field(page, 'Password').fill('no password')
      await button(page, 'Sign in').click()
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'email-link-ask', path: '/sign-in/email', shows: title('Sign in by email') },
  { name: 'email-link-use', path: '/sign-in/link#token=abc', shows: title('Sign in by email') },
  { name: 'email-link-none', path: '/sign-in/link', shows: title('Sign in by email') },
  { name: 'forgot', path: '/forgot', shows: title('Forgot your password?') },
  { name: 'reset', path: '/reset#token=abc', shows: title('Choose a new password') },
  { name: 'reset-without-link', path: '/reset', shows: title('Choose a new password') },
  {
    name: 'verify-refused',
    path: '/verify#token=abc',
    shows: (page) => page.getByRole('alert').waitFor(),
    status: 400,
  },
  {
    name: 'problem',
    path: '/problems/username-taken',
    shows: (page) => page.getByRole('row', { name: 'POST /api/users Make an account' }).waitFor(),
  },
  {
    name: 'problem-of-many',
    path: '/problems/invalid-request',
    shows: (page) => page.getByRole('link', { name: 'POST /api/posts', exact: true }).waitFor(),
  },
  {
    name: 'problem-unknown',
    path: '/problems/constructor',
    shows: (page) => page.getByText('no problem type of this name').waitFor(),
  },
  { name: 'nothing-here', path: '/no/such/page', shows: title('Page not found') },
  { name: 'no-such-post', path: '/posts/999999', shows: title('Page not found'), status: 404 },
  { name: 'no-such-person', path: '/people/x', shows: title('Page not found'), status: 422 },
]
const SIGNED_IN: Look[] = [
  { name: 'feed-signed-in', path: '/', shows: cards, act: (page) => menu(page).click() },
  { name: 'write', path: '/write', shows: title('Write a post') },
  {
    name: 'own-post',
    path: () => `/posts/${post.id}`,
    shows: title('A paper notebook'),
    act: (page) => button(page, 'Delete').click(),
  },
  { name: 'edit', path: () => `/posts/${post.id}/edit`, shows: title('Edit post') },
  { name: 'account', path: '/account', shows: title('Profile') },
  { name: 'account-email', path: '/account/email', shows: title('Email') },
  { name: 'account-password', path: '/account/password', shows: title('Password') },
  {
    name: 'account-sessions',
    path: '/account/sessions',
    shows: (page) => page.getByText('This device', { exact: true }).waitFor(),
  },
  {
    name: 'account-activity',
    path: '/account/activity',
    shows: (page) => page.getByText('Account created').waitFor(),
  },
  { name: 'account-data', path: '/account/data', shows: title('Your data') },
  {
    name: 'admin',
    path: '/admin',
    shows: (page) => button(page, 'Disable').first().waitFor(),
  },
  {
    name: 'admin-search',
    path: () => `/admin?q=${ann.username}`,
    shows: (page) => page.locator('.who').getByText(`@${ann.username}`).waitFor(),
  },
  {
    name: 'admin-events',
    path: '/admin/events',
    shows: (page) => page.getByText('Account created').first().waitFor(),
  },
]

async function look(page: Page, { name, path, shows, act }: Look) {
  const address = typeof path === 'string' ? path : path()
  // The same address but for the fragment would be no new page.
  await page.goto('about:blank')
  await page.goto(address)
  await shows(page)
  await act?.(page)
  assert.match(await page.title(), /Gatepost$/)
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(viewport)
      const where = `${name} ${size} ${colorScheme}`
      // Colours differ by scheme, order and names by width: two looks of four see both.
      if ((size === 'wide') === (colorScheme === 'light'))
        assert.deepEqual(await violations(page), [], where)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      assert.ok(width <= viewport.width, `${where} is ${width} wide`)
      await page.screenshot({ path: `${ARTIFACTS}/${name}-${size}-${colorScheme}.png` })
    }
  }
}

async function lookAtAll(looks: Look[], login?: string) {
  const someone = await visitor(browser)
  const page = await someone.tab()
  if (login) {
    await signIn(page, login)
    await menu(page).waitFor()
  }
  for (const one of looks) {
    if (one.status) someone.expectStatus(one.status)
    await look(page, one)
  }
  await someone.close()
}

test('every public page: accessible, without errors', () => lookAtAll(OPEN))
test('every page of a signed-in user: accessible, without errors', () =>
  lookAtAll(SIGNED_IN, ann.username))

test('two edits of one post → the second shows the conflict', async () => {
  const someone = await visitor(browser)
  someone.expectStatus(412)
  const [page, other] = [await someone.tab(), await someone.tab()]
  await signIn(page, ann.username)
  await menu(page).waitFor()
  await look(page, {
    name: 'conflict',
    path: `/posts/${post.id}/edit`,
    shows: title('Edit post'),
    async act() {
      await other.goto(`/posts/${post.id}/edit`)
      await field(other, 'Title').fill('A notebook of paper')
      await button(other, 'Save').click()
      await heading(other, 'A notebook of paper').waitFor()
      await field(page, 'Text').fill('It has no battery, and never asks.')
      await button(page, 'Save').click()
      await heading(page, 'This post changed while you were editing').waitFor()
    },
  })
  await someone.close()
})
