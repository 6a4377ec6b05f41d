/** The table of tasks. They belong to a user and are deleted with it. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { time } from './columns'
import { users } from './schema'

export const tasks = sqliteTable(
  'tasks',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    title: text('title').notNull(),
    /** Null: not done yet. */
    doneAt: time('done_at'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [index('tasks_user').on(t.userId, t.id)],
)
