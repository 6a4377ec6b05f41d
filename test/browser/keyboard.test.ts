/** Without a mouse: everything can be reached, seen and left again. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, visitor } from './browser.ts'
import { PASSWORD, person, write } from './people.ts'
import { button, heading, menu, signIn, told } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement
    return element.getAttribute('name') ?? element.innerText.trim()
  })

test('sign in, write, open and leave the menu with keys alone', async () => {
  const { username } = await person()
  const ann = await visitor(browser)
  const page = await ann.tab()
  await page.goto('/sign-in')
  await heading(page, 'Sign in').waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Skip to the content')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'login')
  await page.keyboard.type(username)
  await page.keyboard.press('Tab')
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await menu(page).waitFor()
  await heading(page, 'Latest posts').waitFor()
  // The heading of the new page has the focus: reading goes on there.
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1')

  await menu(page).focus()
  await page.keyboard.press('Enter')
  await button(page, 'Sign out').waitFor()
  await page.keyboard.press('Escape')
  await button(page, 'Sign out').waitFor({ state: 'hidden' })
  assert.equal(await menu(page).evaluate((el) => el === document.activeElement), true)

  await page.getByRole('link', { name: 'Write', exact: true }).focus()
  await page.keyboard.press('Enter')
  await heading(page, 'Write a post').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.type('By keys')
  await page.keyboard.press('Tab')
  await page.keyboard.type('No mouse.')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await told(page, 'Published.')

  // The dialog: the harmless answer first, Escape leaves it, the focus comes back.
  await button(page, 'Delete').focus()
  await page.keyboard.press('Enter')
  assert.equal(await focused(page), 'Cancel')
  await page.keyboard.press('Escape')
  assert.equal(await focused(page), 'Delete')
  await ann.close()
})

test('the focused element is visible', async () => {
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto('/sign-in')
  await heading(page, 'Sign in').waitFor()
  for (let steps = 0; steps < 12; steps++) {
    await page.keyboard.press('Tab')
    const shown = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      if (element === document.body) return true
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
    })
    assert.ok(shown, `after ${steps + 1} times Tab: ${await focused(page)}`)
  }
  await reader.close()
})

test('back restores the list and its scroll position; forward works', async () => {
  const author = await person()
  for (let n = 1; n <= 25; n++)
    await write(author, `Walk ${n} of ${author.username}`, 'By the river.')
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto(`/people/${author.id}`)
  await page.locator('.card h2').nth(19).waitFor()
  await button(page, 'Load more').click()
  await page.locator('.card h2').nth(24).waitFor()
  const link = page.getByRole('link', { name: `Walk 3 of ${author.username}`, exact: true })
  await link.scrollIntoViewIfNeeded()
  const before = await page.evaluate(() => scrollY)
  assert.ok(before > 500)
  await link.click()
  await heading(page, `Walk 3 of ${author.username}`).waitFor()
  await page.waitForFunction(() => scrollY === 0)
  await page.goBack()
  await page.locator('.card h2').nth(24).waitFor()
  await page.waitForFunction((y) => Math.abs(scrollY - y) < 5, before)
  await page.goForward()
  await heading(page, `Walk 3 of ${author.username}`).waitFor()
  await reader.close()
})

test('a search is in the address', async () => {
  const author = await person()
  const word = `quince${Date.now().toString(36)}`
  await write(author, `About the ${word}`, 'A fruit.')
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto('/')
  await page.getByRole('searchbox').fill(word)
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: `About the ${word}` }).waitFor()
  assert.equal(new URL(page.url()).search, `?q=${word}`)
  await page.getByRole('searchbox').fill('nothinghasthisword')
  await button(page, 'Search').click()
  await heading(page, 'Nothing about “nothinghasthisword”').waitFor()
  await page.goBack()
  await page.getByRole('link', { name: `About the ${word}` }).waitFor()
  await page.waitForFunction(
    (text) => document.querySelector<HTMLInputElement>('[type=search]')?.value === text,
    word,
  )
  await reader.close()
})

test('a button sends one request however often it is pressed, and is marked as busy', async () => {
  const author = await person()
  const ann = await visitor(browser)
  const page = await ann.tab()
  await signIn(page, author.username)
  await menu(page).waitFor()
  await page.goto('/write')
  let posts = 0
  const { promise: looked, resolve: goOn } = Promise.withResolvers<void>()
  await page.route('**/api/posts', async (route) => {
    posts++
    await looked
    await route.continue()
  })
  await page.getByLabel('Title').fill('Once')
  await page.getByLabel('Text').fill('Only once.')
  const publish = button(page, 'Publish')
  await publish.evaluate((el: HTMLElement) => {
    el.click()
    el.click()
  })
  await page.keyboard.press('Enter')
  await page.locator('button[aria-busy=true]').getByText('Publish').waitFor()
  goOn()
  await told(page, 'Published.')
  assert.equal(posts, 1)
  await ann.close()
})
