/** The API's own page: sign in with Authorize, ask with "Try it out", under the strict policy. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { ARTIFACTS, launch, NARROW, visitor, WIDE } from './browser.ts'
import { PASSWORD, person } from './people.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

test('/docs: Authorize, then Try it out', async () => {
  const ann = await person()
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto('/docs')
  await page.locator('.btn.authorize').click()
  const oauth = page.locator('.auth-container', { has: page.locator('#oauth_username') })
  const { focused, scrolled } = await page.evaluate(() => ({
    focused: document.activeElement?.id,
    scrolled: document.querySelector('.modal-ux-content')?.scrollTop,
  }))
  assert.deepEqual({ focused, scrolled }, { focused: 'oauth_username', scrolled: 0 })
  assert.equal(await page.locator('#client_id_password').isVisible(), false)
  await page.locator('#oauth_username').fill(ann.username)
  await page.locator('#oauth_password').fill(PASSWORD)
  const all = oauth.locator('.scopes input[type=checkbox]')
  assert.equal(await all.count(), 3)
  const chosen = oauth.locator('.scopes input[type=checkbox]:checked')
  assert.deepEqual(
    await chosen.evaluateAll((boxes) => boxes.map((box) => box.getAttribute('data-value'))),
    ['posts:write', 'account'],
  )
  await oauth.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click()
  await page.getByRole('button', { name: 'Remove authorization' }).waitFor()
  await page.locator('.modal-ux .close-modal').click()

  const me = page.locator('#operations-accounts-readMe')
  await me.locator('.opblock-summary-control').click()
  await me.getByRole('button', { name: 'Execute' }).click()
  const answer = me.locator('.live-responses-table tbody .response')
  await answer.locator('code').first().getByText(ann.email).waitFor()
  assert.equal(await answer.locator('.response-col_status').innerText(), '200')
  assert.equal(await page.evaluate(() => localStorage.length), 0)
  await page.screenshot({ path: `${ARTIFACTS}/docs.png` })
  await reader.close()
})

test('/docs: follows the color scheme, leads back, and collapses errors with their own examples', async () => {
  const reader = await visitor(browser, { colorScheme: 'dark' })
  const page = await reader.tab()
  await page.goto('/docs')
  const create = page.locator('#operations-posts-createPost')
  await create.locator('.opblock-summary-control').click()
  const hasBackground = (color: string) =>
    page.waitForFunction(
      (expected) => getComputedStyle(document.body).backgroundColor === expected,
      color,
    )
  await hasBackground('rgb(18, 24, 23)')
  await page.emulateMedia({ colorScheme: 'light' })
  await hasBackground('rgb(251, 250, 247)')

  const error = create.locator('.error-response', { hasText: '429' })
  assert.equal(await error.locator('.highlight-code').isVisible(), false)
  await error.locator('summary').click()
  await error.getByText('"/problems/too-many-requests"').waitFor()

  for (const { width } of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 800 })
    const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(scrollWidth <= width, `${scrollWidth} wide at ${width}`)
  }
  await page.getByRole('link', { name: 'Back to the app' }).click()
  await page.getByRole('heading', { level: 1 }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/')
  await reader.close()
})
