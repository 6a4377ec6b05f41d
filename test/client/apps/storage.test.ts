/** The built module itself, without a bundler, in a page of another site than the API's. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, type Visitor, visitor } from '../../browser/browser.ts'
import { CLIENT, ORIGIN, OTHER_SITE } from './app.ts'

const PASSWORD = 'correct horse battery staple'

interface Gatepost {
  register(person: { username: string; email: string; password: string }): Promise<unknown>
  fetch(operation: 'GET /api/users/me'): Promise<{ username: string }>
  session: {
    state: { status: string }
    start(): Promise<void>
    signIn(login: string, password: string): Promise<unknown>
    signOut(): Promise<void>
  }
}
declare global {
  interface Window {
    client: Gatepost
  }
}

const page = (storage: string) => `<!doctype html><link rel="icon" href="data:,"><title>App</title>
<script type="module">
import { createClient } from '/index.js'
window.client = createClient({ origin: '${ORIGIN}', storage: '${storage}' })
</script>`

let browser: Browser
let server: Server
before(async () => {
  server = createServer((request, response) => {
    const isModule = request.url === '/index.js'
    response.setHeader('Content-Type', isModule ? 'text/javascript' : 'text/html')
    response.end(
      isModule ? readFileSync(`${CLIENT.folder}/index.js`) : page(request.url?.slice(1) ?? ''),
    )
  })
  const { hostname, port } = new URL(OTHER_SITE)
  await new Promise<void>((done) => server.listen(Number(port), hostname, done))
  browser = await launch()
})
after(async () => {
  await browser.close()
  server.closeAllConnections()
  server.close()
})

async function open(person: Visitor, storage: string): Promise<Page> {
  const tab = await person.tab()
  await tab.goto(`${OTHER_SITE}/${storage}`)
  await ready(tab)
  return tab
}
const ready = (tab: Page) => tab.waitForFunction(() => window.client)
/** Starts the session, and gives its status. */
const status = (tab: Page) =>
  tab.evaluate(async () => {
    await window.client.session.start()
    return window.client.session.state.status
  })
const whoAmI = (tab: Page) =>
  tab.evaluate(async () => (await window.client.fetch('GET /api/users/me')).username)

async function signedIn(storage: string) {
  const username = `site${process.pid}${storage}`
  const person = await visitor(browser, { extraHTTPHeaders: {} })
  const tab = await open(person, storage)
  assert.equal(await status(tab), 'signed-out')
  await tab.evaluate(
    async ([name = '', password = '']) => {
      await window.client.register({ username: name, email: `${name}@example.com`, password })
      await window.client.session.signIn(name, password)
    },
    [username, PASSWORD],
  )
  assert.equal(await whoAmI(tab), username)
  return { username, person, tab }
}
/** Every access token at hand expires, by the clock of the page. */
const passTime = (tab: Page) => tab.clock.install({ time: Date.now() + 20 * 60_000 })

const signedOut = (tab: Page) =>
  tab.waitForFunction(() => window.client.session.state.status === 'signed-out')

test('localStorage: signed in after a reload and in a second tab; signed out in both', async () => {
  const { username, person, tab } = await signedIn('localStorage')
  await tab.reload()
  await ready(tab)
  assert.equal(await whoAmI(tab), username)
  const second = await open(person, 'localStorage')
  await Promise.all([tab, second].map(passTime))
  assert.deepEqual(await Promise.all([tab, second].map(whoAmI)), [username, username])
  assert.equal(await tab.evaluate(() => localStorage.length), 1)
  await tab.evaluate(() => window.client.session.signOut())
  await signedOut(second)
  assert.equal(await second.evaluate(() => localStorage.length), 0)
  assert.deepEqual(await person.context.cookies(), [])
  await person.close()
})

test('memory: signed in while a tab is open; nothing in the browser', async () => {
  const { username, person, tab } = await signedIn('memory')
  const second = await open(person, 'memory')
  assert.equal(await whoAmI(second), username)
  await tab.reload()
  await ready(tab)
  assert.equal(await whoAmI(tab), username, 'the second tab has the session')
  await Promise.all([tab, second].map(passTime))
  assert.deepEqual(await Promise.all([tab, second].map(whoAmI)), [username, username])
  assert.equal(await tab.evaluate(() => localStorage.length + sessionStorage.length), 0)
  assert.deepEqual(await person.context.cookies(), [])
  await second.close()
  await tab.reload()
  await ready(tab)
  assert.equal(await status(tab), 'signed-out')
  await person.close()
})
