/** Posts on the pages: private ones, searches that ask too much, and names without a break. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, NARROW, visitor } from './browser.ts'
import { person, write } from './people.ts'
import { button, field, heading, menu, signIn, told } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

test('a private post is on the pages of its author alone, until it is made public', async () => {
  const ann = await person()
  const someone = await visitor(browser)
  someone.expectStatus(404) // a page reads a post without a token first
  const page = await someone.tab()
  await signIn(page, ann.username)
  await menu(page).waitFor()
  await page.goto('/write')
  const title = `Diary of ${ann.username}`
  await field(page, 'Title').fill(title)
  await field(page, 'Text').fill('For me.')
  await field(page, 'Only I can see this').check()
  // The draft keeps the choice through a reload.
  await page.reload()
  assert.equal(await field(page, 'Only I can see this').isChecked(), true)
  await button(page, 'Save').click()
  await told(page, 'Saved. Only you can see it.')
  await heading(page, title).waitFor()
  await page.getByText('Only you', { exact: true }).waitFor()
  const address = page.url()

  const stranger = await visitor(browser)
  stranger.expectStatus(404)
  const other = await stranger.tab()
  await other.goto(address)
  await heading(other, 'Page not found').waitFor()
  await other.goto(`/people/${ann.id}`)
  await other.getByText('Nothing written yet.').waitFor()

  await page.goto(address)
  await heading(page, title).waitFor()
  await page.goto(`/people/${ann.id}`)
  await page.locator('.card', { hasText: title }).getByText('Only you').waitFor()
  await page.goto(`${address}/edit`)
  assert.equal(await field(page, 'Only I can see this').isChecked(), true)
  await field(page, 'Only I can see this').uncheck()
  await button(page, 'Save').click()
  await told(page, 'Saved.')
  await other.goto(address)
  await heading(other, title).waitFor()
  assert.equal(await other.getByText('Only you').count(), 0)
  await Promise.all([someone.close(), stranger.close()])
})

test('the feed asks only for what a card shows', async () => {
  const ann = await person()
  await write(ann, 'A long post', `${'long '.repeat(9000)}the end`)
  const someone = await visitor(browser)
  const page = await someone.tab()
  const answer = page.waitForResponse((response) => response.url().includes('/api/posts'))
  await page.goto('/')
  const { posts } = (await (await answer).json()) as { posts: { content: string }[] }
  assert.ok(posts.length > 0)
  for (const { content } of posts) assert.ok([...content].length <= 400)
  await page.locator('.card', { hasText: 'A long post' }).first().getByRole('link').last().click()
  await page.getByText('the end').waitFor()
  await someone.close()
})

test('a search of nine words says what it may have', async () => {
  const someone = await visitor(browser)
  someone.expectStatus(422)
  const page = await someone.tab()
  await page.goto('/?q=a+b+c+d+e+f+g+h+i')
  await page.getByRole('alert').getByText('at most 8 different words').waitFor()
  await someone.close()
})

test('names without a break stay within a narrow page', async () => {
  const ann = await person(undefined, 'W'.repeat(100))
  const { id } = await write(ann, 'W'.repeat(200), 'W'.repeat(3000))
  const someone = await visitor(browser)
  const page = await someone.tab()
  await page.setViewportSize({ ...NARROW, width: 360 })
  await signIn(page, ann.username)
  await menu(page).waitFor()
  const looks: [string, () => Promise<unknown>][] = [
    [
      '/',
      () =>
        page
          .locator('.card', { hasText: 'W'.repeat(100) })
          .first()
          .waitFor(),
    ],
    [`/posts/${id}`, () => heading(page, 'W'.repeat(200)).waitFor()],
    [`/posts/${id}/edit`, () => field(page, 'Title').waitFor()],
    [`/people/${ann.id}`, () => heading(page, 'W'.repeat(100)).waitFor()],
    ['/account', () => field(page, 'Username').waitFor()],
  ]
  for (const [path, isThere] of looks) {
    await page.goto(path)
    await isThere()
    await menu(page).click()
    await button(page, 'Sign out').waitFor()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 360, `${path} is ${width} wide`)
  }
  await someone.close()
})
