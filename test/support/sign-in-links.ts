/** Sign-in links: asking for one, and using it in the browser that asked or in another. */
import { call } from './client'
import { nextMail, tokenIn } from './mailbox'

const COOKIE = /^(__Host-gatepost-link=[\w-]{43});/

/** The cookie of the asking browser that an answer sets. */
export function linkCookieOf(response: Response): string {
  const [, cookie] = COOKIE.exec(response.headers.getSetCookie().join('\n')) ?? []
  if (!cookie) throw new Error(`no cookie of a link: ${response.headers.getSetCookie()}`)
  return cookie
}

export const askForLink = (email: string, cookie?: string, ask = call) =>
  ask('POST', '/api/session/email', { json: { email }, cookie })

/** Uses a link in the browser with this cookie; undefined: in another one. */
export const clickLink = (token: string, cookie?: string, code?: string, ask = call) =>
  ask('POST', '/api/session/email/use', { json: { token, ...(code && { code }) }, cookie })

export interface MailedLink {
  token: string
  code: string
  cookie: string
}

/** A new link, and what the browser that asked for it has. `count`: the number of this mail. */
export async function mailedLink(email: string, count = 1, browser?: string): Promise<MailedLink> {
  const response = await askForLink(email, browser)
  const { code } = await response.json<{ code: string }>()
  const token = tokenIn(await nextMail(email, 'Your sign-in link', count))
  return { token, code, cookie: linkCookieOf(response) }
}

/** Six digits other than these. */
export const otherCode = (code: string) => (code === '000000' ? '111111' : '000000')
