// The router with one zod schema, one drizzle table and JWT verification.
import { drizzle } from 'drizzle-orm/d1'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { Hono } from 'hono'
import { jwtVerify, SignJWT } from 'jose'
import * as z from 'zod'

const Health = z.object({ status: z.literal('ok'), sql: z.string() })
const users = sqliteTable('users', { id: integer('id').primaryKey(), name: text('name') })

const app = new Hono()
app.get('/health', (c) => {
  const { sql } = drizzle({}).select().from(users).toSQL()
  return c.json(Health.parse({ status: 'ok', sql }))
})
app.get('/token', async (c) => {
  const key = new TextEncoder().encode(c.env.SECRET)
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(key)
  return c.json((await jwtVerify(token, key)).payload)
})

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
