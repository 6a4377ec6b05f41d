/** Sign-in at a real OpenID provider, which is of another site than the service. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { agree, leaveAcme, type Member, member, startAcme } from './acme.ts'
import { launch, ORIGIN, picture, type Visitor, visitor } from './browser.ts'
import { addApp, ageSessions, code, confirmed, grantAdmin, newName, person } from './people.ts'
import { button, field, heading, menu, signInWithPassword, signOut, told } from './steps.ts'

let browser: Browser
let acme: Awaited<ReturnType<typeof startAcme>>
const started = Date.now()
before(async () => {
  browser = await launch()
  acme = await startAcme()
})
after(async () => {
  await browser.close()
  await acme.stop()
})

const NEW = 'a first long password'
const withAcme = (page: Page) => button(page, 'Continue with Acme').click()
const alert = (page: Page, text: string | RegExp) =>
  page.getByRole('alert').getByText(text).waitFor()

async function open(): Promise<{ visit: Visitor; page: Page; context: BrowserContext }> {
  const visit = await visitor(browser)
  visit.expectStatus(401)
  const { context } = visit
  // The pages of the provider load them.
  await context.route(/fonts\.googleapis|favicon/, (route) => route.fulfill({ body: '' }))
  return { visit, page: await visit.tab(), context }
}

/** Registers a new member of Acme, and resolves to the username. */
async function register(page: Page, someone: Member, next = '/'): Promise<string> {
  const username = newName('new')
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
  await withAcme(page)
  await agree(page, someone)
  await field(page, 'Username').fill(username)
  await button(page, 'Create account').click()
  await page.waitForURL(next)
  await menu(page).waitFor()
  return username
}

test('a new user chooses a username and returns to the requested page; the next sign-in needs no form', async () => {
  const { visit, page } = await open()
  // 400: the page of the provider, on the way back.
  visit.expectStatus(409, 400)
  const [ann, taken] = [member(), await person()]
  await page.goto('/account/security')
  await page.waitForURL('/sign-in?next=%2Faccount%2Fsecurity')
  await button(page, 'Continue with Acme').waitFor()
  await picture(page, 'providers-sign-in')
  await page.goto('/register')
  await button(page, 'Continue with Acme').waitFor()
  await picture(page, 'providers-register')
  await page.goto('/sign-in?next=%2Faccount%2Fsecurity')
  await withAcme(page)
  await agree(page, ann)

  await heading(page, 'Welcome').waitFor()
  assert.equal(page.url(), `${ORIGIN}/welcome`, 'the proof leaves the address')
  await page.reload()
  await heading(page, 'Welcome').waitFor()
  assert.equal(await field(page, 'Email').inputValue(), ann.email)
  assert.equal(await field(page, 'Name (optional)').inputValue(), `Member ${ann.login}`)
  await page.getByText('Confirmed by Acme.').waitFor()
  await picture(page, 'providers-welcome')
  await button(page, 'Create account').click()
  await page.locator('[name=username][aria-invalid=true]').waitFor()
  await field(page, 'Username').fill(taken.username)
  await button(page, 'Create account').click()
  await page.getByText('Username already exists').waitFor()
  await field(page, 'Username').fill(newName('new'))
  await button(page, 'Create account').click()
  await told(page, 'Welcome!')
  await page.waitForURL('/account/security')
  await page.getByText('Your only way to sign in.').waitFor()
  await picture(page, 'providers-only-way')
  await page.goBack()
  await page.waitForLoadState()
  assert.notEqual(new URL(page.url()).pathname, '/welcome')

  await page.goto('/account/activity')
  await page.getByText('Identity provider connected').waitFor()
  await signOut(page)
  await page.goto('/sign-in')
  await withAcme(page)
  await page.waitForURL('/')
  await menu(page).waitFor()
  await page.reload()
  await menu(page).waitFor()
  await visit.close()
})

test('an address that the provider has not confirmed can be changed, and gets a confirmation mail', async () => {
  const { visit, page } = await open()
  await page.goto('/register')
  await withAcme(page)
  await agree(page, member({ email_verified: false }))
  await page.getByText('We send an email to confirm it.').waitFor()
  const email = `${newName('other')}@example.com`
  await field(page, 'Email').fill(email)
  await field(page, 'Username').fill(newName('new'))
  await button(page, 'Create account').click()
  await told(page, `Welcome! A mail to ${email} asks you to confirm the address.`)
  await page.goto('/account/security')
  await page.getByText('Confirm your email address to connect one.').waitFor()
  await picture(page, 'providers-unconfirmed')
  await visit.close()
})

test('an account without a password confirms by its provider, then disconnects', async () => {
  const { visit, page } = await open()
  const username = await register(page, member(), '/account/password')
  await ageSessions({ username })
  await field(page, 'New password').fill(NEW)
  await button(page, 'Set password').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Continue with Acme' }).waitFor()
  await picture(page, 'providers-step-up')
  await page.getByRole('dialog').getByRole('button', { name: 'Continue with Acme' }).click()
  await page.waitForURL('/account/password')
  await field(page, 'New password').fill(NEW)
  await button(page, 'Set password').click()
  await told(page, 'Password set. All other devices are signed out.')

  await page.goto('/account/security')
  await button(page, 'Disconnect').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click()
  await told(page, 'Acme is disconnected.')
  await button(page, 'Connect Acme').waitFor()
  await signOut(page)
  await signInWithPassword(page, username, NEW)
  await visit.close()
})

