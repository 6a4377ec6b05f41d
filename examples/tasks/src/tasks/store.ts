/** Tasks in D1. One function is one round trip, for a caller whose session is active. */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Actor } from '../actor'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { tasks } from '../db/schema-tasks'
import { withSession } from '../db/session-guard'
import { changedColumns, MAX_TASKS } from './rules'
import type { NewTask, TaskChanges, TaskRow } from './schemas'

const isOwn = ({ caller }: Actor, id: number) =>
  and(eq(tasks.id, id), eq(tasks.userId, caller.userId))

/** The newest tasks below an id. @throws SessionEnded */
export async function listTasks(actor: Actor, before: number, limit: number): Promise<TaskRow[]> {
  const isBelow = and(eq(tasks.userId, actor.caller.userId), lt(tasks.id, before))
  const { found } = await withSession(actor, {
    found: build.select().from(tasks).where(isBelow).orderBy(desc(tasks.id)).limit(limit),
  })
  return found
}

/** Null when the user has no such task. @throws SessionEnded */
export async function findTask(actor: Actor, id: number): Promise<TaskRow | null> {
  const { found } = await withSession(actor, {
    found: build.select().from(tasks).where(isOwn(actor, id)),
  })
  return found[0] ?? null
}

/** Null when the user has `MAX_TASKS`. @throws SessionEnded */
export async function createTask(actor: Actor, { title }: NewTask): Promise<TaskRow | null> {
  const { userId } = actor.caller
  const count = sql`(select count(*) from ${tasks} where ${tasks.userId} = ${userId})`
  const { created } = await withSession(actor, {
    created: insertSelect(
      tasks,
      { userId, title, createdAt: actor.now },
      sql`where ${count} < ${MAX_TASKS}`,
    ).returning(),
  })
  return created[0] ?? null
}

/** Null when the user has no such task. @throws SessionEnded */
export async function changeTask(
  actor: Actor,
  id: number,
  changes: TaskChanges,
): Promise<TaskRow | null> {
  const { changed } = await withSession(actor, {
    changed: build
      .update(tasks)
      .set(changedColumns(changes, actor.now))
      .where(isOwn(actor, id))
      .returning(),
  })
  return changed[0] ?? null
}

/** Whether the user had such a task. @throws SessionEnded */
export async function deleteTask(actor: Actor, id: number): Promise<boolean> {
  const { deleted } = await withSession(actor, {
    deleted: build.delete(tasks).where(isOwn(actor, id)).returning({ id: tasks.id }),
  })
  return deleted.length > 0
}
