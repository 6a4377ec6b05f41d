// `npm run db:generate` compares src/db/schema.ts with migrations/meta and writes the next migration.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/db/schema.ts',
  out: './migrations',
})
