import { type Column, sql } from 'drizzle-orm'

/**
 * A column under another name in the result. Two columns of one result must not share a name,
 * because D1 returns rows as objects. The types hold for NOT NULL columns only.
 */
export const renamed = <C extends Column & { _: { notNull: true } }>(column: C, name: string) =>
  sql`${column}`.mapWith(column).as(name)
