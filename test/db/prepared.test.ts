// The assumptions of src/db/prepared.ts about drizzle's internals. Run it before a change of
// drizzle's version.
import { env } from 'cloudflare:workers'
import { eq, placeholder, sql } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Database, openDatabase } from '../../src/db'
import { batch } from '../../src/db/batch'
import { build } from '../../src/db/build'
import { insertSelect } from '../../src/db/insert-select'
import { prepared } from '../../src/db/prepared'
import { renamed } from '../../src/db/renamed'
import { mailCounts, posts, sessions, users } from '../../src/db/schema'
import { person } from '../support/users'

const open = () => {
  const trips = { count: 0, ms: 0 }
  return { db: openDatabase(env.DB, trips), trips }
}
const freshKey = () => `prepared:${crypto.randomUUID()}`

const insert = prepared(() =>
  insertSelect(
    mailCounts,
    { key: placeholder('key'), count: placeholder('count'), since: placeholder('now') },
    sql`where true`,
  ).returning(),
)
const select = prepared(() =>
  build
    .select()
    .from(mailCounts)
    .where(eq(mailCounts.key, placeholder('key'))),
)
const increment = prepared(() =>
  build
    .update(mailCounts)
    .set({ count: sql`${mailCounts.count} + 1` })
    .where(eq(mailCounts.key, placeholder('key'))),
)

describe('a prepared statement', () => {
  it('runs alone on a database: all rows, the first row, or none, each in one round trip', async () => {
    const { db, trips } = open()
    const key = freshKey()
    const row = { key, count: 1, since: new Date(9) }
    expect(await insert(db, { key, count: 1, now: 9 }).all()).toEqual([row])
    expect(await select(db, { key }).get()).toEqual(row)
    expect(await select(db, { key: freshKey() }).get()).toBeUndefined()
    expect((await increment(db, { key }).run()).meta.changes).toBe(1)
    expect(trips.count).toBe(4)
    const found = await select(db, { key }).all()
    expectTypeOf(found).toEqualTypeOf<(typeof mailCounts.$inferSelect)[]>()
    expect(found).toEqual([{ ...row, count: 2 }])
  })

  it('runs in a batch, bound to a database or to none, and maps its rows', async () => {
    const { db, trips } = open()
    const key = freshKey()
    const results = await batch(db, {
      made: insert({ key, count: 1, now: 9 }),
      added: increment(db, { key }),
      found: select({ key }),
    })
    const since = new Date(9)
    expect(results.made).toEqual([{ key, count: 1, since }])
    expect(results.added.meta.changes).toBe(1)
    expect(results.found).toEqual([{ key, count: 2, since }])
    expect(trips.count).toBe(1)
  })

  it('maps joined rows like drizzle: null for a missing right side', async () => {
    const ann = await person()
    const selectFirstPost = prepared(() =>
      build
        .select({ user: { username: users.username }, post: { title: posts.title } })
        .from(users)
        .leftJoin(posts, eq(posts.authorId, users.id))
        .where(eq(users.id, placeholder('id'))),
    )
    const { db } = open()
    expect(await selectFirstPost(db, { id: ann.id }).get()).toEqual({
      user: { username: ann.username },
      post: null,
    })
  })

  it('maps columns, aliases and nested objects like drizzle', async () => {
    const ann = await person()
    const query = () =>
      build
        .select({
          id: users.id,
          fullName: users.fullName,
          isActive: users.isActive,
          user: { createdAt: users.createdAt, ...renamed('user', { name: users.username }) },
          later: sql<Date>`${users.createdAt} + 1`.mapWith(users.createdAt).as('later'),
          n: sql<number>`1 + 1`.as('n'),
        })
        .from(users)
        .innerJoin(sessions, eq(sessions.userId, users.id))
        .where(eq(users.id, ann.id))
    const { db } = open()
    const [compiled, drizzles] = await Promise.all([
      prepared(query)(db, {}).all(),
      db.batch([query()]),
    ])
    expect(compiled).toEqual(drizzles[0])
    expect(compiled[0]?.later).toBeInstanceOf(Date)
    expect(compiled[0]?.isActive).toBe(true)
  })

  it('is compiled once, and keeps nothing of a call for another one', async () => {
    let compilations = 0
    const echo = prepared(() => {
      compilations++
      return build
        .select({ text: sql<string>`${placeholder('text')}`.as('text') })
        .from(sql`(select 1)`)
    })
    const ask = (db: Database, text: string) => echo(db, { text }).all()
    const [one, two] = [open(), open()]
    const statements = ['a', 'b', 'c'].map((text) => echo({ text }))
    const { first, second, third } = await batch(one.db, {
      first: statements[2],
      second: statements[0],
      third: statements[1],
    })
    expect([first, second, third]).toEqual([[{ text: 'c' }], [{ text: 'a' }], [{ text: 'b' }]])
    expect(await Promise.all([ask(one.db, 'x'), ask(two.db, 'y')])).toEqual([
      [{ text: 'x' }],
      [{ text: 'y' }],
    ])
    expect([one.trips.count, two.trips.count]).toEqual([2, 1])
    expect(compilations).toBe(1)
  })

  it('throws when a value is missing, and names its placeholders', () => {
    expect(() => insert({ key: 'a', now: 1 })).toThrow(/placeholder "count"/)
    expect(insert.placeholders()).toEqual(['key', 'count', 'now'])
  })

  it('cannot be executed without a database', () => {
    const statement = select({ key: 'a' })
    // @ts-expect-error only a batch or a database executes it
    expect(statement.get).toBeTypeOf('function')
  })
})
