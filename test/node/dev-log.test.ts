// The lines that `npm run dev` prints of what the service logs.
import { describe, expect, it } from 'vitest'
import { devLog } from '../../scripts/dev/dev-log.mjs'

const settings = { appOrigin: 'http://localhost:8787', allowedOrigins: 'http://localhost:5173' }
const lines = (...given: (string | object)[]) => {
  const format = devLog(settings)
  return given.map((line) => format(typeof line === 'string' ? line : JSON.stringify(line)))
}
const unlisted = (origin: string) => ({ event: 'origin_not_listed', origin })

describe('a request', () => {
  it('is one short line', () => {
    const request = { event: 'request', method: 'POST', route: '/api/users', status: 201, ms: 33 }
    expect(lines({ ...request, trips: 1, hash_ms: 29 }, request)).toEqual([
      'POST /api/users 201 33 ms d1×1 hash 29',
      'POST /api/users 201 33 ms',
    ])
  })
})

describe('a mail', () => {
  it('is a box with its link, without what wrangler says of it', () => {
    expect(
      lines(
        'Mail to ann@example.com: Confirm your email address',
        '  http://localhost:8787/verify#token=abc',
        '[wrangler:info] send_email binding called with MessageBuilder:',
        'From: Gatepost <no-reply@example.com>',
        'Text: /tmp/miniflare/email/1.txt',
        '',
      ),
    ).toEqual([
      '┌ Mail to ann@example.com: Confirm your email address',
      '└ http://localhost:8787/verify#token=abc',
      null,
      null,
      null,
      null,
    ])
  })
})

describe('an origin that is not listed', () => {
  it('is reported once, with the line to write, which keeps the others', () => {
    expect(lines(unlisted('http://localhost:5174'), unlisted('http://localhost:5174'))).toEqual([
      'http://localhost:5174 is not in ALLOWED_ORIGINS. Set it in .dev.vars, then start npm run dev again:\n  ALLOWED_ORIGINS=http://localhost:5173,http://localhost:5174',
      null,
    ])
  })

  it('of the own page under another name leads to APP_ORIGIN', () => {
    expect(lines(unlisted('http://127.0.0.1:8787'))).toEqual([
      'http://127.0.0.1:8787 is not APP_ORIGIN. Open http://localhost:8787 instead.',
    ])
  })

  it.each(['null', 'http://[', 'x\u001b[2J'])('%j that no browser sends is quoted', (origin) => {
    expect(lines(unlisted(origin))).toEqual([
      `A request has the origin ${JSON.stringify(origin)}, which cannot be listed.`,
    ])
  })

  it('is reported at most 100 times', () => {
    const many = Array.from({ length: 150 }, (_, i) => unlisted(`http://localhost:${6000 + i}`))
    expect(lines(...many).filter((line) => line !== null)).toHaveLength(100)
  })
})

it('an invalid setting is reported once, without the form of wrangler and of JSON', () => {
  const entry = '{"event":"misconfigured","error":"JWT_SECRET is missing"}'
  expect(
    lines(
      `\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m \u001b[1m${entry}\u001b[0m`,
      entry,
    ),
  ).toEqual(['JWT_SECRET is missing', null])
})

it('other lines stay as they are', () => {
  expect(lines('Something else', '{"no": "event"}', '{broken')).toEqual([
    'Something else',
    '{"no": "event"}',
    '{broken',
  ])
})
