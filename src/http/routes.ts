/** Registers endpoints: their paths with hono, and their checks before their handlers. */
import type { Hono } from 'hono'
import type { AppEnv } from '../context'
import { checksOf } from './checks'
import type { Endpoint } from './endpoint'

/** `/api/posts/{id}` → `/api/posts/:id` */
const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

export function serveEndpoints(app: Hono<AppEnv>, endpoints: readonly Endpoint[]) {
  for (const { route, handler, hook } of endpoints) {
    const { middleware } = checksOf(route, hook)
    app.on([route.method], [honoPath(route.path)], ...middleware, handler)
  }
}
