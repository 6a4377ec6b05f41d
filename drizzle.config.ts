// `npm run db:generate` compares the schema files with migrations/meta and writes the next
// migration.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './src/db/schema*.ts',
  out: './migrations',
})
