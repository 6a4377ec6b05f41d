/** The checks of a request before its handler: middleware, and the validation of its parts. */
import { zValidator } from '@hono/zod-validator'
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ValidationTargets } from 'hono/types'
import type { ZodType } from 'zod'
import type { AppEnv } from '../context'
import { bearerAuth, optionalBearerAuth } from './bearer-auth'
import { bodyLimit, bufferBody, mediaType, parseJson, requireContentType } from './body/body'
import { FORM_TYPE, parseForm } from './body/form'
import { KIB } from './body/reader'
import { csrf } from './csrf'
import type { InvalidHook, Operation } from './endpoint'
import { invalidRequest } from './errors'
import { admitHash } from './hash-admission'
import type { ProblemCode } from './problem-catalog'
import { rateLimit } from './rate-limit'

interface Checks {
  /** In the order in which they run. */
  middleware: MiddlewareHandler<AppEnv>[]
  /** The problems that they, and every route, can respond with. */
  problems: ProblemCode[]
}

/**
 * The checks of an operation. Called once per operation and isolate, at its first request, and by
 * the build for the API document.
 */
export function checksOf(operation: Operation, onInvalid: InvalidHook = invalidRequest): Checks {
  const { access, limit, stepUp, sameSite, hash, oauth, request = {} } = operation
  const { body, query, params, headers } = request
  const content = body?.content ?? {}
  const mediaTypes = Object.keys(content)
  const isJson = mediaTypes.includes(JSON_TYPE)
  const isForm = mediaTypes.includes(FORM_TYPE)
  const optional = body?.required === false
  const maxKib = operation.maxKib ?? (isForm ? 8 : 64)
  const bodyRules = { mediaTypes, maxBytes: maxKib * KIB, optional }
  const middleware: MiddlewareHandler<AppEnv>[] = []
  const problems: ProblemCode[] = ['internal', 'unavailable', 'misconfigured']
  if (body) {
    middleware.push(bodyLimit(bodyRules), requireContentType(bodyRules))
    problems.push('too-large', 'request-timeout', 'busy')
    if (!oauth) problems.push('unsupported-media-type', 'malformed-request')
  }
  if (limit) {
    middleware.push(rateLimit(limit))
    problems.push('too-many-requests')
  }
  if (access === 'optional-token') {
    middleware.push(optionalBearerAuth)
  } else if (access !== 'anyone') {
    middleware.push(bearerAuth(access, stepUp))
    problems.push('unauthenticated', 'invalid-access-token')
    if (access !== 'any-scope') problems.push('insufficient-scope')
    if (stepUp) problems.push('step-up-required')
  }
  if (sameSite) {
    middleware.push(csrf)
    problems.push('cross-site')
  }
  if (body) middleware.push(bufferBody(bodyRules))
  if (isForm) middleware.push(parseForm)
  if (isJson) middleware.push(parseJson(optional))
  if (hash) {
    middleware.push(admitHash(hash))
    problems.push('busy')
  }
  if (query) middleware.push(validate('query', query, onInvalid))
  if (params) middleware.push(validate('param', params, onInvalid))
  for (const schema of [headers ?? []].flat())
    middleware.push(validate('header', schema, onInvalid))
  if (isForm) middleware.push(validate('form', schemaOf(content[FORM_TYPE]), onInvalid))
  if (isJson) {
    const check = validate('json', schemaOf(content[JSON_TYPE]), onInvalid)
    middleware.push(optional ? unlessAbsent(check) : check)
  }
  if (isJson || (isForm && !oauth) || query || params) problems.push('invalid-request')
  return { middleware, problems }
}

const JSON_TYPE = 'application/json'

/** The schema of a body. Its type also allows a schema of OpenAPI, which validates nothing. */
function schemaOf(media: object = {}): ZodType {
  const schema = 'schema' in media ? media.schema : undefined
  if (!isSchema(schema)) throw new TypeError('A JSON or form body needs a zod schema.')
  return schema
}
const isSchema = (value: unknown): value is ZodType =>
  typeof value === 'object' && value !== null && 'safeParseAsync' in value

/**
 * Validates one part of a request; `c.req.valid()` returns the output. hono writes the names of
 * headers in lower case, and so do the schemas.
 */
const validate = (target: keyof ValidationTargets, schema: ZodType, onInvalid: InvalidHook) =>
  zValidator(target, schema, (result, c: Context<AppEnv>) =>
    result.success ? undefined : (onInvalid(result, c) ?? invalidRequest(result, c)),
  ) as MiddlewareHandler<AppEnv>

/** Validates a JSON body that may be absent. Without a body the input is `{}`. */
const unlessAbsent =
  (check: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> =>
  (c, next) => {
    const type = mediaType(c)
    if (type === JSON_TYPE) return check(c, next)
    // A body of another type is rejected earlier; an empty one with another type is rejected here.
    if (type !== '') throw new HTTPException(415, { message: 'Unsupported Media Type' })
    c.req.addValidatedData('json', {})
    return next()
  }
