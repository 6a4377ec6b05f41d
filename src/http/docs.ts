/** The OpenAPI document, made once per isolate from the schemas that validate. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../context'

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
  return JSON.stringify(document)
}
