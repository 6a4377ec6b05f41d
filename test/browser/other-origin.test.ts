/**
 * A single-page app on another origin: with the client it signs in and stays signed in, if the
 * service lists it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { ARTIFACTS, LISTED_ORIGIN, launch, ORIGIN, visitor } from './browser.ts'
import { PASSWORD, person } from './people.ts'

const UNLISTED_ORIGIN = process.env.GATEPOST_UNLISTED_ORIGIN ?? 'http://localhost:8794'
declare global {
  interface Window {
    /** The part of the client that this app uses. */
    gatepost: {
      session: {
        state: { status: string; because?: string; problem?: { code: string; message: string } }
        start: () => Promise<void>
        signIn: (login: string, password: string) => Promise<unknown>
        signOut: () => Promise<void>
      }
      fetch: (operation: string) => Promise<{ username: string }>
    }
  }
}

let browser: Browser
const servers: Server[] = []
before(async () => {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      lib: { entry: 'src/client/index.ts', formats: ['es'], fileName: 'client' },
      outDir: `${ARTIFACTS}/client`,
    },
  })
  for (const origin of [LISTED_ORIGIN, UNLISTED_ORIGIN]) {
    const server = createServer((request, response) => {
      const isScript = request.url === '/client.js'
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? readFileSync(`${ARTIFACTS}/client/client.js`) : html)
    })
    server.listen(Number(new URL(origin).port), 'localhost')
    servers.push(server)
  }
  browser = await launch()
})
after(async () => {
  await browser?.close()
  for (const server of servers) server.close()
})

const html = `<!doctype html><link rel="icon" href="data:,"><title>Another app</title>
<script type="module">
import { createClient } from '/client.js'
window.gatepost = createClient({ origin: '${ORIGIN}' })
</script>`

async function open(page: Page, origin: string) {
  await page.goto(origin)
  await page.waitForFunction(() => window.gatepost)
}
const whoAmI = (page: Page) =>
  page.evaluate(async () => (await window.gatepost.fetch('GET /api/users/me')).username)

test('an app on a listed origin signs in, and two of its tabs refresh at once', async () => {
  const { username } = await person()
  const ann = await visitor(browser, {
    baseURL: LISTED_ORIGIN,
    // An extra header would need to be asked for in each preflight.
    extraHTTPHeaders: {},
  })
  const tabs = [await ann.tab(), await ann.tab()]
  const seen: number[] = []
  for (const tab of tabs) {
    tab.on('response', (response) => {
      if (response.url().endsWith('/refresh')) seen.push(response.status())
    })
  }
  await open(tabs[0]!, LISTED_ORIGIN)
  await tabs[0]!.evaluate(
    ([login, password]) => window.gatepost.session.signIn(login!, password!),
    [username, PASSWORD],
  )
  // Without a hint each tab asks, once, whether there is a session.
  await open(tabs[1]!, LISTED_ORIGIN)
  assert.equal(await whoAmI(tabs[1]!), username)
  assert.deepEqual(seen, [200])

  for (const tab of tabs) await tab.clock.install({ time: Date.now() + 15 * 60_000 })
  assert.deepEqual(await Promise.all(tabs.map(whoAmI)), [username, username])
  assert.deepEqual(seen, [200, 200])

  await tabs[0]!.evaluate(() => window.gatepost.session.signOut())
  await tabs[1]!.waitForFunction(() => window.gatepost.session.state.status === 'signed-out')
  await ann.close()
})

test('an app on an unlisted origin gets nothing, neither with the cookie nor without', async () => {
  const { username } = await person()
  const ann = await visitor(browser, { extraHTTPHeaders: {} })
  const page = await ann.tab()
  await page.goto('/sign-in')
  // Signed in on the service's own pages: the browser has the cookie, which is of the same site.
  await page.evaluate(
    ([login, password]) =>
      fetch('/api/session', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ login, password }),
      }),
    [username, PASSWORD],
  )
  const other = await ann.tab()
  await open(other, UNLISTED_ORIGIN)
  const refused = await other.evaluate(
    async ([login, password]) => {
      const { session } = window.gatepost
      const told = ({ code, message }: { code: string; message: string }) => `${code}: ${message}`
      await session.start()
      const { status, because, problem } = session.state
      return [
        status,
        because,
        problem && told(problem),
        await session.signIn(login!, password!).catch(told),
      ]
    },
    [username, PASSWORD],
  )
  const reason = `origin-not-allowed: ${UNLISTED_ORIGIN} may not call ${ORIGIN}. Add ${UNLISTED_ORIGIN} to ALLOWED_ORIGINS of that server.`
  assert.deepEqual(refused, ['signed-out', 'unreachable', reason, reason])
  // The refusals did not end the session of the service's own pages.
  const status = await page.evaluate(async () => {
    const response = await fetch('/api/session/refresh', { method: 'POST' })
    return response.status
  })
  assert.equal(status, 200)
  const isCors = (text: string) => /CORS policy|net::ERR_FAILED/.test(text)
  assert.ok(ann.complaints.length > 0 && ann.complaints.every(isCors), ann.complaints.join('\n'))
  ann.complaints.length = 0
  await ann.close()
})
