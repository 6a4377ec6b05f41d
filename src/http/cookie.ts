/** Cookies that scripts cannot read. */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

/**
 * `Lax`: another site that sends a browser here by a link, such as an identity provider, sends the
 * cookie. Its forms and scripts do not.
 */
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

/**
 * A cookie of this host. The prefix `__Host-` of its name binds it to the host, `Path=/` and
 * `Secure` (RFC 6265bis §4.1.3.2).
 */
export const hostCookie = (name: `__Host-${string}`) => ({
  /** The value that the browser sent, unverified; empty without the cookie. */
  read: (c: Context): string => getCookie(c, name) ?? '',
  set: (c: Context, value: string, seconds: number) =>
    setCookie(c, name, value, { ...ATTRIBUTES, maxAge: seconds }),
  drop: (c: Context) => deleteCookie(c, name, ATTRIBUTES),
})
