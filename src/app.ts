/**
 * The whole service on one page: what surrounds a request, the features, the documents, the errors.
 */
import { OpenAPIHono } from '@hono/zod-openapi'
import { accountRoutes } from './accounts/routes'
import { adminRoutes } from './admin/routes'
import type { AppEnv } from './context'
import { healthRoutes } from './health/routes'
import { corsHeaders } from './http/cors'
import { describeApi } from './http/docs'
import {
  invalidRequest,
  type MethodTable,
  methodNotAllowed,
  methodTable,
  onError,
} from './http/errors'
import { loadSettings, requestContext, securityHeaders } from './http/request-context'
import { postRoutes } from './posts/routes'
import { sessionRoutes } from './sessions/routes'

const base = new OpenAPIHono<AppEnv>({ defaultHook: invalidRequest })

let methods: MethodTable | undefined
base.use(securityHeaders, requestContext, loadSettings, corsHeaders)
base.use(methodNotAllowed(() => (methods ??= methodTable(base.routes))))

export const app = base.openapiRoutes([
  ...accountRoutes,
  ...sessionRoutes,
  ...postRoutes,
  ...adminRoutes,
  ...healthRoutes,
] as const)

let document: string | undefined
base.get('/openapi.json', (c) => {
  document ??= describeApi(base, c.get('settings').appOrigin)
  return c.body(document, 200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'public, max-age=300',
  })
})

base.onError(onError)

/** The routes with the shapes they take and give, for `hono/client`. */
export type App = typeof app
