/** Passkeys, authenticator app and recovery codes, with a virtual authenticator of Chromium. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { addAuthenticator } from './authenticator.ts'
import { launch, picture, visitor } from './browser.ts'
import { addApp, code, confirmed, grantAdmin } from './people.ts'
import { button, field, heading, signIn, signInWithPassword, signOut, takeCodes } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

test('a passkey is added, signs in by autofill and by the button, confirms, and is removed', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const page = await visit.tab()
  const authenticator = await addAuthenticator(page)
  await authenticator.setPresent(false)
  await signInWithPassword(page, ann.username)
  await page.goto('/account/security')
  await authenticator.setPresent(true)
  await button(page, 'Add a passkey').click()
  const codes = await takeCodes(page)
  assert.equal(codes.length, 10)
  await button(page, 'Remove').waitFor()
  await picture(page, 'security-passkey')
  assert.equal((await authenticator.credentials()).length, 1)

  await signOut(page)
  await page.goto('/sign-in') // The autofill offers the passkey, and the authenticator answers.
  await page.waitForURL('/')
  await signOut(page)
  await authenticator.setPresent(false)
  await page.goto('/sign-in')
  await picture(page, 'sign-in')
  await authenticator.setPresent(true)
  await button(page, 'Use a passkey').click()
  await page.waitForURL('/')

  await page.goto('/account/security')
  await button(page, 'Remove').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('Passkey removed.').waitFor()
  await page.getByRole('listitem').getByText('Added').waitFor({ state: 'detached' })
  await visit.close()
})

test('an authenticator app and a recovery code are the second step of a sign-in', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const page = await visit.tab()
  await signInWithPassword(page, ann.username)
  await page.goto('/account/security')
  await button(page, 'Add an authenticator app').click()
  const secret = await page.locator('code.secret').innerText()
  await picture(page, 'security-totp')
  await field(page, 'Code of the app').fill(code(secret))
  await button(page, 'Turn on').click()
  const codes = await takeCodes(page)

  await signOut(page)
  await signIn(page, ann.username)
  await heading(page, 'Second step').waitFor()
  await picture(page, 'second-step')
  await field(page, 'Code').fill('000000')
  await button(page, 'Continue').click()
  await page.getByRole('alert').waitFor()
  await field(page, 'Code').fill(code(secret, 1))
  await button(page, 'Continue').click()
  await page.waitForURL('/')

  await signOut(page)
  await signIn(page, ann.username)
  await field(page, 'Code').fill(codes[0]?.toLowerCase() ?? '')
  await button(page, 'Continue').click()
  await page.waitForURL('/')
  await page.goto('/account/security')
  await page.getByText('9 of 10 are unused.').waitFor()
  await visit.close()
})

test('an admin removes the factors of a user who lost them', async () => {
  const [ann, root] = [await confirmed(), await confirmed()]
  await addApp(ann)
  const secret = await addApp(root)
  await grantAdmin(root.email)
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const page = await visit.tab()
  await signIn(page, root.username)
  await field(page, 'Code').fill(code(secret, 1))
  await button(page, 'Continue').click()
  await page.waitForURL('/')
  await page.goto(`/admin?q=${ann.username}`)
  await button(page, 'Remove factors').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove factors' }).click()
  await page.getByText(`The second factors of ${ann.username} are removed.`).waitFor()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await signOut(page)
  await signInWithPassword(page, ann.username)
  await visit.close()
})
