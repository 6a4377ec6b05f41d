/** The state of jobs that take several runs of the cron. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { flag, time } from './columns'

/**
 * The state of the full-text index `posts_words`, in one row. See docs/decisions/search-index.md.
 */
export const searchIndex = sqliteTable('search_index', {
  id: integer('id').primaryKey(),
  /** Posts with a smaller id wait for their place in the index. Null: it is complete. */
  unindexedBelow: integer('unindexed_below'),
  /** When it became complete. Null: not yet. */
  completedAt: time('completed_at'),
  /** True until the index of the previous release, `posts_search`, is dropped. */
  keepsPrevious: flag('keeps_previous').notNull().default(true),
  /** True if a post was changed or deleted since the last purge began. */
  hasDeletedWords: flag('has_deleted_words').notNull().default(false),
  /** When the last purge began. Null: never. */
  purgeBeganAt: time('purge_began_at'),
  /** True while a purge rewrites the index. */
  isPurging: flag('is_purging').notNull().default(false),
})

/** How far a sweep over several cron runs has come. One row per sweep. */
export const sweeps = sqliteTable('sweeps', {
  name: text('name').primaryKey(),
  startedAt: time('started_at').notNull(),
  /** Where the next run continues. Null: the sweep is complete. */
  cursor: text('cursor'),
})
