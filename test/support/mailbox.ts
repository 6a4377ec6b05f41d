/** The mails that the Worker sends while tests run, by recipient. */
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { workerWith } from './client'

export interface SentMail {
  from: { name: string; email: string }
  to: string
  subject: string
  text: string
  html: string
}

/**
 * Shared by all files of a run: several may run at a time in one isolate, each with this module to
 * itself.
 */
const shared = globalThis as { caughtMails?: SentMail[] }
shared.caughtMails ??= []
const sent = shared.caughtMails

/**
 * Catches every mail of the tests in this file instead of sending it. The binding is replaced, not
 * given another `send`: it answers to any name by an interceptor, and once V8 has cached that way
 * an own property is not looked at any more.
 */
export function catchMails() {
  const real = env.MAIL
  const caught = {
    send: async (mail: unknown) => {
      sent.push(mail as SentMail)
      return { messageId: 'caught' }
    },
  }
  beforeAll(() => {
    Object.assign(env, { MAIL: caught })
  })
  afterAll(() => {
    Object.assign(env, { MAIL: real })
  })
}

/**
 * All mails to an address so far, oldest first. They are sent behind the answer, those of a reset
 * up to a quarter of a second later: wait with `nextMail` for one.
 */
export const mailsTo = (email: string) => sent.filter((mail) => mail.to === email)

/** The latest mail to an address with this subject, as soon as there are `count` of them. */
export async function nextMail(email: string, subject: string | RegExp, count = 1) {
  const found = () => mailsTo(email).filter((mail) => mail.subject.match(subject))
  await vi.waitFor(() => expect(found().length).toBeGreaterThanOrEqual(count), {
    interval: 5,
    timeout: 10_000,
  })
  return found()[count - 1] as SentMail
}

/** The token of the link in a mail. */
export function tokenIn(mail: SentMail): string {
  const found = /#token=([\w-]{43})\b/.exec(mail.text)
  if (!found?.[1]) throw new Error(`no link in: ${mail.text}`)
  return found[1]
}

/**
 * A Worker whose mails are kept instead of sent. They are out when `ask` returns, also those of
 * resets, which take a moment.
 */
export function ownMailbox() {
  const send = vi.fn(async (_mail: SentMail) => ({ messageId: 'caught' }))
  const to = (email: string) => send.mock.calls.map(([mail]) => mail).filter((m) => m.to === email)
  return {
    send,
    ask: workerWith({ MAIL: { send } }),
    subjectsTo: (email: string) => to(email).map(({ subject }) => subject),
    /** The token of the link in the latest mail to an address. */
    tokenTo: (email: string) => tokenIn(to(email).at(-1) as SentMail),
  }
}
