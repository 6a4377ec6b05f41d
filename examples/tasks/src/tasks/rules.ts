/** Decisions about tasks, without HTTP and SQL. */
import type { TaskChanges } from './schemas'

/** Tasks that a user may have, so that no table and no deletion grows without bound. */
export const MAX_TASKS = 1000

/** The columns that a change sets. A task that is done has the time at which it was. */
export const changedColumns = ({ title, done }: TaskChanges, now: Date) => ({
  ...(title !== undefined && { title }),
  ...(done !== undefined && { doneAt: done ? now : null }),
})