test('a user connects an account, which no other account can have', async () => {
  const { visit, page, context } = await open()
  visit.expectStatus(503)
  const [ann, bob, theirs] = [await confirmed(), await confirmed(), member()]
  await signInWithPassword(page, ann.username)
  await page.goto('/account/security')
  await button(page, 'Connect Acme').click()
  await agree(page, theirs)
  await page.getByText('Acme is connected. You can sign in with it.').waitFor()
  assert.equal(page.url(), `${ORIGIN}/account/security`)
  await picture(page, 'providers-connected')
  await signOut(page)
  await page.goto('/sign-in')
  await withAcme(page)
  await page.waitForURL('/')
  await menu(page).waitFor()
  await signOut(page)

  await signInWithPassword(page, bob.username)
  await page.goto('/account/security')
  await button(page, 'Connect Acme').click()
  await alert(page, 'Your account at Acme is connected to another account here.')
  await button(page, 'Connect Offline').click()
  await told(page, /does not respond as it should/)
  await leaveAcme(context)
  await page.reload()
  await button(page, 'Connect Acme').waitFor()
  assert.equal(await page.getByRole('alert').count(), 0, 'a reload does not repeat the problem')
  await visit.close()
})

test('an admin sees how a user signs in', async () => {
  const { visit, page, context } = await open()
  const [root, theirs] = [await person(), member()]
  const username = await register(page, theirs)
  await signOut(page)
  await leaveAcme(context)
  await grantAdmin(root.email)
  await signInWithPassword(page, root.username)
  await page.goto(`/admin?q=${username}`)
  await button(page, 'Ways to sign in').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('No password').waitFor()
  await dialog.getByText(`Acme, ${theirs.email}`).waitFor()
  await picture(page, 'providers-admin')
  await button(page, 'Close').click()
  await dialog.waitFor({ state: 'hidden' })
  await visit.close()
})

test('a sign-in at a provider requires the second factor; the pending token leaves the address bar', async () => {
  const { visit, page } = await open()
  const [ann, theirs] = [await confirmed(), member()]
  await signInWithPassword(page, ann.username)
  await page.goto('/account/security')
  await button(page, 'Connect Acme').click()
  await agree(page, theirs)
  await page.getByText('Acme is connected.').waitFor()
  const secret = await addApp(ann)
  await page.goto('/sign-in?next=%2Faccount') // The new factor has ended this sign-in.
  await withAcme(page)
  await heading(page, 'Second step').waitFor()
  assert.equal(page.url(), `${ORIGIN}/sign-in?next=%2Faccount`)
  await picture(page, 'providers-second-step')
  await field(page, 'Code').fill('000000')
  await button(page, 'Continue').click()
  await page.getByRole('alert').waitFor()
  await field(page, 'Code').fill(code(secret, 1))
  await button(page, 'Continue').click()
  await page.waitForURL('/account')
  await menu(page).waitFor()
  await visit.close()
})

test('a provider signs in to no account with the same address; the page says how to connect it', async () => {
  const [proven, unproven] = [await confirmed(), await person()]
  for (const [owner, text] of [
    [proven, 'An account with your email address exists.'],
    [unproven, 'An account has your email address and never confirmed it.'],
  ] as const) {
    const { visit, page } = await open()
    await page.goto('/sign-in')
    await withAcme(page)
    await agree(page, member({ email: owner.email }))
    await alert(page, text)
    assert.equal(page.url(), `${ORIGIN}/sign-in`)
    await picture(page, `providers-${owner === proven ? 'account-exists' : 'account-unproven'}`)
    await page.goto('/account')
    await page.waitForURL('/sign-in?next=%2Faccount')
    await visit.close()
  }
})

test('a sign-in survives the back and forward buttons and another tab', async () => {
  const { visit, page, context } = await open()
  const ann = member()
  await register(page, ann)
  await signOut(page)
  await leaveAcme(context)
  await page.goto('/sign-in')
  await withAcme(page)
  await page.getByPlaceholder('Enter any login').waitFor()
  const other = await context.newPage()
  await other.goto('/')
  await other.getByRole('link', { name: 'Sign in' }).waitFor()
  await other.close()
  await page.goBack()
  await button(page, 'Continue with Acme').waitFor()
  await page.goForward()
  await agree(page, ann)
  await page.waitForURL('/')
  await menu(page).waitFor()
  await visit.close()
})

