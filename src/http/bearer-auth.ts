/** Bearer authentication (RFC 6750): verifies the access token and sets the caller, without D1. */
import type { Context, MiddlewareHandler } from 'hono'
import type { Caller, Scope } from '../actor'
import type { AppEnv, CallerEnv } from '../context'
import type { StepUp } from '../db/session-guard'
import { readAccessToken } from '../security/access-token'
import { callerActor } from './actor'
import { problem } from './problem'

const REALM = 'Bearer realm="gatepost"'

/**
 * The access that a route requires: none, an access token with any scope, or one that grants this
 * scope. With `optional-token`, a request without a valid token is anonymous.
 */
export type Access = 'anyone' | 'optional-token' | 'any-scope' | Scope

/** 401 for a request without a token: a bare challenge, no error code (RFC 6750 §3.1). */
const notAuthenticated = (c: Context<AppEnv>) =>
  problem(c, 'unauthenticated', { headers: { 'WWW-Authenticate': REALM } })

/** 401 for an invalid, expired or revoked token. */
export const invalidAccessToken = (c: Context<AppEnv>) =>
  problem(c, 'invalid-access-token', {
    headers: { 'WWW-Authenticate': `${REALM}, error="invalid_token"` },
  })

/** 403 for a valid token without the scope, or whose user lacks the role. */
export const insufficientScope = (c: Context<AppEnv>, scope: Scope) =>
  problem(c, 'insufficient-scope', {
    detail: `This needs an access token with the scope ${scope}.`,
    headers: { 'WWW-Authenticate': `${REALM}, error="insufficient_scope", scope="${scope}"` },
  })

/** 401 for a session whose authentication is too old or too weak (RFC 9470 §3). */
export const stepUpRequired = (c: Context<AppEnv>, { fresh, acr }: StepUp) => {
  const levels = acr && `, acr_values="${acr === 'enrolled' || acr === 'mfa' ? 'mfa phr' : acr}"`
  const age = fresh !== undefined && `, max_age="${fresh}"`
  const challenge = `${REALM}, error="insufficient_user_authentication"${levels || ''}${age || ''}`
  return problem(c, 'step-up-required', { headers: { 'WWW-Authenticate': challenge } })
}

/** Headers of the 401 for a wrong proof: the token is valid, the authentication is not. */
export const NOT_CONFIRMED = {
  headers: { 'WWW-Authenticate': `${REALM}, error="insufficient_user_authentication"` },
}

/** The token of an `Authorization` header with the scheme Bearer; null for any other header. */
function bearerToken(c: Context<AppEnv>): string | null {
  const credentials = /^bearer(?: +(.*))?$/is.exec(c.req.header('Authorization') ?? '')
  return credentials && (credentials[1] ?? '').trim()
}

/**
 * Requires a valid access token with the scope. The guard of the handler's own D1 batch checks that
 * the session is active and meets `stepUp`.
 */
export function bearerAuth(
  access: Exclude<Access, 'anyone' | 'optional-token'>,
  stepUp?: StepUp,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const token = bearerToken(c)
    if (token === null) return notAuthenticated(c)
    const caller = await readCaller(c, token)
    if (!caller) return invalidAccessToken(c)
    if (access !== 'any-scope' && !caller.scope.includes(access))
      return insufficientScope(c, access)
    c.set('caller', caller)
    // After this middleware the context is that of `CallerEnv`.
    ;(c as unknown as Context<CallerEnv>).set('actor', callerActor(c, caller, stepUp))
    return next()
  }
}

/**
 * Sets the caller of a valid access token. Whether its session is active is a condition of the
 * handler's own query. Any other request is anonymous: no token makes a public answer unavailable.
 */
export const optionalBearerAuth: MiddlewareHandler<AppEnv> = async (c, next) => {
  const token = bearerToken(c)
  const caller = token === null ? null : await readCaller(c, token)
  if (caller) c.set('caller', caller)
  return next()
}

async function readCaller(c: Context<AppEnv>, token: string): Promise<Caller | null> {
  // Not `c.var`: each access copies all variables.
  const settings = c.get('settings')
  const claims = await readAccessToken(c.get('keys'), token, {
    issuer: settings.appOrigin,
    now: c.get('now'),
    lifetimeSeconds: settings.accessTokenSeconds,
  })
  if (!claims) return null
  const { userId, sessionId, clientId, scope } = claims
  return { userId, sessionId, clientId, scope }
}
