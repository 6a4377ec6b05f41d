/** The problems in the API document: one example each, and the entries of their pages. */

import { PROBLEM_TYPE, type Problem, typeOf } from '../problem'
import { type ProblemCode, problemCatalog } from '../problem-catalog'
import { problemAdvice } from './advice'

const CODES = Object.keys(problemCatalog) as ProblemCode[]

/** Members that only some problems have. */
const MEMBERS: { [C in ProblemCode]?: Partial<Problem> } = {
  'invalid-request': {
    detail: 'password must have at least 8 characters.',
    errors: [{ pointer: '#/password', detail: 'must have at least 8 characters' }],
  },
  'second-factor-required': {
    pending_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6InBlbmRpbmcrand0In0…',
    methods: ['totp', 'recovery'],
    expires_in: 300,
  },
}

/** The entries of `components.examples`: each problem as the service answers it. */
export const problemExamples = () =>
  Object.fromEntries(
    CODES.map((code) => {
      const { status, title, detail } = problemCatalog[code]
      const type = `/problems/${typeOf(code)}`
      const request_id = '591a8943-2f0c-4d52-9c39-0c1f3f1f7a10'
      const value = { type, title, status, detail, request_id, ...MEMBERS[code] }
      return [code, { summary: title, value }]
    }),
  )

/** `x-problems` of the document: a page for each type is drawn from it. */
export const problemTypes = () =>
  Object.fromEntries(
    CODES.filter((code) => typeOf(code) === code).map((code) => [
      code,
      { ...problemCatalog[code], ...problemAdvice[code] },
    ]),
  )

interface ProblemResponse {
  description?: string
  content?: Record<string, object>
}

/** The problems that a response declares: `problems()` names them in its description. */
function declaredBy(status: string, description: string): ProblemCode[] {
  const types = [...description.matchAll(/`([a-z-]+)`: /g)].map(([, type]) => type)
  return CODES.filter(
    (code) => types.includes(typeOf(code)) && String(problemCatalog[code].status) === status,
  )
}

/** Gives each response one example per problem that it declares. */
export function describeProblems(responses: Record<string, ProblemResponse>) {
  for (const [status, { description = '', content }] of Object.entries(responses)) {
    const media = content?.[PROBLEM_TYPE]
    if (!content || !media) continue
    const examples = Object.fromEntries(
      declaredBy(status, description).map((code) => [
        typeOf(code),
        { $ref: `#/components/examples/${code}` },
      ]),
    )
    content[PROBLEM_TYPE] = { ...media, examples }
  }
}
