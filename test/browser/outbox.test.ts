/** The page of mails that `npm run dev` has: read, looked at, and followed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch, ORIGIN, picture, visitor } from './browser.ts'
import { person } from './people.ts'

let browser: Browser
before(async () => {
  browser = await launch()
})
after(() => browser.close())

test('/__dev/mail: a registration mails a link, which confirms the address', async () => {
  const ann = await person()
  const reader = await visitor(browser)
  const page = await reader.tab()
  await page.goto('/__dev/mail')
  const mail = page.locator('article', { hasText: ann.email })
  await mail.getByText('Confirm your email address').waitFor()
  await picture(page, 'outbox')

  await mail.getByRole('link', { name: 'HTML' }).click()
  await page.getByText('Is it yours?').waitFor()
  await page.goBack()
  await mail.getByRole('link', { name: '/verify#token=' }).click()
  await page.getByText(ann.username).first().waitFor()
  assert.equal(new URL(page.url()).pathname, '/verify')
  await reader.close()
})

test('/__dev/mail: another host than the loopback does not get it', async () => {
  const { port } = new URL(ORIGIN)
  for (const host of ['gatepost.example', `192.168.1.20:${port}`]) {
    const { status, body } = await requestAs(host)
    assert.equal(status, 404)
    assert.doesNotMatch(body, /token=/)
  }
  assert.equal((await requestAs(`localhost:${port}`)).status, 200)
})

test('/__dev/mail: a tunnel that rewrites Host does not get it', async () => {
  const host = `localhost:${new URL(ORIGIN).port}`
  for (const header of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host']) {
    const { status, body } = await requestAs(host, { [header]: 'tunnel.example' })
    assert.equal(status, 404, header)
    assert.doesNotMatch(body, /token=/)
  }
})

/** `fetch` refuses to set Host. */
async function requestAs(
  host: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string }> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    request(`${ORIGIN}/__dev/mail`, { headers: { host, ...headers } }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
      .on('error', reject)
      .end()
  })
}
