/** Requests of the session tests: the sign-in endpoints, and checks of their responses. */
import { expect } from 'vitest'
import { type Call, call } from './client'
import { PASSWORD } from './users'

export interface TokenAnswer {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  scope: string
}

/** Sends a form to `/oauth/token`. */
export const oauthToken = (form: Record<string, string>, more: Call = {}, ask = call) =>
  ask('POST', '/oauth/token', { form, ...more })

/** Refreshes at `/oauth/token`. */
export const refresh = (refresh_token: string, more: Record<string, string> = {}, ask = call) =>
  oauthToken({ grant_type: 'refresh_token', refresh_token, ...more }, {}, ask)

/** Tokens of a sign-in at `/oauth/token`. */
export async function oauthSignIn(
  username: string,
  more: Record<string, string> = {},
  ask = call,
): Promise<TokenAnswer> {
  const form = { grant_type: 'password', username, password: PASSWORD, ...more }
  return tokens(await oauthToken(form, {}, ask))
}

/** The tokens of a 200. */
export async function tokens(response: Response): Promise<TokenAnswer> {
  expect(response.status, await response.clone().text()).toBe(200)
  return response.json<TokenAnswer>()
}

/** Signs in as a browser: the `Cookie` to send from now on, and the body. */
export async function browserSignIn(login: string, cookie?: string, ask = call) {
  const response = await ask('POST', '/api/session', {
    json: { login, password: PASSWORD },
    cookie,
  })
  expect(response.status, await response.clone().text()).toBe(200)
  const body = await response.json<{ access_token: string; user: { id: number } }>()
  return { cookie: cookieOf(response), token: body.access_token, body, response }
}

/** `name=value` of the one cookie that an answer sets. */
export function cookieOf(response: Response): string {
  const cookies = response.headers.getSetCookie()
  expect(cookies).toHaveLength(1)
  return cookies[0]?.split(';', 1)[0] ?? ''
}

export const me = (token: string, ask = call) => ask('GET', '/api/users/me', { token })

/**
 * Asserts that a session has ended: neither its access token nor its refresh token works, also when
 * repeated.
 */
export async function expectDead(session: { token?: string; refreshToken?: string }) {
  if (session.token !== undefined) {
    const answer = await me(session.token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
  }
  if (session.refreshToken !== undefined) {
    for (let round = 0; round < 2; round++)
      await expectOAuthError(await refresh(session.refreshToken), 'invalid_grant')
  }
}

export async function expectOAuthError(response: Response, error: string, status = 400) {
  const body = await response.json<{ error: string; error_description: string }>()
  expect([response.status, body.error], JSON.stringify(body)).toEqual([status, error])
  return body
}

export async function expectProblem(response: Response, status: number, code: string) {
  const body = await response.json<{
    type: string
    detail: string
    errors?: { pointer: string }[]
  }>()
  expect([response.status, body.type], JSON.stringify(body)).toEqual([status, `/problems/${code}`])
  return body
}

/** The claims of an access token, unverified. */
export const claimsOf = (
  accessToken: string,
): { sid: string; client_id: string; amr: string[]; acr: string; auth_time: number } =>
  JSON.parse(atob(accessToken.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/')))

export const sessionIdOf = (accessToken: string) => claimsOf(accessToken).sid
