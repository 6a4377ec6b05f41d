/** Error responses: `application/problem+json` (RFC 9457). */
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { AnyContext } from '../context'
import { type CatalogEntry, type ProblemCode, problemCatalog } from './problem-catalog'

/** The last part of the `type` of a problem. */
export function typeOf(code: ProblemCode): string {
  const entry: CatalogEntry = problemCatalog[code]
  return entry.type ?? code
}

type StatusOf<C extends ProblemCode> = (typeof problemCatalog)[C]['status']

export const FieldError = z
  .object({
    pointer: z.string().meta({
      description: 'JSON Pointer to the member (RFC 6901), as a URI fragment',
      example: '#/password',
    }),
    detail: z.string().meta({ example: 'must have at least 8 characters' }),
  })
  .openapi('FieldError')
export type FieldError = z.infer<typeof FieldError>

export const Problem = z
  .object({
    type: z.string().meta({
      description: 'Identifies the type of problem; stable',
      example: '/problems/invalid-request',
    }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'A sentence for a person' }),
    request_id: z.string(),
    errors: z
      .array(FieldError)
      .optional()
      .meta({ description: 'For a 422: each invalid field and the rule it breaks' }),
    pending_token: z.string().optional().meta({
      description: 'Of `second-factor-required`: the token of the second step',
    }),
    methods: z
      .array(z.enum(['totp', 'passkey', 'recovery']))
      .optional()
      .meta({ description: 'Of `second-factor-required`: how the user can continue' }),
    expires_in: z.int().optional().meta({
      description: 'Of `second-factor-required`: the lifetime of the token in seconds',
    }),
  })
  .openapi('Problem')
export type Problem = z.infer<typeof Problem>

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemDetails {
  detail?: string | undefined
  errors?: FieldError[]
  headers?: Record<string, string>
  /** Members that only some problems have. */
  members?: Pick<Problem, 'pending_token' | 'methods' | 'expires_in'>
  /** Seconds until a retry can succeed (`Retry-After`). */
  retryAfter?: number
}

/** The details of a 422 for one member. `rule` is a phrase that follows its name: `must have …`. */
export const fieldProblem = (member: string, rule: string): ProblemDetails => ({
  detail: `${member} ${rule}.`,
  errors: [{ pointer: `#/${member}`, detail: rule }],
})

/**
 * A problem response. It does not compile on a route that does not declare `code` with
 * `problems()`.
 */
export function problem<C extends ProblemCode>(
  c: AnyContext,
  code: C,
  { detail, errors, headers, members, retryAfter }: ProblemDetails = {},
): Response & TypedResponse<Problem, StatusOf<C>, 'json'> {
  const { status, title, detail: usual } = problemCatalog[code]
  noteProblem(c, code)
  const body: Problem = {
    type: `/problems/${typeOf(code)}`,
    title,
    status,
    detail: detail ?? usual,
    request_id: c.var.requestId,
    ...(errors && { errors }),
    ...members,
  }
  return c.body(JSON.stringify(body), status, {
    'Content-Type': PROBLEM_TYPE,
    'Cache-Control': 'no-store',
    ...(retryAfter !== undefined && { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }),
    ...headers,
  }) as never
}

/** Notes the code of a failure for the log of the request. */
export function noteProblem(c: AnyContext, code: string): void {
  const outcome = c.get('outcome')
  if (outcome) outcome.problem = code
}

/** The `responses` entries for the problems of a route. */
export function problems<const C extends ProblemCode>(...codes: C[]) {
  const byStatus: Record<number, { description: string; content: object }> = {}
  for (const code of new Set(codes)) {
    const { status, title } = problemCatalog[code]
    const line = `\`${typeOf(code)}\`: ${title}`
    const before = byStatus[status]
    byStatus[status] = {
      description: before ? `${before.description}; ${line}` : line,
      content: { [PROBLEM_TYPE]: { schema: Problem } },
    }
  }
  return byStatus as unknown as {
    [S in StatusOf<C>]: {
      description: string
      content: { 'application/problem+json': { schema: typeof Problem } }
    }
  }
}
