/** The first page is small, soon there, and holds still. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { launch, visitor } from './browser.ts'
import { person, write } from './people.ts'
import { menu, signIn } from './steps.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

const KIB = 1024

interface Load {
  shift: number
  painted: number
}
/**
 * Collects, from before the first script on, how much moved by itself and when the first card was
 * painted (ms).
 */
function observe() {
  const load: Load = { shift: 0, painted: 0 }
  Object.assign(window, { load })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & {
      value: number
      hadRecentInput: boolean
    })[])
      if (!entry.hadRecentInput) load.shift += entry.value
  }).observe({ type: 'layout-shift', buffered: true })
  const look = () => {
    if (document.querySelector('.card h2')) load.painted = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

test('the first page loads at most 40 KiB of script and style, compressed', async () => {
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto('/', { waitUntil: 'networkidle' })
  const paths = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name))
      .filter(({ pathname }) => /\.(js|css)$/.test(pathname))
      .map(({ origin, pathname }) => (origin === location.origin ? pathname : 'foreign')),
  )
  assert.ok(paths.length >= 2 && !paths.includes('foreign'))
  const size = paths
    .map((path) => gzipSync(readFileSync(`dist/web${path}`)).length)
    .reduce((sum, length) => sum + length, 0)
  console.log(
    `# first load: ${(size / KIB).toFixed(1)} KiB gz of script and style in ${paths.length} files`,
  )
  assert.ok(size <= 40 * KIB)
  await reader.close()
})

for (const who of ['a visitor', 'who is signed in'])
  test(`the feed is painted within a second for ${who}, and nothing moves`, async () => {
    const author = await person()
    for (const n of [1, 2, 3, 4, 5, 6])
      await write(author, `Walk ${n}`, 'By the river. '.repeat(n * 8))
    const someone = await visitor(browser)
    const page = await someone.tab()
    if (who !== 'a visitor') {
      await signIn(page, author.username)
      await menu(page).waitFor()
    }
    await page.addInitScript(observe)
    const painted: number[] = []
    let shift = 0
    for (let round = 0; round < 5; round++) {
      await page.goto('/', { waitUntil: 'networkidle' })
      const load = await page.evaluate(() => (window as unknown as { load: Load }).load)
      painted.push(load.painted)
      shift = Math.max(shift, load.shift)
    }
    const median = painted.sort((a, b) => a - b)[2]!
    console.log(
      `# feed for ${who}: painted after ${median.toFixed(0)} ms, layout shift ${shift.toFixed(4)}`,
    )
    assert.ok(median > 0 && median <= 1000)
    assert.equal(shift, 0)
    await someone.close()
  })
