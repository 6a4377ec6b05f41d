// The router and one zod schema.
import { Hono } from 'hono'
import * as z from 'zod'

const Health = z.object({ status: z.literal('ok') })

const app = new Hono()
app.get('/health', (c) => c.json(Health.parse({ status: 'ok' })))

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
