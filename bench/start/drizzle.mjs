// The router and one drizzle table. /health builds its query without running it.
import { drizzle } from 'drizzle-orm/d1'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { Hono } from 'hono'

const users = sqliteTable('users', { id: integer('id').primaryKey(), name: text('name') })

const app = new Hono()
app.get('/health', (c) => {
  const { sql } = drizzle({}).select().from(users).toSQL()
  return c.json({ status: 'ok', sql })
})

// biome-ignore lint/style/noDefaultExport: workerd requires it
export default app
