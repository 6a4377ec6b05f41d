/** Sign-in by a mailed link: in the browser that asked, in another one, and by a mail scanner. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, mailedLink, picture, visitor } from './browser.ts'
import { addApp, code, confirmed, type Person } from './people.ts'
import { button, field, heading, menu, signOut } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

/** Asks for a link on the pages; returns it and the code that is shown. */
async function ask(page: Page, { email }: Person) {
  await page.goto('/sign-in')
  await page.getByRole('link', { name: 'Email me a sign-in link' }).click()
  await heading(page, 'Sign in by email').waitFor()
  await field(page, 'Email').fill(email)
  await button(page, 'Email me a sign-in link').click()
  await heading(page, 'Check your email').waitFor()
  const code = await page.locator('.link-code').innerText()
  return { code, link: await mailedLink(email, 'sign-in/link') }
}

const signedInAs = async (page: Page, { username }: Person) => {
  await page.waitForURL('/')
  assert.match(await menu(page).innerText(), new RegExp(username))
}

test('the link signs in on a click, once, in all tabs of the browser that requested it', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  visit.expectStatus(400)
  const page = await visit.tab()
  const { link } = await ask(page, ann)
  await picture(page, 'email-link-sent')
  const opened = await visit.tab()
  await opened.goto(link)
  await button(opened, 'Sign in').waitFor()
  assert.equal(new URL(opened.url()).hash, '')
  await picture(opened, 'email-link-use')
  assert.equal(await menu(opened).count(), 0)
  await button(opened, 'Sign in').click()
  await signedInAs(opened, ann)
  await signedInAs(page, ann)

  await signOut(opened)
  await opened.goto('about:blank')
  await opened.goto(link)
  await button(opened, 'Sign in').click()
  await opened.getByRole('alert').waitFor()
  await picture(opened, 'email-link-used')
  await opened.getByRole('link', { name: 'Get a new link' }).click()
  await button(opened, 'Email me a sign-in link').waitFor()
  await visit.close()
})

test('another browser needs the code of the one that requested the link', async () => {
  const ann = await confirmed()
  const [desk, phone] = [await visitor(browser), await visitor(browser)]
  phone.expectStatus(401)
  const { code, link } = await ask(await desk.tab(), ann)
  const page = await phone.tab()
  await page.goto(link)
  await button(page, 'Sign in').click()
  await heading(page, 'Enter the code').waitFor()
  const wrong = code === '000 000' ? '111111' : '000000'
  await field(page, 'Code').fill(wrong)
  await button(page, 'Sign in').click()
  await page.getByRole('alert').getByText('The code is wrong.').waitFor()
  await picture(page, 'email-link-code')
  await field(page, 'Code').fill(code)
  await button(page, 'Sign in').click()
  await signedInAs(page, ann)
  await desk.close()
  await phone.close()
})

test('five wrong codes end the link', async () => {
  const ann = await confirmed()
  const [desk, phone] = [await visitor(browser), await visitor(browser)]
  phone.expectStatus(400, 401)
  const { code, link } = await ask(await desk.tab(), ann)
  const page = await phone.tab()
  await page.goto(link)
  await button(page, 'Sign in').click()
  const wrong = code === '000 000' ? '111111' : '000000'
  for (let n = 1; n <= 5; n++) {
    await field(page, 'Code').fill(wrong)
    const answered = page.waitForResponse(/email\/use$/)
    await button(page, 'Sign in').click()
    assert.equal((await answered).status(), n < 5 ? 401 : 400)
  }
  await page.getByRole('link', { name: 'Get a new link' }).waitFor()
  await desk.close()
  await phone.close()
})

test('a mail scanner that loads the page and runs its scripts uses nothing up', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  const page = await visit.tab()
  const { link } = await ask(page, ann)
  for (let n = 0; n < 3; n++) {
    const scanner = await visitor(browser)
    const scanned = await scanner.tab()
    const posts: string[] = []
    scanned.on('request', (request) => {
      if (request.method() !== 'GET') posts.push(request.url())
    })
    await scanned.goto(link)
    await button(scanned, 'Sign in').waitFor()
    await scanned.waitForTimeout(300)
    assert.deepEqual(posts, [])
    await scanner.close()
  }
  // One that also clicks gets no session, and the link still works.
  const scanner = await visitor(browser)
  scanner.expectStatus(401)
  const scanned = await scanner.tab()
  await scanned.goto(link)
  await button(scanned, 'Sign in').click()
  await heading(scanned, 'Enter the code').waitFor()
  assert.equal(await menu(scanned).count(), 0)
  await scanner.close()

  await page.goto(link)
  await button(page, 'Sign in').click()
  await signedInAs(page, ann)
  await visit.close()
})

test('a sign-in link of an account with an authenticator app requires a code of the app', async () => {
  const ann = await confirmed()
  const secret = await addApp(ann)
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const page = await visit.tab()
  const { link } = await ask(page, ann)
  await page.goto(link)
  await button(page, 'Sign in').click()
  await heading(page, 'Second step').waitFor()
  await picture(page, 'email-link-second-step')
  await field(page, 'Code').fill(code(secret, 1))
  await button(page, 'Continue').click()
  await signedInAs(page, ann)
  await visit.close()
})

test('a link that met a network failure works at the next attempt', async () => {
  const ann = await confirmed()
  const visit = await visitor(browser)
  const page = await visit.tab()
  const { link } = await ask(page, ann)
  await page.goto(link)
  await button(page, 'Sign in').waitFor()
  await page.route(/email\/use$/, (route) => route.abort(), { times: 1 })
  await button(page, 'Sign in').click()
  await button(page, 'Try again').click()
  await button(page, 'Sign in').click()
  await signedInAs(page, ann)
  visit.complaints.length = 0 // Chromium reports the aborted request.
  await visit.close()
})
