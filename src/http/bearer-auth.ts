/** Bearer authentication (RFC 6750): verifies the access token and sets the caller, without D1. */
import type { Context, MiddlewareHandler } from 'hono'
import type { Caller, Scope } from '../actor'
import type { AppEnv, CallerEnv } from '../context'
import type { StepUp } from '../db/session-guard'
import { readAccessToken } from '../security/access-token'
import { callerActor } from './actor'
import { problem } from './problem'

const REALM = 'Bearer realm="gatepost"'

/** The access that a route requires: none, any valid token, or a token with a scope. */
export type Access = 'anyone' | 'live-token' | Scope

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

/**
 * Requires a valid access token with this scope. Whether the session is still active is checked in
 * the
 * handler's own D1 batch.
 */
export function bearerAuth(access: Exclude<Access, 'anyone'>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const header = c.req.header('Authorization')
    const credentials = header && /^bearer(?: +(.*))?$/is.exec(header)
    if (!credentials) return notAuthenticated(c)
    const caller = await readCaller(c, (credentials[1] ?? '').trim())
    if (!caller) return invalidAccessToken(c)
    if (access !== 'live-token' && !caller.scope.includes(access))
      return insufficientScope(c, access)
    c.set('caller', caller)
    // After this middleware the context is that of `CallerEnv`.
    ;(c as unknown as Context<CallerEnv>).set('actor', callerActor(c, caller))
    return next()
  }
}

async function readCaller(c: Context<AppEnv>, token: string): Promise<Caller | null> {
  const { settings, keys, now } = c.var
  const claims = await readAccessToken(keys, token, {
    issuer: settings.appOrigin,
    now,
    lifetimeSeconds: settings.accessTokenSeconds,
  })
  if (!claims) return null
  const { userId, sessionId, clientId, scope } = claims
  return { userId, sessionId, clientId, scope }
}
