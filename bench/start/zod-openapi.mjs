// One route with its OpenAPI description.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'

const schema = z.object({ status: z.literal('ok') }).openapi('Health')
const health = createRoute({
  method: 'get',
  path: '/health',
  responses: { 200: { description: 'Up', content: { 'application/json': { schema } } } },
})

const app = new OpenAPIHono()
app.openapi(health, (c) => c.json({ status: 'ok' }))

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
