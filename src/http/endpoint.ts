/**
 * One operation of the API: its contract and its handler as one value, from which routing, checks,
 * types and documents follow.
 */
import type { RouteConfig, RouteConfigToTypedResponse, RouteHandler, z } from '@hono/zod-openapi'
import type { Context, TypedResponse } from 'hono'
import type { AnyContext, AppEnv, CallerEnv } from '../context'
import type { StepUp } from '../db/session-guard'
import type { HashKind } from '../security/hash-queue'
import type { Access } from './bearer-auth'
import { FORM_TYPE } from './body/form'
import type { EdgeLimit } from './rate-limit'

/** An OpenAPI operation, and what middleware does before its handler runs. */
export type Operation = Omit<RouteConfig, 'middleware' | 'security'> & {
  /** The required access: declared here, enforced and documented from here. */
  access: Access
  /** The edge limit that the request counts against. */
  limit?: EdgeLimit
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
  result: { error: z.core.$ZodError },
  c: Context<AppEnv>,
) => Response | undefined

/**
 * Joins contract and handler. A handler can only answer what `responses` declares, also where one
 * of them has no body. Checks run in this order: 413, 415, 429, 401, 403, 400, 503 of `hash`, 422.
 */
export const endpoint = <const R extends Operation>(
  operation: R,
  handler: (c: ContextOf<R>) => Answer<R> | Promise<Answer<R>>,
  onInvalid?: InvalidHook,
) => ({ route: withSecurity(operation), handler, hook: onInvalid })

/** The operation with its security requirements as OpenAPI states them. */
function withSecurity<R extends Operation>(operation: R): R {
  const { access } = operation
  return access === 'anyone' ? operation : { ...operation, security: securityOf(access) }
}

/** The requirements of a token; an empty one makes the others optional. */
function securityOf(access: Exclude<Access, 'anyone'>) {
  const isScope = access !== 'any-scope' && access !== 'optional-token'
  const scopes = isScope ? [access] : []
  const required = [{ bearer: scopes }, { oauth2: scopes }]
  return access === 'optional-token' ? [{}, ...required] : required
}

/** An endpoint among others, whatever its path and input. */
export interface Endpoint {
  route: Operation
  // biome-ignore lint/suspicious/noExplicitAny: the contexts of two routes do not fit each other
  handler: (c: any) => Response | TypedResponse | Promise<Response | TypedResponse>
  hook: InvalidHook | undefined
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
