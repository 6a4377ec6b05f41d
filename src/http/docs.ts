/** The OpenAPI document, made once per isolate from the schemas that validate. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { version } from '../../package.json'
import type { AppEnv } from '../context'
import { BOOKMARK } from './bookmark'
import { headerName, inOrder, operationNotes } from './docs-operations'
import { describeProblems, problemExamples, problemTypes } from './docs-problems'
import { problems } from './problem'

interface Header {
  description: string
  required?: boolean
  [schema: string]: unknown
}

/** Headers that answers are described with; every operation gets those that its statuses imply. */
const HEADERS = {
  RequestId: { description: 'Names this request in the logs', format: 'uuid' },
  Location: { description: 'The path of what was made', format: 'uri-reference' },
  Redirect: { description: 'Where the browser goes next', format: 'uri-reference' },
  RetryAfter: { description: 'Seconds until another try makes sense', pattern: '^[1-9]\\d*$' },
  WwwAuthenticate: {
    description: 'How to authenticate, and what was wrong with the token (RFC 6750 §3)',
    example: 'Bearer realm="gatepost", error="invalid_token"',
  },
  ETag: { description: 'The version: send it back as If-Match or If-None-Match', example: '"1.1"' },
  SetCookie: {
    description: 'The refresh token, for this host only, out of reach of scripts',
    example: '__Host-gatepost=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
  },
  BrowserCookie: {
    description: 'Identifies this browser when it uses the link, out of reach of scripts',
    example: '__Host-gatepost-link=…; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
  },
  FlowCookie: {
    description: 'The sealed state of a flow at an identity provider, for this browser',
    example: '__Host-gatepost-flow=…; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
    required: false,
  },
  SignInCookie: {
    description: 'The refresh token, if the browser is now signed in; the cookie of the flow goes',
    example: '__Host-gatepost=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
    required: false,
  },
  Bookmark: {
    description:
      'What the client has seen: sent back with its next anonymous read, it never sees less',
    example: '00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683',
    required: false,
  },
}
const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` })

/** For the `headers` of a response. */
export const etagHeader = { ETag: header('ETag') }
export const redirectHeader = { Location: header('Redirect') }
export const identityCookieHeader = { 'Set-Cookie': header('SignInCookie') }
export const flowCookieHeader = { 'Set-Cookie': header('FlowCookie') }
export const cookieHeader = { 'Set-Cookie': header('SetCookie') }
export const browserCookieHeader = { 'Set-Cookie': header('BrowserCookie') }

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
export function describeApi(app: OpenAPIHono<AppEnv>, origin: string): string {
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

type Registry = OpenAPIHono<AppEnv>['openAPIRegistry']

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
