/** Deleting an account that is too large for one statement: what ends at once, and what follows. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  BYTES_PER_POST,
  deletionSteps,
  FIRST_POSTS,
  nextStepPosts,
} from '../../src/accounts/deletion/steps'
import { openDatabase } from '../../src/db'
import { batch } from '../../src/db/batch'
import { runScheduled } from '../../src/scheduled'
import { brokenD1 } from '../support/broken-database'
import { call, workerWith } from '../support/client'
import { catchMails } from '../support/mailbox'
import { apiDocument } from '../support/openapi'
import { samples } from '../support/openapi-samples'
import { write, writeMany } from '../support/posts'
import { recordQueries } from '../support/queries'
import { admin, PASSWORD, type Person, person, signIn } from '../support/users'

catchMails()

const open = () => openDatabase(env.DB, { count: 0, ms: 0 })
const count = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(`select count(*) as n from ${sql}`)
    .bind(...values)
    .first<number>('n')
const postsOf = (id: number) => count('posts where author_id = ?', id)

/** Deletes an account and lets the steps after the response fail, so that its posts remain. */
async function markDeleted({ token }: Person, password = PASSWORD) {
  const stopped = brokenD1((run, trip) =>
    trip > 2 ? Promise.reject(new Error('D1_ERROR: Network connection lost.')) : run(),
  )
  const path = '/api/users/me/deletion'
  const response = await workerWith({ DB: stopped })('POST', path, { token, json: { password } })
  expect(response.status).toBe(204)
}

describe('an account with more posts than one step deletes', () => {
  const WORD = `vanishing${crypto.randomUUID().slice(0, 8)}`
  let ann: Person
  let root: Person
  let bob: Person
  let postId: number

  beforeAll(async () => {
    ;[ann, root, bob] = [await person(), await admin(), await person('bob')]
    await write(ann, { title: WORD })
    await writeMany(ann.id, FIRST_POSTS)
    postId = (await write(ann, { title: WORD })).id
    await markDeleted(ann)
  })

  it('keeps posts for later steps, and no personal data of the account', async () => {
    expect(await postsOf(ann.id)).toBe(2)
    const row = await env.DB.prepare('select * from users where id = ?').bind(ann.id).first()
    const placeholder = expect.stringMatching(/^deleted:[\w-]{22}$/)
    expect(row).toEqual({
      id: ann.id,
      username: placeholder,
      username_key: row?.username,
      email: row?.username,
      email_key: row?.username,
      address_key: null,
      email_verified: 0,
      full_name: null,
      role: 'user',
      is_active: 0,
      password_hash: '',
      avatar_key: null,
      revision: expect.any(Number),
      created_at: expect.any(Number),
      handle: null,
      has_password: 0,
      factors: '',
      deleted_at: expect.any(Number),
    })
    const events = await env.DB.prepare('select type from events where user_id = ?')
      .bind(ann.id)
      .all()
    expect(events.results).toEqual([{ type: 'deleted' }])
  })

  it('is in no response to any reader', async () => {
    const operations = samples(await apiDocument()).filter(({ method }) => method === 'GET')
    const paths = operations.map(({ path }) =>
      path.replace('/users/1', `/users/${ann.id}`).replace('/posts/1', `/posts/${postId}`),
    )
    paths.push(
      `/api/posts?q=${WORD}`,
      `/api/posts?author=${ann.id}`,
      `/api/posts?q=${WORD}&author=${ann.id}`,
      `/api/admin/users?q=${ann.id}`,
      '/api/admin/users?q=deleted:',
      `/api/admin/users?q=${ann.username}`,
    )
    expect(paths.length).toBeGreaterThan(20)
    for (const path of paths) {
      for (const token of [undefined, bob.token, root.token]) {
        const text = await (await call('GET', path, { token })).text()
        const isThere = [WORD, ann.username, 'deleted:'].filter((mark) => text.includes(mark))
        expect([path, isThere]).toEqual([path, []])
      }
    }
    for (const path of [
      `/api/users/${ann.id}`,
      `/api/users/${ann.id}/posts`,
      `/api/posts/${postId}`,
    ])
      expect((await call('GET', path)).status, path).toBe(404)
  })

  it('cannot be changed, signed out or enabled again, and neither can its posts', async () => {
    const { token } = root
    const json = { is_active: true }
    for (const [method, path, options] of [
      ['PATCH', `/api/admin/users/${ann.id}`, { token, json }],
      ['DELETE', `/api/admin/users/${ann.id}/sessions`, { token }],
      ['DELETE', `/api/posts/${postId}`, { token }],
      ['PATCH', `/api/posts/${postId}`, { token: bob.token, json: { title: 'Mine' } }],
      ['PUT', `/api/posts/${postId}`, { token: bob.token, json: { title: 'x', content: 'y' } }],
    ] as const)
      expect((await call(method, path, options)).status, `${method} ${path}`).toBe(404)
    expect(await postsOf(ann.id)).toBe(2)
  })

  it('has no working token, and its username and address are free', async () => {
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(401)
    for (const login of [ann.email, ann.username])
      await expect(signIn(login)).rejects.toThrow('401')
    const { username, email } = ann
    const json = { username, email, password: PASSWORD }
    expect((await call('POST', '/api/users', { json })).status).toBe(201)
  })

  it('is deleted with its posts and their words by the next cron run', async () => {
    expect(await count('posts_search where posts_search match ?', WORD)).toBe(2 - 1)
    const report = await runScheduled(env, new Date())
    expect(report.accounts).toBeGreaterThanOrEqual(1)
    expect(await count('users where id = ?', ann.id)).toBe(0)
    expect(await postsOf(ann.id)).toBe(0)
    expect(await count('posts_search where posts_search match ?', WORD)).toBe(0)
    expect(await count('events where user_id = ?', ann.id)).toBe(1)
  })
})

