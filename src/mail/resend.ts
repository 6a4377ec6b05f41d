/** Mail through Resend's HTTP API, where Cloudflare's Email Service is not available. */
import { MailFailed, type Message, type Transport } from './transport'

/** https://resend.com/docs/api-reference/emails/send-email */
const ENDPOINT = 'https://api.resend.com/emails'
const TIMEOUT_MS = 5_000
/**
 * Their codes are words such as `daily_quota_exceeded`.
 * https://resend.com/docs/api-reference/errors
 */
const CODE = /^[a-z_]{1,64}$/

/** @param apiKey a key that may only send is enough */
export const resend = (apiKey: string): Transport => ({
  async send({ from, to, subject, text, html }: Message) {
    const response = await post(apiKey, { from: mailbox(from), to: [to], subject, text, html })
    if (response.ok) return void (await response.body?.cancel())
    throw new MailFailed(await codeOf(response))
  },
})

async function post(apiKey: string, body: object): Promise<Response> {
  try {
    return await fetch(ENDPOINT, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual', // the key goes to no other host
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    throw new MailFailed(isLate ? 'timeout' : 'unreachable')
  }
}

/** `"Name" <address>`, with the name as a quoted string (RFC 5322 §3.2.4). */
const mailbox = ({ name, email }: Message['from']) =>
  `"${name.replace(/["\\]/g, '\\$&')}" <${email}>`

/** The provider's code. Its message is not read: it may quote the address. */
async function codeOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null)
  const name = body instanceof Object && 'name' in body ? body.name : undefined
  return typeof name === 'string' && CODE.test(name) ? name : `http_${response.status}`
}
