/** Text of users is shown as text, wherever it is shown. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, visitor } from './browser.ts'
import { newName, person, write } from './people.ts'
import { menu, signIn } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

const VECTORS = [
  '<script>window.hacked=1</script>',
  '<img src=x onerror=window.hacked=1>',
  '"><svg onload=window.hacked=1>',
  "'-window.hacked=1-'",
  'javascript:window.hacked=1',
  '</title><script>window.hacked=1</script>',
  '<iframe srcdoc="<script>parent.hacked=1</script>">',
  '<a href="javascript:window.hacked=1">click</a>',
  '{{constructor.constructor("window.hacked=1")()}}',
  '<style>*{display:none}</style>',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>',
  '&lt;script&gt;window.hacked=1&lt;/script&gt;',
  '<base href="https://example.com/">',
  '<form action="https://example.com"><input name=password>',
  '\u202egnp.exe <b>\u2066',
]
/** A vector as far as a name may have it: at most 100 characters, no invisible ones. */
const short = (vector: string) => vector.replaceAll(/\p{Cf}/gu, '').slice(0, 100)

test('every vector as title, text and name shows as text', async () => {
  const reader = await visitor(browser)
  reader.expectStatus(422) // a search takes at most 8 words
  const page = await reader.tab()
  page.on('dialog', () => assert.fail('a dialog opened'))
  for (const vector of VECTORS) {
    const author = await person(newName('x'), short(vector))
    const { id } = await write(author, vector, `${vector}\n\n${vector}`)

    await page.goto(`/posts/${id}`)
    const title = page.getByRole('heading', { level: 1 })
    await title.waitFor()
    assert.equal(await title.textContent(), vector)
    assert.equal(await page.locator('.text').textContent(), `${vector}\n\n${vector}`)
    assert.equal(await page.locator('.byline a').textContent(), short(vector))
    assert.ok((await page.title()).includes(vector.replace(/\s+/g, ' ').trim()))

    await page.goto(`/people/${author.id}`)
    await page.locator('.card h2').waitFor()
    assert.equal(await title.textContent(), short(vector))
    assert.equal(await page.locator('.card .excerpt').textContent(), `${vector}\n\n${vector}`)

    await page.goto(`/?q=${encodeURIComponent(vector)}`)
    await page.locator('.posts, .empty, .notice').first().waitFor()
    const bad =
      'main script, main iframe, main style, main base, main form[action], main [onerror], main math'
    assert.equal(await page.locator(bad).count(), 0)
  }
  assert.equal(await page.evaluate(() => 'hacked' in window), false)
  await reader.close()
})

test('a hostile name harms neither its owner nor the menu', async () => {
  const author = await person(newName('x'), '<img src=x onerror=alert(1)>')
  const ann = await visitor(browser)
  const page = await ann.tab()
  await signIn(page, author.username)
  await menu(page).click()
  await page.locator('header details strong').getByText('<img src=x onerror=alert(1)>').waitFor()
  for (const path of ['/account', '/account/sessions', '/account/data']) {
    await page.goto(path)
    await page.getByRole('heading', { level: 1 }).waitFor()
  }
  await ann.close()
})

test('after a sign-in, `next` leads to a page of this app only', async () => {
  const { username } = await person()
  const targets = [
    'https://example.com/',
    '//example.com/',
    '/\\example.com',
    'javascript:alert(1)',
  ]
  for (const target of targets) {
    const ann = await visitor(browser)
    const page = await ann.tab()
    await page.goto(`/sign-in?next=${encodeURIComponent(target)}`)
    await page.getByLabel('Email or username').fill(username)
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await menu(page).waitFor()
    assert.equal(new URL(page.url()).hostname, 'localhost')
    await ann.close()
  }
})

test('the CSP of the pages forbids inline script and style, and other origins', async () => {
  const reader = await visitor(browser)
  const page = await reader.tab()
  const response = await page.goto('/')
  const policy = response?.headers()['content-security-policy'] ?? ''
  for (const part of [
    "script-src 'self'",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
  ])
    assert.ok(policy.includes(part), part)
  for (const part of ["frame-ancestors 'none'", "form-action 'self'"])
    assert.ok(policy.includes(part), part)
  assert.doesNotMatch(policy, /unsafe|\*|https?:/)
  assert.equal(response?.headers()['cross-origin-opener-policy'], 'same-origin')

  const ran = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.hacked = 1'
    document.body.append(script)
    document.body.setAttribute('style', 'color: red')
    return ['hacked' in window, document.body.style.color]
  })
  assert.deepEqual(ran, [false, ''])
  assert.equal(reader.complaints.filter((c) => c.includes('Content Security Policy')).length, 2)
  reader.complaints.length = 0
  await reader.close()
})
