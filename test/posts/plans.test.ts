import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call } from '../support/client'
import { readPage, TEXT, write, writeMany } from '../support/posts'
import { admin, person } from '../support/users'

interface Query {
  sql: string
  values: unknown[]
}

/** Every statement that D1 is asked while `work` runs. */
async function statementsOf(work: () => Promise<unknown>): Promise<Query[]> {
  const queries: Query[] = []
  const { withSession } = env.DB
  env.DB.withSession = ((at?: string) => {
    const session = withSession.call(env.DB, at)
    const { prepare } = session
    session.prepare = (sql) => {
      const statement = prepare.call(session, sql)
      const { bind } = statement
      const query: Query = { sql, values: [] }
      queries.push(query)
      statement.bind = (...values) => {
        query.values = values
        return bind.apply(statement, values)
      }
      return statement
    }
    return session
  }) as typeof withSession
  try {
    await work()
  } finally {
    env.DB.withSession = withSession
  }
  return queries
}

/** SQLite's plan of a statement, a line for each step. */
async function planOf({ sql, values }: Query): Promise<string[]> {
  const plan = env.DB.prepare(`explain query plan ${sql}`).bind(...values)
  return (await plan.all<{ detail: string }>()).results.map((row) => row.detail)
}

/**
 * Steps that read a table from its first row. Not those over a constant row, a JSON list, the lists
 * of FTS5, and the rows that a part of the statement itself has found.
 */
const fullScans = (plan: string[]) =>
  plan.filter(
    (step) =>
      step.startsWith('SCAN') &&
      !/^SCAN (?:CONSTANT ROW|\(?subquery|matches\b|page\b|json_each|posts_words VIRTUAL TABLE INDEX \d+:M)/.test(
        step,
      ),
  )

it('every request about posts finds its rows by an index, without a full scan or a sort of all', async () => {
  const [ann, root] = await Promise.all([person(), admin()])
  await writeMany(ann.id, 30)
  const { id } = await write(ann)
  const own = { token: ann.token }
  const page = async (path: string) => `${path}&cursor=${(await readPage(path)).next_cursor}`
  const match = { ...own, headers: { 'If-Match': '"1.1"' } }
  const requests: [string, string, object][] = [
    ['GET', `/api/posts/${id}`, {}],
    ['GET', `/api/posts/${id}`, own],
    ['GET', '/api/posts?view=excerpt', own],
    ['GET', `/api/posts?author=${ann.id}`, own],
    ['GET', '/api/posts?q=words', own],
    ['GET', '/api/posts', {}],
    ['GET', await page('/api/posts?limit=5'), {}],
    ['GET', await page(`/api/posts?limit=5&author=${ann.id}`), {}],
    ['GET', await page(`/api/users/${ann.id}/posts?limit=5`), {}],
    ['GET', await page('/api/posts?limit=5&q=some+words'), {}],
    ['GET', await page(`/api/posts?limit=5&q=words&author=${ann.id}`), {}],
    ['POST', '/api/posts', { ...own, json: TEXT }],
    ['POST', '/api/posts', { ...own, json: TEXT, headers: { 'Idempotency-Key': 'plan' } }],
    ['PUT', `/api/posts/${id}`, { ...match, json: TEXT }],
    ['PATCH', `/api/posts/${id}`, { ...own, json: { title: 'x' } }],
    ['DELETE', `/api/posts/${id}`, match],
    ['DELETE', `/api/posts/${id}`, { token: root.token }],
  ]
  let seen = 0
  for (const [method, path, options] of requests) {
    for (const query of await statementsOf(() => call(method, path, options))) {
      seen++
      const plan = await planOf(query)
      const where = `${method} ${path}\n${query.sql}\n${plan.join('\n')}\n`
      expect(fullScans(plan), where).toEqual([])
      // Only a search sorts: the few rows that its two tiers have found.
      if (!query.sql.includes('posts_words'))
        expect(
          plan.filter((step) => step.includes('TEMP B-TREE')),
          where,
        ).toEqual([])
    }
  }
  expect(seen).toBeGreaterThan(requests.length)
})

it('public lists never pass over private posts: their index has none', async () => {
  const { id } = await person()
  await writeMany(id, 3)
  const lists = [
    ['/api/posts', 'posts_public'],
    [`/api/posts?author=${id}`, 'posts_public_author'],
    [`/api/users/${id}/posts`, 'posts_public_author'],
  ] as const
  for (const [path, index] of lists) {
    const [query] = await statementsOf(() => call('GET', path))
    const steps = (await planOf(query as Query)).filter((step) => /\bposts\b/.test(step))
    expect(steps.length, path).toBeGreaterThan(0)
    for (const step of steps) expect(step, path).toContain(`INDEX ${index} (`)
  }
})

it('the check itself finds a full scan', async () => {
  const plan = await planOf({ sql: 'select * from posts where title = ?', values: ['x'] })
  expect(fullScans(plan)).toEqual(['SCAN posts'])
})
