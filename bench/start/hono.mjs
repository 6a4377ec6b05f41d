// The router alone.
import { Hono } from 'hono'

const app = new Hono()
app.get('/health', (c) => c.json({ status: 'ok' }))

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
