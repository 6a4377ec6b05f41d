/** Mails: what is sent, and what must not be. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Recipient } from '../../src/mail/compose'
import { deliver, MailRefused, send } from '../../src/mail/send'
import * as texts from '../../src/mail/texts'

const ORIGIN = 'https://app.example.com'
const FROM = { name: 'Gatepost', email: 'no-reply@example.com' }
const ann = { email: 'ann@example.com', username: 'ann', emailVerified: true }
const TOKEN = 'T'.repeat(43)
const binding = () => ({ send: vi.fn(async () => ({ messageId: '1' })) })
const mail = { to: ann.email, subject: 'Hello', text: 'text', html: '<p>text</p>' }

describe('send', () => {
  it('passes one mail to one recipient to the binding', async () => {
    const mailer = binding()
    await send(mailer, FROM, { ...mail, link: 'never sent as such' })
    expect(mailer.send.mock.calls).toEqual([[{ from: FROM, ...mail }]])
  })

  it.each([
    ['two recipients', { to: 'a@example.com, b@example.com' }],
    ['two recipients in angle brackets', { to: '<a@example.com> <b@example.com>' }],
    ['a line break in the recipient', { to: 'a@example.com\r\nBcc: b@example.com' }],
    ['a recipient without @', { to: 'ann' }],
    ['no recipient', { to: '' }],
    ['a line break in the subject', { subject: 'Hello\r\nBcc: b@example.com' }],
    ['a line separator in the subject', { subject: 'Hello\u2028you' }],
    ['no subject', { subject: '' }],
    ['no text', { text: ' ' }],
    ['no HTML', { html: '' }],
  ])('refuses %s, without telling the address', async (_, wrong) => {
    const mailer = binding()
    const refused = await send(mailer, FROM, { ...mail, ...wrong }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(MailRefused)
    expect((refused as Error).message).not.toContain('@')
    expect(mailer.send).not.toHaveBeenCalled()
  })

  it('works with the binding of the Worker', async () => {
    await expect(
      send(env.MAIL, FROM, texts.verifyAddress(ORIGIN, ann, TOKEN)),
    ).resolves.toBeUndefined()
  })
})

describe('deliver', () => {
  it.each([
    [
      'rejects',
      () =>
        Promise.reject(
          Object.assign(new Error(`to ${ann.email}`), { code: 'E_RATE_LIMIT_EXCEEDED' }),
        ),
    ],
    [
      'throws',
      () => {
        throw Object.assign(new Error(`to ${ann.email}`), { code: 'E_RATE_LIMIT_EXCEEDED' })
      },
    ],
  ])(
    'never fails when the binding %s: a line in the log has its code and no address',
    async (_, failing) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
      await deliver({ send: failing as never }, FROM, mail, false)
      const lines = log.mock.calls.map(([line]) => String(line))
      log.mockRestore()
      expect(lines).toHaveLength(1)
      expect(JSON.parse(lines[0] as string)).toMatchObject({
        event: 'mail_failed',
        code: 'E_RATE_LIMIT_EXCEEDED',
      })
      expect(lines[0]).not.toContain('@')
    },
  )

  it('shows the link on the console of a developer, and nowhere else', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const reset = texts.resetPassword(ORIGIN, ann, TOKEN)
    await deliver(binding(), FROM, reset, false)
    expect(log).not.toHaveBeenCalled()
    await deliver(binding(), FROM, reset, true)
    expect(log.mock.calls).toEqual([
      [`Mail to ann@example.com: Reset your password\n  ${ORIGIN}/reset#token=${TOKEN}`],
    ])
    log.mockRestore()
  })
})

/** The mails about factors, which need no more than their recipient. */
const FACTORS = [
  texts.passkeyAdded,
  texts.passkeyRemoved,
  texts.passkeyCounterFell,
  texts.totpEnabled,
  texts.totpDisabled,
  texts.recoveryCodesMade,
  texts.recoveryCodeUsed,
  (origin: string, to: Recipient) => texts.factorsRemoved(origin, to, false),
]

describe('the texts', () => {
  const all = [
    texts.verifyAddress(ORIGIN, ann, TOKEN),
    texts.resetPassword(ORIGIN, ann, TOKEN),
    texts.signInLink(ORIGIN, ann, TOKEN),
    texts.confirmChange(ORIGIN, ann, TOKEN),
    texts.changeRequested(ORIGIN, ann, 'new@example.com'),
    texts.addressChanged(ORIGIN, ann, 'new@example.com'),
    texts.addressWanted(ORIGIN, ann),
    texts.passwordChanged(ORIGIN, ann),
    texts.passwordSet(ORIGIN, ann),
    texts.passwordWasReset(ORIGIN, ann),
    texts.accountDeleted(ORIGIN, ann),
    texts.identityLinked(ORIGIN, ann, 'Google'),
    texts.identityUnlinked(ORIGIN, ann, 'Google'),
    ...FACTORS.map((write) => write(ORIGIN, ann)),
  ]

  it('are all of this test', () => {
    expect(all).toHaveLength(Object.keys(texts).length)
  })

  it.each(all.map((text) => [text.subject, text] as const))(
    '"%s" says the same in text and HTML, to one person',
    (_, text) => {
      expect(text.to).toBe(ann.email)
      expect(text.text).toMatch(/^Hello( ann)?,\n\n/)
      for (const paragraph of text.text.split('\n\n')) {
        const escaped = paragraph.trim().replaceAll("'", '&#39;')
        expect(text.html).toContain(escaped)
      }
    },
  )

  it('contain no words of the account when its address is unproven', () => {
    const stranger = {
      email: 'victim@example.com',
      username: 'claim.evil.com',
      emailVerified: false,
    }
    const mails = [
      texts.verifyAddress(ORIGIN, stranger, TOKEN),
      texts.resetPassword(ORIGIN, stranger, TOKEN),
      texts.signInLink(ORIGIN, stranger, TOKEN),
      texts.confirmChange(ORIGIN, stranger, TOKEN),
      texts.changeRequested(ORIGIN, stranger, 'evil@evil.com'),
      texts.addressChanged(ORIGIN, stranger, 'evil@evil.com'),
      texts.addressWanted(ORIGIN, stranger),
      texts.passwordChanged(ORIGIN, stranger),
      texts.passwordSet(ORIGIN, stranger),
      texts.passwordWasReset(ORIGIN, stranger),
      texts.accountDeleted(ORIGIN, stranger),
      ...FACTORS.map((write) => write(ORIGIN, stranger)),
    ]
    for (const { subject, text, html } of mails) {
      expect(text).toMatch(/^Hello,\n\n/)
      expect(subject + text + html).not.toContain('evil')
    }
    const proven = { ...stranger, emailVerified: true }
    expect(texts.passwordChanged(ORIGIN, proven).text).toMatch(/^Hello claim\.evil\.com,\n\n/)
  })

  it('carry the token in the fragment only, which no server and no Referer sees', () => {
    for (const { text, html } of all) {
      expect(text).not.toMatch(/[?&]token=/)
      expect((text + html).split(TOKEN).length - 1).toBe(
        ((text + html).match(/#token=T{43}/g) ?? []).length,
      )
    }
  })

  it('escape names and addresses', () => {
    const { html } = texts.changeRequested(
      ORIGIN,
      { email: 'a@example.com', username: '<b>&"\'', emailVerified: true },
      '"><script>x</script>@example.com',
    )
    expect(html).not.toMatch(/<script|<b>/)
    expect(html).toContain('&lt;b&gt;&amp;&quot;&#39;')
  })
})
