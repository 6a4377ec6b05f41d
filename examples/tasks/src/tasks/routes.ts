/** The tasks of the caller: list, create, read, change, delete. */
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { ListQuery, listPage } from '../http/list'
import { problem, problems } from '../http/problem'
import { IdParam } from '../user'
import { NewTask, Task, TaskChanges, TaskPage, viewTask } from './schemas'
import { changeTask, createTask, deleteTask, findTask, listTasks } from './store'

const list = endpoint(
  {
    method: 'get',
    path: '/api/tasks',
    operationId: 'listTasks',
    summary: 'My tasks, newest first',
    tags: ['tasks'],
    access: 'account',
    request: { query: ListQuery },
    responses: { 200: json(TaskPage, 'A page'), ...problems('invalid-request') },
  },
  async (c) => {
    const { actor } = c.var
    return listPage(c, 'tasks', c.req.valid('query'), {
      list: `tasks:${actor.caller.userId}`,
      find: (limit, after) =>
        listTasks(actor, Number(after?.[0] ?? Number.MAX_SAFE_INTEGER), limit),
      place: (task) => [task.id],
      view: viewTask,
    })
  },
)

const create = endpoint(
  {
    method: 'post',
    path: '/api/tasks',
    operationId: 'createTask',
    summary: 'Add a task',
    tags: ['tasks'],
    access: 'account',
    limit: 'write',
    request: { body: jsonBody(NewTask) },
    responses: { 201: json(Task, 'The task'), ...problems('too-many-tasks') },
  },
  async (c) => {
    const task = await createTask(c.var.actor, c.req.valid('json'))
    if (!task) return problem(c, 'too-many-tasks')
    c.header('Location', `/api/tasks/${task.id}`)
    return c.json(viewTask(task), 201)
  },
)

const read = endpoint(
  {
    method: 'get',
    path: '/api/tasks/{id}',
    operationId: 'readTask',
    summary: 'A task',
    tags: ['tasks'],
    access: 'account',
    request: { params: IdParam },
    responses: { 200: json(Task, 'The task'), ...problems('task-not-found') },
  },
  async (c) => {
    const task = await findTask(c.var.actor, c.req.valid('param').id)
    return task ? c.json(viewTask(task), 200) : problem(c, 'task-not-found')
  },
)

const change = endpoint(
  {
    method: 'patch',
    path: '/api/tasks/{id}',
    operationId: 'changeTask',
    summary: 'Rename a task, or mark it as done or not done',
    tags: ['tasks'],
    access: 'account',
    limit: 'write',
    request: { params: IdParam, body: jsonBody(TaskChanges) },
    responses: { 200: json(Task, 'The task as it is now'), ...problems('task-not-found') },
  },
  async (c) => {
    const task = await changeTask(c.var.actor, c.req.valid('param').id, c.req.valid('json'))
    return task ? c.json(viewTask(task), 200) : problem(c, 'task-not-found')
  },
)

const remove = endpoint(
  {
    method: 'delete',
    path: '/api/tasks/{id}',
    operationId: 'deleteTask',
    summary: 'Delete a task',
    tags: ['tasks'],
    access: 'account',
    limit: 'write',
    request: { params: IdParam },
    responses: { 204: nothing('Deleted'), ...problems('task-not-found') },
  },
  async (c) => {
    const isDeleted = await deleteTask(c.var.actor, c.req.valid('param').id)
    return isDeleted ? noContent(c) : problem(c, 'task-not-found')
  },
)

export const taskRoutes = [list, create, read, change, remove] as const
