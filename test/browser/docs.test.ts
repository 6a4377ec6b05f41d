/** The API's own page: sign in with Authorize, ask with "Try it out", under the strict policy. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { ARTIFACTS, launch, visitor } from './browser.ts'
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
  await page.locator('#oauth_username').fill(ann.username)
  await page.locator('#oauth_password').fill(PASSWORD)
  const all = oauth.locator('.scopes input[type=checkbox]')
  assert.equal(await all.count(), 3)
  await oauth.locator('.scopes label[for*="account"]').click()
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
