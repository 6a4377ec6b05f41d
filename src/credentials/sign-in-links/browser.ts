/**
 * The browser that requests a sign-in link. A cookie identifies it for the lifetime of the link: a
 * mail scanner, or the reader of a forwarded mail, cannot sign in with the link alone. A browser
 * without the cookie needs the code that the requesting browser shows.
 */
import { base64url } from 'jose'
import type { AppContext } from '../../context'
import { hostCookie } from '../../http/cookie'
import { LINK_LIFETIME_MS } from '../../limits'
import { hashSecretToken, newSecretToken } from '../../security/secret-token'

const linkCookie = hostCookie('__Host-gatepost-link')

export interface Browser {
  /** SHA-256 of the cookie, base64url. */
  browserHash: string
  /** Six digits, derived from the hash. */
  code: string
}

/**
 * The browser of a request for a link, and the value of its cookie. A browser keeps the cookie that
 * it has, because a refused request must not void its last link.
 */
export async function askingBrowser(c: AppContext): Promise<{ browser: Browser; cookie: string }> {
  const cookie = linkCookie.read(c)
  const browserHash = await hashSecretToken(cookie)
  if (browserHash) return { browser: { browserHash, code: codeOf(browserHash) }, cookie }
  const { token, tokenHash } = await newSecretToken()
  return { browser: { browserHash: tokenHash, code: codeOf(tokenHash) }, cookie: token }
}

/** Sets the cookie, also if the address has no account. */
export const rememberBrowser = (c: AppContext, cookie: string) =>
  linkCookie.set(c, cookie, LINK_LIFETIME_MS.signIn / 1000)

/** The hash of the cookie, or null for a browser that requested no link. */
export const presentBrowser = (c: AppContext): Promise<string | null> =>
  hashSecretToken(linkCookie.read(c))

export const forgetBrowser = (c: AppContext) => linkCookie.drop(c)

/** The first 32 bits of the hash, as six digits. */
function codeOf(browserHash: string): string {
  const { buffer, byteOffset } = base64url.decode(browserHash)
  const number = new DataView(buffer, byteOffset).getUint32(0)
  return String(number % 1_000_000).padStart(6, '0')
}
