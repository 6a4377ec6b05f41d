import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { expect, it, vi } from 'vitest'
import type { AppEnv } from '../../src/context'
import { endpoint, nothing } from '../../src/http/endpoint'
import { onError } from '../../src/http/errors'
import { loadSettings, requestContext } from '../../src/http/request-context'
import { serveEndpoints } from '../../src/http/routes'

function service() {
  const app = new Hono<AppEnv>()
  app.use(requestContext, loadSettings)
  app.onError(onError)
  return app
}

it.each([
  ['an Error', new Error('secret')],
  ['a text', 'secret'],
  ['nothing', undefined],
  ['an object', { secret: true }],
])('a handler that throws %s → 500 internal, and the log has no value', async (_, thrown) => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const app = service()
  const route = {
    method: 'get',
    path: '/throws',
    access: 'anyone',
    responses: { 204: nothing('Never') },
  } as const
  const throwing = endpoint(route, () => {
    throw thrown
  })
  serveEndpoints(app, [throwing])
  const response = await app.request('/throws', {}, env, createExecutionContext())
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ type: '/problems/internal' })
  expect(response.headers.get('X-Request-Id')).toBeTruthy()
  expect(log).toHaveBeenCalledOnce()
  if (!(thrown instanceof Error)) expect(String(log.mock.calls)).not.toContain('secret')
  log.mockRestore()
})

const files: Record<string, unknown> = {
  'no binding': undefined,
  'a page': {
    fetch: async () =>
      new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html' } }),
  },
  'no file': { fetch: async () => new Response(null, { status: 404 }) },
}
it.each(Object.entries(files))(
  'GET /openapi.json with %s → 503 misconfigured',
  async (_, ASSETS) => {
    // The query makes it another module, which has not read the document yet.
    // @ts-expect-error TypeScript finds no file of that name
    const { serveDocument } = await import('../../src/http/docs/document?unread')
    const app = service()
    app.get('/openapi.json', serveDocument)
    const bindings = { ...env, ASSETS }
    const response = await app.request('/openapi.json', {}, bindings, createExecutionContext())
    expect(response.status).toBe(503)
    const { type, detail } = await response.json<{ type: string; detail: string }>()
    expect([type, detail]).toEqual([
      '/problems/misconfigured',
      'The static files lack the API document: run npm run build:web and deploy again.',
    ])
  },
)
