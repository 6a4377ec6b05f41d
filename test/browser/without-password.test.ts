/** The account pages of users without a password. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { addAuthenticator } from './authenticator.ts'
import { launch, picture, visitor } from './browser.ts'
import { ageSessions, confirmed, PASSWORD, type Person, removePassword } from './people.ts'
import { button, field, heading, signInWithPassword, signOut, takeCodes, told } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

const NEW = 'a first long password'
const dialog = (page: Page) => page.getByRole('dialog')

/** Adds a passkey to a user who is signed in, and takes the password away. */
async function leavePasskeyAlone(page: Page, someone: Person): Promise<string[]> {
  await page.goto('/account/security')
  await button(page, 'Add a passkey').click()
  const codes = await takeCodes(page)
  await removePassword(someone)
  return codes
}

test('with a passkey: the address, the first password, and the deletion are confirmed with it', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  visit.expectStatus(401, 422)
  const page = await visit.tab()
  const authenticator = await addAuthenticator(page)
  await authenticator.setPresent(false)
  await signInWithPassword(page, ann.username)
  await authenticator.setPresent(true)
  const codes = await leavePasskeyAlone(page, ann)

  await ageSessions(ann)
  await page.goto('/account/email')
  await field(page, 'New email').fill(`new.${ann.email}`)
  assert.equal(await field(page, 'Your password').count(), 0)
  await picture(page, 'passwordless-email')
  await button(page, 'Change address').click()
  await heading(page, 'Confirm that it’s you').waitFor()
  await picture(page, 'passwordless-step-up')
  await button(page, 'Use a passkey').click()
  await page.getByText(`If new.${ann.email} can be used`).waitFor()

  await ageSessions(ann)
  await page.goto('/account/password')
  assert.equal(await field(page, 'Current password').count(), 0)
  await picture(page, 'passwordless-password')
  await field(page, 'New password').fill('password1')
  await button(page, 'Set password').click()
  await page.getByText('most common passwords').waitFor()
  await field(page, 'New password').fill(NEW)
  await button(page, 'Set password').click()
  // The passkey is not at hand: a recovery code does as well.
  await field(page, 'Recovery code').fill(codes[0] ?? '')
  await dialog(page).getByRole('button', { name: 'Confirm' }).click()
  await told(page, 'Password set. All other devices are signed out.')
  await field(page, 'Current password').waitFor()

  await removePassword(ann)
  await ageSessions(ann)
  await page.goto('/account/data')
  await button(page, 'Delete my account').click()
  await heading(page, 'Delete your account?').waitFor()
  await picture(page, 'passwordless-deletion')
  await dialog(page).getByRole('button', { name: 'Delete my account' }).click()
  await heading(page, 'Confirm that it’s you').waitFor()
  await dialog(page).getByRole('button', { name: 'Cancel' }).last().click()
  await dialog(page).getByText('Confirm your identity and retry').waitFor()
  await dialog(page).getByRole('button', { name: 'Delete my account' }).click()
  await button(page, 'Use a passkey').click()
  await told(page, 'Account deleted.')
  await page.waitForURL('/')
  await visit.close()
})

test('without any factor: the user signs in again and returns to the page', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const page = await visit.tab()
  await signInWithPassword(page, ann.username)
  await removePassword(ann)
  await ageSessions(ann)
  await page.goto('/account/password')
  await field(page, 'New password').fill(NEW)
  await button(page, 'Set password').click()
  await button(page, 'Sign in again').waitFor()
  await picture(page, 'passwordless-again')
  await button(page, 'Sign in again').click()
  await page.waitForURL('/sign-in?next=%2Faccount%2Fpassword')
  // The password of the test works still: only the mark of the account is gone.
  await field(page, 'Email or username').fill(ann.username)
  await field(page, 'Password').fill(PASSWORD)
  await button(page, 'Sign in').click()
  await page.waitForURL('/account/password')
  await field(page, 'New password').fill(NEW)
  await button(page, 'Set password').click()
  await told(page, 'Password set. All other devices are signed out.')
  await signOut(page)
  await signInWithPassword(page, ann.username, NEW)
  await visit.close()
})
