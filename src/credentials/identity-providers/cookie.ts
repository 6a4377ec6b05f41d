/**
 * The cookie of a flow at an identity provider: the sealed flow, then the secret that binds the
 * registration of a new user to the same browser. `Lax`: the response of a provider is a navigation
 * from another site.
 */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppContext, CallerContext } from '../../context'

const COOKIE = '__Host-gatepost-flow'
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

export const setFlowCookie = (c: AppContext | CallerContext, value: string, seconds: number) =>
  setCookie(c as AppContext, COOKIE, value, { ...ATTRIBUTES, maxAge: seconds })

export const readFlowCookie = (c: AppContext): string => getCookie(c, COOKIE) ?? ''

export const dropFlowCookie = (c: AppContext) => deleteCookie(c, COOKIE, ATTRIBUTES)
