/** The acts of a person in an app of the examples, which all have the same forms. */
import assert from 'node:assert/strict'
import type { Browser, Page, Route } from 'playwright-core'
import { launch, type Visitor, visitor } from '../../browser/browser.ts'
import { LISTED_ORIGIN, ORIGIN, serveApp, UNLISTED_ORIGIN } from './app.ts'

const PASSWORD = 'correct horse battery staple'
let count = 0
const newName = () => `eve${process.pid}x${count++}`

async function fill(page: Page, label: string, values: Record<string, string>) {
  const form = page.getByRole('form', { name: label, exact: true })
  for (const [name, value] of Object.entries(values))
    await form.getByLabel(name, { exact: true }).fill(value)
  await form.getByRole('button', { name: label }).click()
}
const signIn = (page: Page, login: string, password = PASSWORD) =>
  fill(page, 'Sign in', { login, password })
const publish = (page: Page, title: string) => fill(page, 'Publish', { title, content: 'Hello.' })
const signedIn = (page: Page, name: string) => page.getByText(`Signed in as ${name}`).waitFor()
const signedOut = (page: Page) => page.getByRole('form', { name: 'Register' }).waitFor()
const alerted = (page: Page, text: string) =>
  page.getByRole('alert').getByText(text, { exact: true }).waitFor()

/** An app must log nothing but what Chromium itself says of a failed request. */
async function close(eve: Visitor) {
  const own = eve.complaints.filter((text) => !/Failed to load resource|CORS policy/.test(text))
  eve.complaints.length = 0
  await eve.close()
  assert.deepEqual(own, [], 'no error but failed requests, no unhandled rejection')
}
/** No header of the tests: a page must ask before it sends one to another origin. */
const open = (browser: Browser, baseURL: string) =>
  visitor(browser, { baseURL, extraHTTPHeaders: {} })

/** Register → reload → post → second tab → sign out. */
async function useApp(browser: Browser) {
  const eve = await open(browser, LISTED_ORIGIN)
  const name = newName()
  const [one, two] = [await eve.tab(), await eve.tab()]
  await one.goto('/')
  await fill(one, 'Register', {
    username: name,
    email: `${name}@example.com`,
    password: PASSWORD,
  })
  await signedIn(one, name)
  await one.reload()
  await signedIn(one, name)
  const title = `A post of ${name}`
  await publish(one, title)
  await one.getByRole('heading', { name: title }).waitFor()
  await two.goto('/')
  await signedIn(two, name)
  await two.getByRole('heading', { name: title }).waitFor()
  await one.getByRole('button', { name: 'Sign out' }).click()
  await Promise.all([signedOut(one), signedOut(two)])
  await two.reload()
  await signedOut(two)
  await close(eve)
  return name
}

/** Ends all other sessions of a person, as from another device. */
async function endSessions(login: string) {
  const post = (path: string, init: RequestInit) => fetch(ORIGIN + path, init)
  const response = await post('/api/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ login, password: PASSWORD }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  const headers = { Authorization: `Bearer ${access_token}` }
  const { status } = await post('/api/users/me/sessions', { method: 'DELETE', headers })
  assert.equal(status, 204)
}

const answer = (status: number, contentType: string, body: string) => (route: Route) =>
  route.fulfill({
    status,
    contentType,
    body,
    headers: {
      'Access-Control-Allow-Origin': LISTED_ORIGIN,
      'Access-Control-Allow-Credentials': 'true',
    },
  })
const problem = (status: number, code: string, detail: string) =>
  answer(status, 'application/problem+json', JSON.stringify({ type: `/problems/${code}`, detail }))

/** Each failure of the server or the way to it, and the sentence that a person reads. */
const FAILURES: [string, (route: Route) => Promise<void>][] = [
  ['The server cannot be reached. Check the connection and try again.', (r) => r.abort()],
  ['The server is not available (502). Try again in a moment.', answer(502, 'text/html', '<h1>')],
  [
    'The server answered with a page instead of data. Check the address of the API.',
    answer(200, 'text/html', '<h1>Sign in to the network</h1>'),
  ],
  ['Wait a minute.', problem(429, 'too-many-requests', 'Wait a minute.')],
  ['Try again soon.', problem(503, 'busy', 'Try again soon.')],
]

/** Each failure is a sentence on the page, and the app goes on. */
async function breakApp(browser: Browser, name: string) {
  const eve = await open(browser, LISTED_ORIGIN)
  const page = await eve.tab()
  await page.goto('/')
  await signIn(page, name, 'a wrong password')
  await alerted(page, 'Incorrect email or password')
  await signIn(page, name)
  await signedIn(page, name)
  for (const [sentence, failure] of FAILURES) {
    await page.route(`${ORIGIN}/api/posts`, failure)
    await publish(page, 'Lost')
    await alerted(page, sentence)
    await page.unroute(`${ORIGIN}/api/posts`)
  }
  await endSessions(name)
  await publish(page, 'Late')
  await alerted(page, 'Your session has ended. Sign in again.')
  await signedOut(page)
  // A page that loads while the server is down shows why, and signs in once it is back.
  const session = `${ORIGIN}/api/session/refresh`
  await page.route(session, (route) => route.abort())
  await page.reload()
  await alerted(page, 'The server cannot be reached. Check the connection and try again.')
  await page.unroute(session)
  await signIn(page, name)
  await signedIn(page, name)
  await close(eve)
}

async function openUnlisted(browser: Browser) {
  const eve = await open(browser, UNLISTED_ORIGIN)
  const page = await eve.tab()
  await page.goto('/')
  const line = `Add ${UNLISTED_ORIGIN} to ALLOWED_ORIGINS of that server.`
  await alerted(page, `${UNLISTED_ORIGIN} may not call ${ORIGIN}. ${line}`)
  await close(eve)
}

/** Serves a built app while `work` uses it in Chromium. */
async function withApp(folder: string, work: (browser: Browser) => Promise<void>) {
  const closing = [await serveApp(folder, LISTED_ORIGIN), await serveApp(folder, UNLISTED_ORIGIN)]
  const browser = await launch()
  try {
    await work(browser)
  } finally {
    await browser.close()
    for (const close of closing) await close()
  }
}

/** Uses a built app as a person would. */
export const walkThrough = (folder: string) =>
  withApp(folder, async (browser) => {
    await useApp(browser)
  })

/** The same; then breaks the app's connections, and opens it where it may not call the service. */
export const walkAndBreak = (folder: string) =>
  withApp(folder, async (browser) => {
    const name = await useApp(browser)
    await breakApp(browser, name)
    await openUnlisted(browser)
  })
