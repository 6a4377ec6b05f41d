/** Registers endpoints: their paths with hono, and their checks before their handlers. */
import type { Context, Handler, Hono, Next } from 'hono'
import type { AppEnv } from '../context'
import { checksOf } from './checks'
import type { Endpoint } from './endpoint'
import { onError } from './errors'

/** `/api/posts/{id}` → `/api/posts/:id` */
const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

export function serveEndpoints(app: Hono<AppEnv>, endpoints: readonly Endpoint[]) {
  for (const endpoint of endpoints) {
    const { method, path } = endpoint.route
    app.on([method], [honoPath(path)], handlerOf(endpoint))
  }
}

/**
 * One handler for hono's router, which is built at the first request of an isolate and takes time
 * for each handler. The checks of a route are made at its own first request.
 */
function handlerOf({ route, handler, hook }: Endpoint): Handler<AppEnv> {
  let steps: Step[] | undefined
  return async (c) => {
    steps ??= [...checksOf(route, hook).middleware, handler]
    await run(c, steps)
    return c.res
  }
}

/** Middleware, or a handler. The types of what handlers return are for their callers. */
type Step = (c: Context<AppEnv>, next: Next) => unknown

/**
 * Runs the first step, which runs the others by `next`. As in hono, which exports no such function,
 * each step has its own error handler: bodyLimit can then replace the response to an error.
 */
async function run(c: Context<AppEnv>, [step, ...rest]: Step[]): Promise<void> {
  if (!step) return
  let response: unknown
  try {
    response = await step(c, () => run(c, rest))
  } catch (thrown) {
    // Any value can be thrown; hono would pass another one than an Error on to the runtime.
    const error = thrown instanceof Error ? thrown : new Error('The thrown value is no Error')
    c.error = error
    c.res = await onError(error, c)
    return
  }
  if (response instanceof Response && !c.finalized) c.res = response
}
