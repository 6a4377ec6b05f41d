/** The shapes of tasks on the wire, and the view of a row. */
import { z } from '@hono/zod-openapi'
import type { tasks } from '../db/schema-tasks'
import { Id, Time } from '../user'

const TITLE_MAX = 200

const Title = z
  .string()
  .min(1, 'must not be empty')
  .max(TITLE_MAX, `must have at most ${TITLE_MAX} characters`)
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .openapi({ example: 'Water the plants' })

export const NewTask = z.strictObject({ title: Title }).openapi('NewTask')
export type NewTask = z.infer<typeof NewTask>

export const TaskChanges = z
  .strictObject({ title: Title.optional(), done: z.boolean().optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'must have a title or done')
  .openapi('TaskChanges', { minProperties: 1 })
export type TaskChanges = z.infer<typeof TaskChanges>

export const Task = z
  .object({ id: Id, title: z.string(), done_at: Time.nullable(), created_at: Time })
  .strict()
  .openapi('Task')
export type Task = z.infer<typeof Task>

export const TaskPage = z
  .object({ tasks: z.array(Task), next_cursor: z.string().nullable() })
  .strict()
  .openapi('TaskPage')

export type TaskRow = typeof tasks.$inferSelect

export const viewTask = (row: TaskRow): Task => ({
  id: row.id,
  title: row.title,
  done_at: row.doneAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
})
