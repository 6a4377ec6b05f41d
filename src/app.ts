/**
 * The whole service on one page: what surrounds a request, the features, the documents, the errors.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { HonoBase } from 'hono/hono-base'
import { TrieRouter } from 'hono/router/trie-router'
import { accountRoutes } from './accounts/routes'
import { adminRoutes } from './admin/routes'
import type { AppEnv } from './context'
import { healthRoutes } from './health/routes'
import { corsHeaders } from './http/cors'
import { serveDocument } from './http/docs/document'
import { type MethodTable, methodNotAllowed, methodTable, onError } from './http/errors'
import { loadSettings, requestContext, securityHeaders } from './http/request-context'
import { serveEndpoints } from './http/routes'
import { postRoutes } from './posts/routes'
import { sessionRoutes } from './sessions/routes'

// hono's default router first tries RegExpRouter, which rejects /users/me beside /users/:id.
export const app = new HonoBase<AppEnv>({ router: new TrieRouter() })

let methods: MethodTable | undefined
app.use(securityHeaders, requestContext, loadSettings, corsHeaders)
app.use(methodNotAllowed(() => (methods ??= methodTable(app.routes))))

export const endpoints = [
  ...accountRoutes,
  ...sessionRoutes,
  ...postRoutes,
  ...adminRoutes,
  ...healthRoutes,
] as const
serveEndpoints(app, endpoints)
app.get('/openapi.json', serveDocument)
app.onError(onError)

declare const documented: OpenAPIHono<AppEnv>
/** The routes with the shapes they take and give, for `hono/client`. */
export type App = ReturnType<typeof documented.openapiRoutes<typeof endpoints>>
