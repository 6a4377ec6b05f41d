/**
 * A real Chromium on the running service, which notes every error that a page tells its console.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'

/** Set by scripts/dev/test-browser.mjs, which starts the service. */
export const ORIGIN = process.env.GATEPOST_ORIGIN ?? 'http://localhost:8798'
export const LISTED_ORIGIN = process.env.GATEPOST_LISTED_ORIGIN ?? 'http://localhost:8796'
export const ARTIFACTS = 'test/browser/artifacts'
mkdirSync(ARTIFACTS, { recursive: true })

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

let addresses = 0
/**
 * Another client for the edge limits, which take its word in development and count by /64: no two
 * test files, which are processes, share one.
 */
export const otherAddress = () =>
  `2001:db8:${(process.pid & 0xffff).toString(16)}:${(addresses++ & 0xffff).toString(16)}::1`

export const WIDE = { width: 1100, height: 820 }
export const NARROW = { width: 360, height: 740 }

/** A person's browser: its tabs share cookies. */
export interface Visitor {
  tab: () => Promise<Page>
  context: BrowserContext
  /**
   * Faults of the console: errors, warnings, uncaught exceptions, violations of the
   * Content-Security-Policy.
   */
  complaints: string[]
  /**
   * Allows failed requests with these statuses, which Chromium reports as errors although the page
   * handles them.
   */
  expectStatus: (...statuses: number[]) => void
  close: () => Promise<void>
}

export async function visitor(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: ORIGIN,
    viewport: WIDE,
    locale: 'en-GB',
    extraHTTPHeaders: { 'CF-Connecting-IP': otherAddress() },
    ...options,
  })
  context.setDefaultTimeout(20_000)
  const complaints: string[] = []
  const expected = new Set<number>()
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return
    const status = /status of (\d+)/.exec(message.text())?.[1]
    if (status && expected.has(Number(status))) return
    complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
  })
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().stack}`))
  return {
    tab: () => context.newPage(),
    context,
    complaints,
    expectStatus: (...statuses) => {
      for (const status of statuses) expected.add(status)
    },
    async close() {
      await context.close()
      assert.deepEqual(complaints, [], 'the console stayed silent')
    },
  }
}

/** All violations that axe finds of WCAG 2.2 A and AA and of its own best practices. */
export async function violations(page: Page): Promise<string[]> {
  // Waits for transitions, which change colors. A page that draws no frame ends none.
  await page.evaluate(() => {
    const ended = document.getAnimations().map((a) => a.finished.catch(() => undefined))
    return Promise.race([Promise.all(ended), new Promise((done) => setTimeout(done, 3000))])
  })
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.any[0]?.message ?? ''}`),
  )
}

/**
 * Takes pictures of a page, light and dark, narrow and wide. Each must have no violations, and not
 * be wider than the viewport.
 */
export async function picture(page: Page, name: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const [width, viewport] of Object.entries({ narrow: NARROW, wide: WIDE })) {
      await page.setViewportSize(viewport)
      assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${width}`)
      const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth)
      assert.ok(scrollWidth <= viewport.width, `${name} is ${scrollWidth} wide`)
      const path = `${ARTIFACTS}/${name}-${colorScheme}-${width}.png`
      // The backdrop of a dialog covers the viewport alone.
      await page.screenshot({ path, fullPage: (await page.locator('dialog[open]').count()) === 0 })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

const log = () => readFileSync(process.env.GATEPOST_LOG ?? '', 'utf8')

/**
 * The newest link that was mailed to an address; the service prints it while it runs in
 * development.
 */
export async function mailedLink(
  to: string,
  page: 'verify' | 'reset' | 'sign-in/link',
): Promise<string> {
  for (let tries = 0; tries < 50; tries++) {
    const mails = log().split(`Mail to ${to}: `).slice(1)
    const links = mails.map((mail) => /https?:\/\/\S+#token=[\w-]+/.exec(mail)?.[0] ?? '')
    const link = links.filter((found) => found.includes(`/${page}#`)).at(-1)
    if (link) return link
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`No mail with a link to /${page} went to ${to}`)
}
