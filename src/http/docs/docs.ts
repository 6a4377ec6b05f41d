/**
 * The OpenAPI document, made from the endpoints and the schemas that validate. The build runs this,
 * the Worker does not: it serves the result (see document.ts).
 */
import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { version } from '../../../package.json'
import { BOOKMARK } from '../bookmark'
import { checksOf } from '../checks'
import type { Endpoint } from '../endpoint'
import { problems } from '../problem'
import { etagHeader, HEADERS, type Header, header } from './headers'
import { headerName, inOrder, operationNotes } from './operations'
import { describeProblems, problemExamples, problemTypes } from './problems'

interface Operation {
  operationId: string
  description?: string
  tags: string[]
  security?: object[]
  parameters?: { name: string; in: string }[]
  responses: Record<
    string,
    { description?: string; headers?: object; content?: Record<string, object> }
  >
}

/** The note, and the names of headers as RFC 9110 writes them. */
function describeRequest(operation: Operation) {
  const note = operationNotes[operation.operationId]
  if (note) operation.description ??= note
  if (!operation.parameters) return
  operation.parameters = operation.parameters.map((parameter) =>
    parameter.in === 'header' ? { ...parameter, name: headerName(parameter.name) } : parameter,
  )
}

/** Adds to each answer the headers that its status promises. */
function describeHeaders({ parameters = [], responses }: Operation) {
  const hasVersions = parameters.some(({ name }) => /^If-(?:None-)?Match$/.test(name))
  for (const [status, response] of Object.entries(responses)) {
    response.headers = {
      'X-Request-Id': header('RequestId'),
      ...(status === '201' && { Location: header('Location') }),
      ...(status === '401' && { 'WWW-Authenticate': header('WwwAuthenticate') }),
      ...((status === '429' || status === '503') && { 'Retry-After': header('RetryAfter') }),
      ...(hasVersions && ['200', '304', '412'].includes(status) && etagHeader),
      ...response.headers,
    }
  }
}

/** Whether the operation answers requests without a token. */
const isForAnyone = ({ security }: Operation) =>
  !security || security.some((requirement) => Object.keys(requirement).length === 0)

/** Adds the bookmark (see bookmark.ts) to anonymous reads of D1, and to answers for a caller. */
function describeBookmark(method: string, operation: Operation) {
  const readsForAnyone =
    method === 'get' &&
    isForAnyone(operation) &&
    operation.responses['200']?.content?.['application/json'] &&
    ['posts', 'accounts'].includes(operation.tags[0] as string)
  if (readsForAnyone) {
    const { description, example, required } = HEADERS.Bookmark
    const schema = { type: 'string', example }
    const parameter = { name: BOOKMARK, in: 'header', description, required, schema }
    operation.parameters = [...(operation.parameters ?? []), parameter]
  }
  if (!readsForAnyone && !operation.security) return
  for (const [status, response] of Object.entries(operation.responses)) {
    if (Number(status) < 400)
      response.headers = { ...response.headers, [BOOKMARK]: header('Bookmark') }
  }
}

const DESCRIPTION = `Accounts and posts for single-page apps. Three endpoints sign users in:
\`/api/users/token\` (a form, as in the FastAPI tutorials), \`/oauth/token\` (RFC 6749) and
\`/api/session\` (a cookie for browsers). Errors are \`application/problem+json\` (RFC 9457).`

/** The OpenAPI 3.1 document as JSON. `origin` is APP_ORIGIN, so that imported collections work. */
export function describeApi(endpoints: readonly Endpoint[], origin: string): string {
  const app = new OpenAPIHono()
  for (const endpoint of endpoints) app.openAPIRegistry.registerPath(documentedRoute(endpoint))
  const { openAPIRegistry: registry } = app
  registerSecurity(registry)
  registerHeaders(registry)
  for (const [code, example] of Object.entries(problemExamples()))
    registry.registerComponent('examples', code, example)
  registerDocument(registry)
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Gatepost',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    security: [], // unless an operation declares it
    servers: [{ url: origin, description: 'This service' }],
    tags: [
      { name: 'accounts', description: 'Registration, profile, password, email, deletion' },
      { name: 'sessions', description: 'Sign-in, refresh, sign-out' },
      { name: 'posts', description: 'Reading and writing' },
      { name: 'factors', description: 'Passkeys, authenticator apps, recovery codes' },
      { name: 'admin', description: 'For admins' },
      { name: 'service', description: 'Health and documents' },
    ],
    // The page of a problem type is drawn from this.
    'x-problems': problemTypes(),
  })
  for (const operations of Object.values(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      describeRequest(operation as Operation)
      describeHeaders(operation as Operation)
      describeBookmark(method, operation as Operation)
      describeProblems((operation as Operation).responses)
    }
  }
  return JSON.stringify({ ...document, paths: inOrder(document.paths ?? {}) })
}

/** The operation with the responses of its checks, and without what is only for the Worker. */
function documentedRoute({ route, hook }: Endpoint): RouteConfig {
  const { access, limit, stepUp, sameSite, hash, oauth, maxKib, ...documented } = route
  const { problems: automatic } = checksOf(route, hook)
  return createRoute({
    ...documented,
    responses: merge(problems(...automatic), route.responses),
  })
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

type Registry = OpenAPIHono['openAPIRegistry']

function registerSecurity(registry: Registry) {
  // First, since Swagger UI's Authorize shows the schemes in this order.
  registry.registerComponent('securitySchemes', 'oauth2', {
    type: 'oauth2',
    description:
      'Sign in with email (or username) and password. Clients are public: no id, no secret.',
    flows: {
      password: {
        tokenUrl: '/oauth/token',
        refreshUrl: '/oauth/token',
        scopes: {
          'posts:write': 'Write, change and delete posts',
          account: 'Manage the own account',
          admin: 'Manage all accounts (admins only)',
        },
      },
    },
  })
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of any sign-in endpoint.',
  })
}

function registerHeaders(registry: Registry) {
  for (const [name, header] of Object.entries<Header>(HEADERS)) {
    const { description, required = true, ...schema } = header
    registry.registerComponent('headers', name, {
      description,
      required,
      schema: { type: 'string', ...schema },
    })
  }
}

function registerDocument(registry: Registry) {
  registry.registerPath({
    method: 'get',
    path: '/openapi.json',
    operationId: 'describeApi',
    summary: 'This document: OpenAPI 3.1',
    tags: ['service'],
    responses: {
      200: {
        description: 'The document',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
      ...problems('internal', 'unavailable', 'misconfigured'),
    },
  })
}
