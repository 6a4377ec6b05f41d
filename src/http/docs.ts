/** The OpenAPI document, made once per isolate from the schemas that validate. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../context'

/** Headers that answers are described with; every operation gets those that its statuses imply. */
const HEADERS = {
  RequestId: { description: 'Names this request in the logs', format: 'uuid' },
  Location: { description: 'The path of what was made', format: 'uri-reference' },
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
}
const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` })

/** For the `headers` of a response. */
export const etagHeader = { ETag: header('ETag') }
export const cookieHeader = { 'Set-Cookie': header('SetCookie') }

interface Operation {
  parameters?: { name: string }[]
  responses: Record<string, { headers?: object; content?: object }>
}

/** Adds to each answer the headers that its status promises. */
function describeHeaders({ parameters = [], responses }: Operation) {
  const hasVersions = parameters.some(({ name }) => /^if-(?:none-)?match$/i.test(name))
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

const DESCRIPTION = `Accounts and posts for single-page apps. Three doors sign people in: \`/api/users/token\` (a form, as FastAPI tutorials do),
\`/oauth/token\` (RFC 6749) and \`/api/session\` (a cookie for browsers). Errors are \`application/problem+json\` (RFC 9457).`

export function describeApi(app: OpenAPIHono<AppEnv>): string {
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of any door.',
  })
  registry.registerComponent('securitySchemes', 'oauth2', {
    type: 'oauth2',
    description: 'Sign in with e-mail (or username) and password; leave the client fields empty.',
    flows: {
      password: {
        tokenUrl: '/oauth/token',
        refreshUrl: '/oauth/token',
        scopes: {
          'posts:write': 'Write, change and delete posts',
          account: 'Everything of the own account',
          admin: 'Manage people (admins only)',
        },
      },
    },
  })
  for (const [name, { description, ...schema }] of Object.entries(HEADERS)) {
    registry.registerComponent('headers', name, {
      description,
      required: true,
      schema: { type: 'string', ...schema },
    })
  }
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Gatepost',
      version: '1.0.0',
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    security: [], // unless an operation says otherwise
    servers: [{ url: '/', description: 'This service' }],
    tags: [
      { name: 'accounts', description: 'Register, profile, password, e-mail, leaving' },
      { name: 'sessions', description: 'Signing in, refreshing, signing out' },
      { name: 'posts', description: 'Reading and writing' },
      { name: 'admin', description: 'For admins' },
      { name: 'service', description: 'Health and documents' },
    ],
  })
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations)) describeHeaders(operation as Operation)
  }
  return JSON.stringify(document)
}
