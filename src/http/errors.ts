/** Responses outside handlers: thrown errors, unknown paths, wrong methods, invalid input. */
import type { z } from '@hono/zod-openapi'
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from '../context'
import { causes } from '../db/causes'
import { RoleMissing, SessionEnded, StepUpRequired } from '../db/session-guard'
import { logLine } from '../security/log-line'
import { ConfigurationError } from '../settings'
import { insufficientScope, invalidAccessToken, stepUpRequired } from './bearer-auth'
import { oauthError } from './oauth-error'
import { type FieldError, problem } from './problem'

/** Maximum number of field errors per response. */
const MAX_ERRORS = 20

/** Responds 422 with each field and the rule it breaks. */
export function invalidRequest({ error }: { error: z.core.$ZodError }, c: Context<AppEnv>) {
  // Without a limit, a body of unknown members would get a response ten times its size.
  const errors = error.issues.flatMap(fieldErrors).slice(0, MAX_ERRORS)
  return problem(c, 'invalid-request', { detail: errors.map(sentence).join(' '), errors })
}

/** The branch of a union that the input was meant for: it has no other members, and lacks none. */
function intendedBranch({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const isOtherShape = (issue: z.core.$ZodIssue) =>
    issue.code === 'unrecognized_keys' ||
    (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
  return errors.find(
    (branch) => !branch.some((issue) => issue.path.length <= 1 && isOtherShape(issue)),
  )
}

/** One entry per field. An unknown member is named itself, not the object that contains it. */
export function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key]),
      detail: 'is not a known member',
    }))
  }
  if (issue.code === 'invalid_union') {
    const branch = intendedBranch(issue)?.map((inner) => ({
      ...inner,
      path: [...issue.path, ...inner.path],
    }))
    if (branch) return branch.flatMap(fieldErrors)
  }
  return [{ pointer: pointer(issue.path), detail: ruleOf(issue) }]
}

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a JSON object',
  array: 'a list',
}

/** The rule as a phrase that follows the field's name, unlike Zod's messages. */
function ruleOf({ code, message, ...issue }: z.core.$ZodIssue): string {
  if (code !== 'invalid_type' || !message.startsWith('Invalid input')) return message
  if (message.endsWith('received undefined')) return 'is missing'
  const { expected } = issue as z.core.$ZodIssueInvalidType
  return `must be ${KINDS[expected] ?? expected}`
}

const pointer = (path: readonly PropertyKey[]) =>
  `#${path.map((p) => `/${encodeURIComponent(String(p).slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`

function sentence({ pointer, detail }: FieldError) {
  const name = decodeURIComponent(pointer.slice(2)).replaceAll('~1', '/').replaceAll('~0', '~')
  return `${pointer === '#' ? 'The body' : name || 'The member ""'} ${detail}.`
}

/** Turns every thrown error into a response that reveals nothing internal. */
export const onError: ErrorHandler<AppEnv> = (error, c) => {
  if (error instanceof SessionEnded) return invalidAccessToken(c)
  if (error instanceof RoleMissing) return insufficientScope(c, 'admin')
  if (error instanceof StepUpRequired) return stepUpRequired(c, error.required)
  if (error instanceof ConfigurationError) return misconfigured(c, error)
  if (error instanceof HTTPException && error.status < 500) {
    const detail = error.message || undefined
    // RFC 6749 §5.2 has a code for a body of the wrong type or a malformed one.
    if (c.req.path.startsWith('/oauth/'))
      return oauthError(c, 'invalid_request', detail ?? 'The body cannot be read.')
    return problem(c, error.status === 415 ? 'unsupported-media-type' : 'malformed-request', {
      detail,
    })
  }
  // drizzle's message contains the query's parameters, which may be personal; only the cause is
  // logged.
  const cause = rootCause(error)
  console.error(
    logLine({
      event: 'error',
      request_id: c.var.requestId,
      route: c.req.routePath,
      error: cause,
    }),
  )
  const missing = missingInDatabase(cause)
  if (missing) {
    const detail = `The database lacks a migration (no such ${missing}): run npm run deploy, or wrangler d1 migrations apply.`
    return problem(c, 'unavailable', { detail, retryAfter: 60 })
  }
  return isStorageError(cause)
    ? problem(c, 'unavailable', { retryAfter: 5 })
    : problem(c, 'internal')
}

/** 503 that names the setting which a route needs. Other routes go on. */
function misconfigured(c: Context<AppEnv>, { message }: ConfigurationError) {
  console.error(logLine({ event: 'misconfigured', error: message }))
  return problem(c, 'misconfigured', { detail: message, retryAfter: 60 })
}

/** The innermost cause of an error, without the query parameters that drizzle appends. */
function rootCause(error: Error): string {
  const { name, message } = causes(error).at(-1) ?? error
  return `${name}: ${message.split('\nparams:')[0]}`
}

/** The object that SQLite did not find: `table: posts`. */
const missingInDatabase = (cause: string) =>
  /^(?:table|column): [\w.]+/.exec(cause.split('no such ', 2)[1] ?? '')?.[0]

/** D1 names itself in its errors; R2 ends its messages with a code of five digits. */
const isStorageError = (cause: string) =>
  /D1_|SQLITE|database|Network connection lost|\(10\d{3}\)$/i.test(cause)

/** The methods of every path, once all routes are registered. */
export function methodTable(routes: readonly { method: string; path: string }[]) {
  const methods = new Map<string, Set<string>>()
  for (const { method, path } of routes) {
    if (method === 'ALL' || path.includes('*')) continue
    const allowed = methods.get(path) ?? new Set()
    allowed.add(method)
    if (method === 'GET') allowed.add('HEAD')
    methods.set(path, allowed)
  }
  const patterns = [...methods].map(([path, allowed]) => ({
    regexp: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
    allowed,
  }))
  return {
    /**
     * The methods of a path, or null. A literal path (`/users/me`) wins over a pattern
     * (`/users/:id`).
     */
    at: (path: string) =>
      methods.get(path) ?? patterns.find((p) => p.regexp.test(path))?.allowed ?? null,
  }
}
export type MethodTable = ReturnType<typeof methodTable>

/**
 * Responds 404, or 405 with `Allow`, before every other check; hono's own middleware runs after the
 * handlers. Responds to `OPTIONS` that is no preflight with the methods of the path.
 */
export const methodNotAllowed =
  (table: () => MethodTable): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const allowed = table().at(c.req.path)
    if (!allowed) return problem(c, 'not-found')
    if (allowed.has(c.req.method)) return next()
    const headers = { Allow: [...allowed].sort().join(', ') }
    if (c.req.method === 'OPTIONS') return c.body(null, 204, headers)
    return problem(c, 'method-not-allowed', { headers })
  }
