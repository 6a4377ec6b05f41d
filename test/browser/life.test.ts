/** The whole life of an account, through the pages alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, mailedLink, type Visitor, visitor } from './browser.ts'
import { newName, PASSWORD } from './people.ts'
import { button, field, heading, menu, signIn, signOut, told } from './steps.ts'

let browser: Browser
let ann: Visitor
let page: Page
before(async () => {
  browser = await launch()
  ann = await visitor(browser)
  page = await ann.tab()
})
after(() => browser.close())

const username = newName('life')
const email = `${username}@example.com`
const newPassword = 'a paper notebook never asks'

test('an account lives from registration to deletion through the pages', async (t) => {
  await t.test('a mistake stands at its field, and takes the focus', async () => {
    ann.expectStatus(422, 409)
    await page.goto('/register')
    await button(page, 'Register').click()
    await page.locator('[name=username][aria-invalid=true]').waitFor()
    await field(page, 'Username').fill(username)
    await field(page, 'Email').fill(email)
    await field(page, 'Password').fill('password')
    await button(page, 'Register').click()
    const password = field(page, 'Password')
    await page.locator('[name=password][aria-invalid=true]').waitFor()
    const errorId = (await password.getAttribute('aria-describedby'))?.split(' ').at(-1)
    assert.match(
      await page.locator(`[id="${errorId}"]`).innerText(),
      /^Password is one of the most common passwords/,
    )
    await page.locator('[name=password]:focus').waitFor()
  })

  await t.test('register', async () => {
    await field(page, 'Name (optional)').fill('Ann Ångström')
    await field(page, 'Password').fill(PASSWORD)
    await button(page, 'Register').click()
    await told(page, /^Welcome!/)
    assert.equal(await menu(page).innerText(), 'AÅ\nMenu of Ann Ångström')
  })

  await t.test('verify by the link of the mail, which leaves the address bar', async () => {
    await page.goto(await mailedLink(email, 'verify'))
    await heading(page, 'Is this your account?').waitFor()
    assert.equal(new URL(page.url()).hash, '')
    await button(page, 'Yes, this is my account').click()
    await heading(page, 'Email confirmed').waitFor()
    await page.goto('/account/email')
    await page.getByText('verified', { exact: true }).waitFor()
  })

  await t.test('write; a draft survives a reload', async () => {
    await page.getByRole('link', { name: 'Write', exact: true }).click()
    await field(page, 'Title').fill('A paper notebook')
    await field(page, 'Text').fill('It never asks me to sign in.\n\nIt has no battery.')
    await page.reload()
    assert.equal(await field(page, 'Title').inputValue(), 'A paper notebook')
    await button(page, 'Publish').click()
    await told(page, 'Published.')
    await heading(page, 'A paper notebook').waitFor()
    await page.goto('/write')
    assert.equal(await field(page, 'Title').inputValue(), '')
    await page.goBack()
  })

  await t.test('edit', async () => {
    await page.getByRole('link', { name: 'Edit' }).click()
    await field(page, 'Title').fill('A paper notebook, again')
    await button(page, 'Save').click()
    await told(page, 'Saved.')
    await heading(page, 'A paper notebook, again').waitFor()
    await page.getByText('edited').waitFor()
  })

  await t.test('a conflict is shown, and nothing is lost', async () => {
    ann.expectStatus(412)
    const other = await ann.tab()
    await other.goto(`${page.url()}/edit`)
    await field(other, 'Text').waitFor()
    await page.getByRole('link', { name: 'Edit' }).click()
    await field(page, 'Text').fill('Theirs.')
    await button(page, 'Save').click()
    await told(page, 'Saved.')

    await field(other, 'Text').fill('Mine.')
    await button(other, 'Save').click()
    await heading(other, 'This post changed while you were editing').waitFor()
    await other.locator('.theirs').getByText('Theirs.').waitFor()
    assert.equal(await field(other, 'Text').inputValue(), 'Mine.')
    await button(other, 'Overwrite with mine').click()
    await told(other, 'Saved.')
    await other.getByText('Mine.').waitFor()
    await other.close()
  })

  await t.test('a picture, the name and the username', async () => {
    await page.goto('/account')
    await page.setInputFiles('input[type=file]', 'test/browser/picture.png')
    await told(page, 'Picture saved.')
    const picture = page.locator('main img.avatar')
    await picture.waitFor()
    assert.equal(
      await picture.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
      64,
    )
    await field(page, 'Name').fill('Ann')
    await button(page, 'Save').click()
    await told(page, 'Saved.')
    await button(page, 'Remove').click()
    await told(page, 'Picture removed.')
  })

  await t.test('sign out, reset the password by mail, sign in with the new one', async () => {
    ann.expectStatus(401)
    await signOut(page)
    await page.goto('/forgot')
    await field(page, 'Email').fill(email)
    await button(page, 'Email me a reset link').click()
    await page.locator('.notice.good').waitFor()
    await page.goto(await mailedLink(email, 'reset'))
    await field(page, 'New password').fill(newPassword)
    await button(page, 'Set password').click()
    await told(page, /^Password set/)
    await signIn(page, email, PASSWORD)
    await page.getByRole('alert').getByText('Incorrect email or password').waitFor()
    await field(page, 'Password').fill(newPassword)
    await button(page, 'Sign in').click()
    await menu(page).waitFor()
  })

  await t.test('a reload keeps one signed in, with nothing in the storages', async () => {
    await page.reload()
    await menu(page).waitFor()
    const kept = await page.evaluate(() => [
      localStorage.length,
      JSON.stringify({ ...sessionStorage }),
    ])
    assert.deepEqual(kept, [0, '{}'])
    assert.equal(await page.evaluate(() => document.cookie), 'signed-in=1')
  })

  await t.test('see the sessions, and end another one', async () => {
    const elsewhere = await visitor(browser)
    const there = await elsewhere.tab()
    await signIn(there, email, newPassword)
    await menu(there).waitFor()

    await page.goto('/account/sessions')
    await page.getByText('This device', { exact: true }).waitFor()
    await button(page, 'Sign out').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    await told(page, 'Device signed out.')

    elsewhere.expectStatus(401)
    await there.goto('/account/activity')
    await heading(there, 'Sign in').waitFor()
    await elsewhere.close()
  })

  await t.test('change the password', async () => {
    ann.expectStatus(403)
    await page.goto('/account/password')
    await field(page, 'Current password').fill('not this one')
    await field(page, 'New password').fill(PASSWORD)
    await button(page, 'Change password').click()
    await page.locator('[name=current_password][aria-invalid=true]').waitFor()
    await field(page, 'Current password').fill(newPassword)
    await button(page, 'Change password').click()
    await told(page, /^Password changed/)
  })

  await t.test('change the address: it holds once its link is opened', async () => {
    const changed = `new-${email}`
    await page.goto('/account/email')
    await field(page, 'New email').fill(changed)
    await field(page, 'Your password').fill(PASSWORD)
    await button(page, 'Change address').click()
    await page.getByText(`If ${changed} can be used, a link is on its way`).waitFor()
    await page.goto(await mailedLink(changed, 'verify'))
    await button(page, 'Yes, this is my account').click()
    await heading(page, 'Email confirmed').waitFor()
    await page.goto('/account/email')
    await page.getByText(changed, { exact: true }).waitFor()
  })

  await t.test('see what happened, and take everything along', async () => {
    await page.goto('/account/activity')
    await page.getByText('Password reset', { exact: true }).waitFor()
    await page.goto('/account/data')
    const download = page.waitForEvent('download')
    await button(page, 'Download your data').click()
    const file = await (await download).path()
    const everything = readFileSync(file, 'utf8')
    assert.match(everything, /A paper notebook, again/)
    assert.doesNotMatch(everything, /argon2/)
  })

  await t.test('delete the account, posts and all', async () => {
    ann.expectStatus(404)
    await field(page, 'Your password').fill(PASSWORD)
    await button(page, 'Delete my account').click()
    await told(page, 'Account deleted.')
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    assert.equal(await page.getByText('A paper notebook, again').count(), 0)
    await signIn(page, username)
    await page.getByRole('alert').getByText('Incorrect email or password').waitFor()
  })

  await ann.close()
})
