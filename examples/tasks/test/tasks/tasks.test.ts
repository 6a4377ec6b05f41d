import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { MAX_TASKS } from '../../src/tasks/rules'
import type { Task } from '../../src/tasks/schemas'
import { call, trips } from '../support/client'
import { type Person, person } from '../support/users'

const create = ({ token }: Person, title: string) =>
  call('POST', '/api/tasks', { token, json: { title } })
const created = async (who: Person, title: string) => (await create(who, title)).json<Task>()
const listed = async ({ token }: Person, query = '') =>
  (await call('GET', `/api/tasks${query}`, { token })).json<{
    tasks: Task[]
    next_cursor: string | null
  }>()

describe('/api/tasks', () => {
  it('GET → 200 with the tasks of the caller only, newest first, in pages', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')]
    for (const title of ['One', 'Two', 'Three']) await created(ann, title)
    await created(bob, 'Other')
    const first = await listed(ann, '?limit=2')
    const second = await listed(ann, `?limit=2&cursor=${first.next_cursor}`)
    expect([...first.tasks, ...second.tasks].map(({ title }) => title)).toEqual([
      'Three',
      'Two',
      'One',
    ])
    expect(second.next_cursor).toBeNull()
  })

  it('GET → 422 invalid-request with the cursor of another user', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')]
    for (const title of ['One', 'Two']) await created(ann, title)
    const { next_cursor } = await listed(ann, '?limit=1')
    const { token } = bob
    expect((await call('GET', `/api/tasks?cursor=${next_cursor}`, { token })).status).toBe(422)
  })

  it('POST → 201 with the task, in one round trip', async () => {
    const ann = await person()
    const response = await create(ann, 'Water the plants')
    expect([response.status, trips(response)]).toEqual([201, 1])
    const task = await response.json()
    expect(task).toMatchObject({ title: 'Water the plants', done_at: null })
    const location = String(response.headers.get('Location'))
    expect(await (await call('GET', location, { token: ann.token })).json()).toEqual(task)
  })

  it('POST → 409 too-many-tasks when the user has the maximum', async () => {
    const ann = await person()
    await env.DB.prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       insert into tasks (user_id, title, created_at) select ?, 'x', 1 from n`,
    )
      .bind(MAX_TASKS, ann.id)
      .run()
    expect((await create(ann, 'One more')).status).toBe(409)
  })

  it('PATCH → 200 with the changes; done sets a time, and not done removes it', async () => {
    const ann = await person()
    const { id } = await created(ann, 'Tea')
    const patch = async (json: object) =>
      (await call('PATCH', `/api/tasks/${id}`, { token: ann.token, json })).json<Task>()
    expect((await patch({ done: true })).done_at).toMatch(/Z$/)
    expect(await patch({ title: 'Coffee', done: false })).toMatchObject({
      title: 'Coffee',
      done_at: null,
    })
  })

  it('GET, PATCH and DELETE → 404 task-not-found for the task of another user', async () => {
    const [ann, bob] = [await person('ann'), await person('bob')]
    const { id } = await created(ann, 'Mine')
    const { token } = bob
    const json = { done: true }
    expect((await call('GET', `/api/tasks/${id}`, { token })).status).toBe(404)
    expect((await call('PATCH', `/api/tasks/${id}`, { token, json })).status).toBe(404)
    expect((await call('DELETE', `/api/tasks/${id}`, { token })).status).toBe(404)
    expect((await listed(ann)).tasks).toMatchObject([{ id, done_at: null }])
  })

  it('DELETE → 204, and then 404', async () => {
    const ann = await person()
    const { id } = await created(ann, 'Gone soon')
    const remove = () => call('DELETE', `/api/tasks/${id}`, { token: ann.token })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404])
  })

  it('loses its tasks when the account is deleted', async () => {
    const ann = await person()
    await created(ann, 'Left behind')
    const { token, password } = ann
    await call('POST', '/api/users/me/deletion', { token, json: { password } })
    const count = env.DB.prepare('select count(*) as n from tasks where user_id = ?')
    expect(await count.bind(ann.id).first('n')).toBe(0)
  })
})
