/** Mail through Resend: what goes over the network, and how failures read. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { resend } from '../../src/mail/resend'
import { deliver, send } from '../../src/mail/send'
import { workerWith } from '../support/client'
import { freshName, PASSWORD } from '../support/users'

const KEY = 're_123456789abcdefghi'
const FROM = { name: 'Gate "Post"', email: 'no-reply@example.com' }
const MAIL = { to: 'ann@example.com', subject: 'Hello', text: 'text', html: '<p>text</p>' }

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Resend answers with this, or does what the function does. */
function answers(answer: Response | (() => Promise<Response>)) {
  const called = vi.fn(async (_url: string, _init: RequestInit) =>
    answer instanceof Response ? answer : answer(),
  )
  vi.stubGlobal('fetch', called)
  return called
}
const refuses = (status: number, name: string) =>
  Response.json({ statusCode: status, name, message: `for ${MAIL.to}` }, { status })

describe('resend', () => {
  it('posts one mail with the key, follows no redirect, and gives up after 5 seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    const called = answers(Response.json({ id: '1' }))
    await send(resend(KEY), FROM, { ...MAIL, link: 'never sent as such' })
    expect(called).toHaveBeenCalledTimes(1)
    const [url, init] = called.mock.calls[0]!
    expect(url).toBe('https://api.resend.com/emails')
    expect(init).toMatchObject({ method: 'POST', redirect: 'manual' })
    expect(new Headers(init.headers).get('Authorization')).toBe(`Bearer ${KEY}`)
    expect(JSON.parse(String(init.body))).toEqual({
      from: '"Gate \\"Post\\"" <no-reply@example.com>',
      to: ['ann@example.com'],
      subject: 'Hello',
      text: 'text',
      html: '<p>text</p>',
    })
    expect(timeout).toHaveBeenCalledWith(5_000)
    expect(init.signal).toBeInstanceOf(AbortSignal)
  })

  it('rejects invalid mails before any request', async () => {
    const called = answers(Response.json({ id: '1' }))
    await expect(send(resend(KEY), FROM, { ...MAIL, to: 'a@x.y, b@x.y' })).rejects.toThrow(/plain/)
    expect(called).not.toHaveBeenCalled()
  })
})

describe('a mail that a provider does not take', () => {
  const late = () => Promise.reject(new DOMException('late', 'TimeoutError'))
  const lost = () => Promise.reject(new TypeError('connection to ann@example.com lost'))
  it.each([
    [refuses(429, 'daily_quota_exceeded'), 'daily_quota_exceeded', 'quota'],
    [refuses(429, 'monthly_quota_exceeded'), 'monthly_quota_exceeded', 'quota'],
    [refuses(429, 'rate_limit_exceeded'), 'rate_limit_exceeded', 'quota'],
    [refuses(403, 'invalid_api_key'), 'invalid_api_key', 'sender'],
    [refuses(422, 'invalid_from_address'), 'invalid_from_address', 'sender'],
    [refuses(500, 'application_error'), 'application_error', 'unavailable'],
    [new Response('<html>', { status: 502 }), 'http_502', 'unavailable'],
    [new Response(null, { status: 401 }), 'http_401', 'sender'],
    [
      new Response(null, { status: 302, headers: { Location: 'https://x.example' } }),
      'http_302',
      'unknown',
    ],
    [refuses(418, 'to ann@example.com\n{"event":"forged"}'), 'http_418', 'unknown'],
    [late, 'timeout', 'unavailable'],
    [lost, 'unreachable', 'unavailable'],
  ])(
    '%# is one line of the log, with %s as %s, advice and no address',
    async (answer, code, kind) => {
      answers(answer)
      const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
      await deliver(resend(KEY), FROM, MAIL, false)
      expect(log).toHaveBeenCalledTimes(1)
      const line = String(log.mock.calls[0]?.[0])
      expect(JSON.parse(line)).toEqual({
        event: 'mail_failed',
        subject: 'Hello',
        error: 'MailFailed',
        code,
        kind,
        advice: expect.stringMatching(/\.$/),
      })
      for (const secret of ['@', KEY, 'forged']) expect(line).not.toContain(secret)
    },
  )

  it.each([
    ['E_DAILY_LIMIT_EXCEEDED', 'quota'],
    ['E_RATE_LIMIT_EXCEEDED', 'quota'],
    ['E_RECIPIENT_SUPPRESSED', 'recipient'],
    ['E_RECIPIENT_NOT_ALLOWED', 'recipient'],
    ['E_SENDER_NOT_VERIFIED', 'sender'],
    ['E_SENDER_DOMAIN_NOT_AVAILABLE', 'sender'],
    ['E_DELIVERY_FAILED', 'unavailable'],
    ['E_INTERNAL_SERVER_ERROR', 'unavailable'],
    ['E_SOMETHING_NEW', 'unknown'],
  ])("%s of Cloudflare's binding reads as %s", async (code, kind) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const failing = { send: () => Promise.reject(Object.assign(new Error('to x@y'), { code })) }
    await deliver(failing, FROM, MAIL, false)
    expect(JSON.parse(String(log.mock.calls[0]?.[0]))).toMatchObject({ code, kind })
  })

  it('POST /api/users → 201 while the quota is used up', async () => {
    answers(refuses(429, 'daily_quota_exceeded'))
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const ask = workerWith({ MAIL_PROVIDER: 'resend', MAIL_API_KEY: KEY, MAIL: undefined })
    const username = freshName()
    const json = { username, email: `${username}@example.com`, password: PASSWORD }
    expect((await ask('POST', '/api/users', { json })).status).toBe(201)
    expect(JSON.stringify(log.mock.calls)).toContain('daily_quota_exceeded')
  })
})
