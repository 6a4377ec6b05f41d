// The outbox of `npm run dev`: what it keeps, how it shows it, and who reads it.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { developmentToml } from '../../scripts/dev/configuration.mjs'
import { outboxPage } from '../../scripts/dev/outbox/page.mjs'
import { createOutbox, startOutbox } from '../../scripts/dev/outbox/server.mjs'

const mail = { to: 'ann@example.com', subject: 'Hello', text: 'Read http://localhost:1/a#b=c.' }
const hostile = '<script>alert(1)</script>"\'&javascript:alert(1)'

describe('the outbox', () => {
  it('keeps the last mails, newest first', () => {
    const outbox = createOutbox(3)
    for (let i = 1; i <= 5; i++) outbox.add({ ...mail, subject: `Mail ${i}` })
    expect(outbox.list().map(({ subject }) => subject)).toEqual(['Mail 5', 'Mail 4', 'Mail 3'])
    expect(outbox.find(1)).toBeUndefined()
    expect(outbox.find(4)?.subject).toBe('Mail 4')
  })

  it('keeps 100 mails', () => {
    const outbox = createOutbox()
    for (let i = 1; i <= 130; i++) outbox.add(mail)
    expect(outbox.list()).toHaveLength(100)
  })

  it('shows recipient, subject, time, text and a link without the full stop behind it', () => {
    const outbox = createOutbox()
    outbox.add(mail, new Date('2026-11-27T09:30:00Z'))
    const page = outboxPage(outbox.list())
    expect(page).toContain('To ann@example.com')
    expect(page).toContain('<h2>Hello</h2>')
    expect(page).toContain('datetime="2026-11-27T09:30:00.000Z"')
    expect(page).toContain(
      'Read <a href="http://localhost:1/a#b=c" rel="noreferrer">http://localhost:1/a#b=c</a>.',
    )
  })

  it('escapes every part of a mail', () => {
    const outbox = createOutbox()
    outbox.add({ to: hostile, subject: hostile, text: `${hostile} http://a.example/"><b>` })
    const page = outboxPage(outbox.list())
    expect(page).not.toMatch(/<script|<b>|href="javascript|"'&j/)
    expect(page.match(/&#60;script&#62;/g)).toHaveLength(3)
  })
})

describe('the server of the outbox', () => {
  let server: Awaited<ReturnType<typeof startOutbox>>
  beforeAll(async () => {
    server = await startOutbox()
  })
  afterAll(() => server.close())
  const post = (body: string) => fetch(server.address, { method: 'POST', body })

  it('accepts a mail and shows it under a policy that permits only its style and icon', async () => {
    expect((await post(JSON.stringify({ ...mail, html: '<p>Hello</p>' }))).status).toBe(204)
    const page = await fetch(server.address)
    expect(await page.text()).toContain('ann@example.com')
    const policy = page.headers.get('Content-Security-Policy') ?? ''
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; img-src 'self'; base-uri/,
    )
    expect(policy).not.toMatch(/script-src|unsafe/)
  })

  it('shows the HTML of a mail in a sandbox without scripts', async () => {
    const page = await fetch(`${server.address}/1`)
    expect(await page.text()).toBe('<p>Hello</p>')
    const policy = page.headers.get('Content-Security-Policy') ?? ''
    expect(policy).toMatch(/^sandbox [a-z -]+; default-src 'none'; /)
    expect(policy).not.toMatch(/allow-scripts|allow-same-origin|script-src/)
    expect((await fetch(`${server.address}/2`)).status).toBe(404)
  })

  it('→ 404 without the secret path', async () => {
    const { origin, pathname } = new URL(server.address)
    expect(pathname.length).toBeGreaterThan(30)
    for (const path of ['/', '/1', pathname.slice(0, -1), `${pathname.slice(0, -1)}/1`])
      expect((await fetch(origin + path)).status, path).toBe(404)
    expect((await fetch(`${origin}/x`, { method: 'POST', body: '{}' })).status).toBe(404)
  })

  it('→ 400 for a mail of more than 256 KiB and for one that is not JSON; later requests work', async () => {
    const large = await post(JSON.stringify({ ...mail, text: 'a'.repeat(300_000) }))
    expect(large.status).toBe(400)
    expect((await post('no JSON')).status).toBe(400)
    expect((await fetch(server.address)).status).toBe(200)
  })
})

describe('the configuration of npm run dev', () => {
  const toml = readFileSync('wrangler.toml', 'utf8')

  it('differs from wrangler.toml in its Worker, one route and the optional secrets of .dev.vars', () => {
    const lines = toml.split('\n')
    const made = developmentToml(toml, { DATA_KEYS: 'x', OTHER: 'y' }).split('\n')
    const changed = made.filter((line, i) => line !== lines[i])
    expect(made).toHaveLength(lines.length)
    expect(changed).toEqual([
      'main = "scripts/dev/outbox/worker.ts"',
      'required = ["JWT_SECRET", "DATA_KEYS"]',
      expect.stringMatching(/^run_worker_first = \["\/__dev\/\*", /),
    ])
  })

  it('names the line that it needs and does not find', () => {
    expect(() => developmentToml(toml.replace('main = ', 'entry = '), {})).toThrow(
      'wrangler.toml must have this once, for npm run dev: main = "src/index.ts"',
    )
  })
})
