// The router and JWT verification. /health has no token to verify.
import { Hono } from 'hono'
import { jwtVerify, SignJWT } from 'jose'

const app = new Hono()
app.get('/health', (c) => c.json({ status: 'ok' }))
app.get('/token', async (c) => {
  const key = new TextEncoder().encode(c.env.SECRET)
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(key)
  return c.json((await jwtVerify(token, key)).payload)
})

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