it('deletes a large account after the response, without the cron', async () => {
  const ann = await person()
  await writeMany(ann.id, 20 * FIRST_POSTS + 3)
  const response = await workerWith({})('POST', '/api/users/me/deletion', {
    token: ann.token,
    json: { password: PASSWORD },
  })
  expect(response.status).toBe(204)
  expect(await postsOf(ann.id)).toBe(0)
  expect(await count('users where id = ?', ann.id)).toBe(0)
})

describe('a step', () => {
  it('ends at its limit of bytes, not only at its limit of rows', async () => {
    const ann = await person()
    const size = 50_000
    await env.DB.prepare(
      `insert into posts (author_id, title, content, created_at, updated_at)
       select ?, 'large', replace(hex(zeroblob(?)), '00', 'a '), 0, 0 from json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]')`,
    )
      .bind(ann.id, size / 2)
      .run()
    await markDeleted(ann)
    const perStep = Math.ceil((FIRST_POSTS * BYTES_PER_POST) / (size + 'large'.length))
    expect(await postsOf(ann.id)).toBe(15 - perStep)
    await batch(open(), { step: deletionSteps(ann.id, 300).posts })
    expect(await postsOf(ann.id)).toBe(
      15 - perStep - Math.ceil((300 * BYTES_PER_POST) / (size + 'large'.length)),
    )
    await runScheduled(env, new Date())
    expect(await count('users where id = ?', ann.id)).toBe(0)
  })

  it('doubles while steps are fast, and halves when one is slow', () => {
    expect(nextStepPosts(200, 5)).toBe(400)
    expect(nextStepPosts(800, 5)).toBe(800)
    expect(nextStepPosts(400, 40)).toBe(400)
    expect(nextStepPosts(400, 90)).toBe(200)
    expect(nextStepPosts(50, 500)).toBe(50)
  })

  it('only marks words as deleted: FTS5 must not merge segments in it', async () => {
    const config = await env.DB.prepare(
      "select v from posts_words_config where k = 'deletemerge'",
    ).first('v')
    expect(config).toBe(0)
  })

  it('deletes nothing of an account that is not deleted', async () => {
    const ann = await person()
    await write(ann)
    await batch(open(), deletionSteps(ann.id))
    expect(await postsOf(ann.id)).toBe(1)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
  })
})

it('deletes the rows of every table that refers to users, including new tables', async () => {
  const { results } = await env.DB.prepare(
    "select name from sqlite_master where type = 'table' and sql like '%references%users%(%id%)%'",
  ).all<{ name: string }>()
  expect(results.length).toBeGreaterThan(7)
  const { queries, binding } = recordQueries()
  const ann = await person()
  await workerWith({ DB: binding })('POST', '/api/users/me/deletion', {
    token: ann.token,
    json: { password: PASSWORD },
  })
  const deletes = [...queries].filter((sql) => sql.startsWith('delete'))
  const kept = results.filter(({ name }) => !deletes.some((sql) => sql.includes(`from "${name}"`)))
  expect(kept).toEqual([])
})