test('the page reports a refusal and a provider that is down, slow or broken; the next attempt works', async () => {
  const { visit, page, context } = await open()
  const ann = member()
  await page.goto('/sign-in?next=%2Fwrite')
  await withAcme(page)
  await page.getByRole('link', { name: 'Cancel' }).click()
  await alert(page, 'The sign-in at Acme was cancelled.')
  assert.equal(page.url(), `${ORIGIN}/sign-in?next=%2Fwrite`)
  await button(page, 'Continue with Offline').click()
  await alert(page, 'A sign-in at Offline is not possible at the moment.')
  await picture(page, 'providers-unavailable')
  await page.goto('/sign-in?next=%2Fwrite')
  for (const failure of ['down', 'broken', 'slow'] as const) {
    acme.fail(failure)
    await leaveAcme(context)
    await withAcme(page)
    const asked = Date.now()
    await agree(page, ann)
    await alert(page, 'A sign-in at Acme is not possible at the moment.')
    if (failure === 'slow') assert.ok(Date.now() - asked < 10_000, 'the service waits 5 seconds')
  }
  acme.fail('none')
  await withAcme(page)
  await heading(page, 'Welcome').waitFor()
  await visit.close()
})

test('a form that the provider posts reaches the service with the cookie of the flow', async () => {
  const { visit, page } = await open()
  let posts = 0
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().includes('/callback')) posts++
  })
  acme.respondByForm(true)
  await page.goto('/sign-in')
  await withAcme(page)
  await agree(page, member())
  await heading(page, 'Welcome').waitFor()
  acme.respondByForm(false)
  assert.equal(posts, 2, 'the page of the service sends the form again')
  await visit.close()
})

test('addresses that a stranger writes lead nowhere and change nothing', async () => {
  const { visit, page } = await open()
  visit.expectStatus(400)
  const ann = member()
  await register(page, ann)
  const hostile = ['//evil.example', '\\\\evil.example', '/.//evil.example', 'javascript:alert(1)']
  for (const next of [
    ...hostile,
    'https://evil.example/',
    '%2F%2Fevil.example',
    '/\t/evil.example',
  ]) {
    await page.goto(`/api/identity-providers/acme/sign-in?next=${encodeURIComponent(next)}`)
    await page.waitForURL((url) => url.origin === ORIGIN)
    assert.equal(new URL(page.url()).origin, ORIGIN, next)
  }
  await signOut(page)
  const text = '<img src=x onerror=alert(1)>'
  for (const problem of [text, '__proto__', 'constructor', 'identity-refused']) {
    const query = new URLSearchParams({ problem, provider: text, next: 'https://evil.example/' })
    await page.goto(`/sign-in?${query}`)
    await page.getByRole('alert').waitFor()
    assert.equal(await page.locator('main img').count(), 0)
    assert.ok(!page.url().includes('problem'))
  }
  await page.goto(`/sign-in#pending=${encodeURIComponent(text)}&methods=totp`)
  await heading(page, 'Second step').waitFor()
  await field(page, 'Code').fill('123456')
  await button(page, 'Continue').click()
  await alert(page, /ended|expired|Sign in again/i)
  await page.goto('/welcome')
  await heading(page, 'Sign in again').waitFor()
  await picture(page, 'providers-no-welcome')
  const fragment = new URLSearchParams({
    registration: 'x',
    provider: 'acme',
    name: text,
    next: '//evil',
  })
  await page.goto(`/welcome#${fragment}`)
  await page.reload()
  await field(page, 'Username').fill(newName('evil'))
  await field(page, 'Email').fill('evil@example.com')
  await button(page, 'Create account').click()
  await page.getByText('This registration took too long').waitFor()
  await withAcme(page)
  await page.waitForURL('/')
  await menu(page).waitFor()
  await visit.close()
})

test('two tabs with one registration make one account', async () => {
  const { visit, page, context } = await open()
  visit.expectStatus(400)
  await page.goto('/sign-in')
  await withAcme(page)
  let address = ''
  page.on('framenavigated', (frame) => {
    if (frame.url().includes('/welcome#')) address = frame.url()
  })
  await agree(page, member())
  await heading(page, 'Welcome').waitFor()
  const other = await context.newPage()
  await other.goto(address)
  await heading(other, 'Welcome').waitFor()
  await field(page, 'Username').fill(newName('new'))
  await button(page, 'Create account').click()
  await page.waitForURL('/')
  await field(other, 'Username').fill(newName('new'))
  await button(other, 'Create account').click()
  await other.getByText('This registration took too long').waitFor()
  await visit.close()
})

test('a service without providers shows no buttons', async () => {
  const { visit, page } = await open()
  await page.route('**/api/identity-providers', (route) =>
    route.fulfill({ json: { providers: [] } }),
  )
  await page.goto('/sign-in')
  await page.waitForLoadState('networkidle')
  assert.equal(await page.locator('.providers').count(), 0)
  const ann = await confirmed()
  await signInWithPassword(page, ann.username)
  await page.goto('/account/security')
  await button(page, 'Add an authenticator app').waitFor()
  assert.equal(await heading(page, 'Connected accounts').count(), 0)
  await visit.close()
})

test('a provider that has rotated its keys still signs in', async () => {
  const { visit, page } = await open()
  // The library reads an unknown key at most once a minute.
  await new Promise((done) => setTimeout(done, Math.max(0, started + 75_000 - Date.now())))
  acme.rotateKeys()
  await page.goto('/sign-in')
  await withAcme(page)
  await agree(page, member())
  await heading(page, 'Welcome').waitFor()
  await visit.close()
})
