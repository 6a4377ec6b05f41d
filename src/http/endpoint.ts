/**
 * One operation of the API: its contract and its handler as one value, from which routing, checks,
 * types and documents follow.
 */
import type { RouteConfig, RouteConfigToTypedResponse, RouteHandler, z } from '@hono/zod-openapi'
import { createRoute } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler, TypedResponse } from 'hono'
import type { AnyContext, AppEnv, CallerEnv } from '../context'
import type { StepUp } from '../db/session-guard'
import type { HashKind } from '../security/hash-queue'
import { type Access, bearerAuth, optionalBearerAuth } from './bearer-auth'
import { bodyLimit, bufferBody, parseJson, requireContentType } from './body'
import { KIB } from './body-reader'
import { csrf } from './csrf'
import { FORM_TYPE, parseForm } from './form'
import { admitHash } from './hash-admission'
import { type ProblemCode, problems } from './problem'
import { type Limit, rateLimit } from './rate-limit'

/** An OpenAPI operation, and what middleware does before its handler runs. */
export type Operation = Omit<RouteConfig, 'middleware' | 'security'> & {
  /** The required access: declared here, enforced and documented from here. */
  access: Access
  /** The edge limit that the request counts against. */
  limit?: Limit
  /** How recent and how strong the authentication of the session must be (RFC 9470). */
  stepUp?: StepUp
  /** For what a browser's cookie can do: only from this origin and the listed ones. */
  sameSite?: true
  /** The handler computes Argon2id: requests of this kind need admission, or get a 503. */
  hash?: HashKind
  /** Its errors have the form of RFC 6749 where that RFC names them. */
  oauth?: true
  /** Maximum size of the body in KiB. Default: 64, or 8 for a form. */
  maxKib?: number
}

type EnvOf<R extends Operation> = R['access'] extends 'anyone' | 'optional-token'
  ? AppEnv
  : CallerEnv
type ContextOf<R extends Operation> = Parameters<RouteHandler<R, EnvOf<R>>>[0]
type Answer<R extends Operation> = RouteConfigToTypedResponse<R>

/** Answers to an input that breaks the schema; the default is a 422 problem. */
export type InvalidHook = (
  result: { success: boolean; error?: z.core.$ZodError },
  c: Context<AppEnv>,
  // biome-ignore lint/suspicious/noConfusingVoidType: hono's own type of a hook
) => Response | undefined | void

/**
 * Joins contract and handler. A handler can only answer what `responses` declares, also where one
 * of them has no body. Checks run in this order: 413, 415, 429, 401, 403, 400, 503 of `hash`, 422.
 */
export const endpoint = <const R extends Operation>(
  operation: R,
  handler: (c: ContextOf<R>) => Answer<R> | Promise<Answer<R>>,
  onInvalid?: InvalidHook,
) => ({ route: compile(operation), handler, hook: onInvalid })

function compile<R extends Operation>(operation: R): R {
  const { access, limit, stepUp, sameSite, hash, oauth, maxKib: limitKib, ...route } = operation
  const body = operation.request?.body
  const mediaTypes = Object.keys(body?.content ?? {})
  const isJson = mediaTypes.includes('application/json')
  const isForm = mediaTypes.includes(FORM_TYPE)
  const optional = body?.required === false
  const maxKib = limitKib ?? (isForm ? 8 : 64)
  const bodyRules = { mediaTypes, maxBytes: maxKib * KIB, optional }
  const middleware: MiddlewareHandler<AppEnv>[] = []
  const automatic: ProblemCode[] = ['internal', 'unavailable', 'misconfigured']
  if (body) {
    middleware.push(bodyLimit(bodyRules), requireContentType(bodyRules))
    automatic.push('too-large', 'request-timeout', 'busy')
    if (!oauth) automatic.push('unsupported-media-type', 'malformed-request')
  }
  if (limit) {
    middleware.push(rateLimit(limit))
    automatic.push('too-many-requests')
  }
  if (access === 'optional-token') {
    middleware.push(optionalBearerAuth)
  } else if (access !== 'anyone') {
    middleware.push(bearerAuth(access, stepUp))
    automatic.push('unauthenticated', 'invalid-access-token')
    if (access !== 'live-token') automatic.push('insufficient-scope')
    if (stepUp) automatic.push('step-up-required')
  }
  if (sameSite) {
    middleware.push(csrf)
    automatic.push('cross-site')
  }
  if (body) middleware.push(bufferBody(bodyRules))
  if (isForm) middleware.push(parseForm)
  if (isJson) middleware.push(parseJson(optional))
  if (hash) {
    middleware.push(admitHash(hash))
    automatic.push('busy')
  }
  const { query, params } = operation.request ?? {}
  if (isJson || (isForm && !oauth) || query || params) automatic.push('invalid-request')
  return createRoute({
    ...route,
    path: operation.path,
    middleware,
    ...(access !== 'anyone' && { security: securityOf(access) }),
    responses: merge(problems(...automatic), operation.responses),
  } as RouteConfig) as unknown as R
}

/** The security requirements of OpenAPI; an empty one makes the others optional. */
function securityOf(access: Exclude<Access, 'anyone'>) {
  const isScope = access !== 'live-token' && access !== 'optional-token'
  const scopes = isScope ? [access] : []
  const required = [{ bearer: scopes }, { oauth2: scopes }]
  return access === 'optional-token' ? [{}, ...required] : required
}

/**
 * Adds the responses of middleware to those that the handler declares. If both use a status, its
 * description names both, each problem once.
 */
function merge(
  automatic: Record<number, { description: string }>,
  declared: RouteConfig['responses'],
) {
  const merged = { ...automatic, ...declared } as Record<string, { description: string }>
  for (const [status, response] of Object.entries(declared)) {
    const also = automatic[Number(status)]?.description
    if (also && 'description' in response) {
      const lines = [response.description, also].flatMap((text) => text.split('; '))
      merged[status] = { ...response, description: [...new Set(lines)].join('; ') }
    }
  }
  return merged
}

/** A JSON answer with its description. */
export const json = <S>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
/** A JSON body of a request. */
export const jsonBody = <S>(schema: S) =>
  ({ required: true, content: { 'application/json': { schema } } }) as const
/** A form body of a request (RFC 6749 appendix B). */
export const formBody = <S>(schema: S) =>
  ({ required: true, content: { [FORM_TYPE]: { schema } } }) as const
/** An answer without a body. */
export const nothing = (description: string) => ({ description })

/** 204. The cast gives it the type that the routes declare. */
export const noContent = (c: AnyContext) =>
  // biome-ignore lint/complexity/noBannedTypes: hono's own type of an empty answer
  c.body(null, 204) as unknown as TypedResponse<{}, 204, string>

/** 303 to a page. The cast gives it the type that the routes declare. */
export const seeOther = (c: AnyContext, location: string) =>
  // biome-ignore lint/complexity/noBannedTypes: hono's own type of an empty answer
  c.body(null, 303, { Location: location }) as unknown as Response & TypedResponse<{}, 303, string>
