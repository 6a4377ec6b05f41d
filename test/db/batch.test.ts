import { env } from 'cloudflare:workers'
import { eq, placeholder, sql } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { openDatabase } from '../../src/db'
import { batch, ifPrevious, RowMissing, single } from '../../src/db/batch'
import { build } from '../../src/db/build'
import { prepared } from '../../src/db/prepared'
import { mailCounts } from '../../src/db/schema'

const open = () => {
  const trips = { count: 0, ms: 0 }
  return { db: openDatabase(env.DB, trips), trips }
}
const freshKey = () => `batch:${crypto.randomUUID()}`
const insert = (key: string) =>
  build.insert(mailCounts).values({ key, count: 1, since: new Date(0) })
const count = (key: string) =>
  build.select({ count: mailCounts.count }).from(mailCounts).where(eq(mailCounts.key, key))
const readCount = prepared(() =>
  build
    .select({ count: mailCounts.count })
    .from(mailCounts)
    .where(eq(mailCounts.key, placeholder('key'))),
)

describe('batch', () => {
  it('returns each result under the name of its statement, in one round trip', async () => {
    const { db, trips } = open()
    const key = freshKey()
    const { before, added, after, other } = await batch(db, {
      before: count(key),
      added: insert(key).returning({ since: mailCounts.since }),
      after: readCount({ key }),
      other: db.select({ n: sql<number>`1` }).from(sql`(select 1)`),
    })
    expectTypeOf(added).toEqualTypeOf<{ since: Date }[]>()
    expectTypeOf(after).toEqualTypeOf<{ count: number }[]>()
    expect({ before, added, after, other }).toEqual({
      before: [],
      added: [{ since: new Date(0) }],
      after: [{ count: 1 }],
      other: [{ n: 1 }],
    })
    expect(trips.count).toBe(1)
  })

  it('skips undefined statements', async () => {
    const { db, trips } = open()
    const key = freshKey()
    const isWanted: boolean = trips.count > 0
    const results = await batch(db, {
      skipped: isWanted ? insert(key).returning() : undefined,
      found: count(key),
    })
    expectTypeOf(results.skipped).toEqualTypeOf<(typeof mailCounts.$inferSelect)[] | undefined>()
    expect(results.skipped).toBeUndefined()
    expect(results.found).toEqual([])
    expect(await batch(db, { skipped: undefined })).toEqual({})
    expect(trips.count).toBe(1)
  })

  it('undoes all statements when one fails', async () => {
    const { db } = open()
    const key = freshKey()
    const work = batch(db, { first: insert(key), second: insert(key) })
    await expect(work).rejects.toThrow(/UNIQUE constraint failed: mail_counts.key/)
    expect(await batch(db, { found: count(key) })).toEqual({ found: [] })
  })

  it('refuses names that are integers, whose order is not the written one', async () => {
    const { db } = open()
    const key = freshKey()
    // @ts-expect-error a number is no name
    await expect(batch(db, { found: count(key), 2: insert(key) })).rejects.toThrow(TypeError)
    // @ts-expect-error nor is a text that looks like a number
    await expect(batch(db, { found: count(key), '7': insert(key) })).rejects.toThrow(TypeError)
    expect(await batch(db, { found: count(key) })).toEqual({ found: [] })
  })

  it('does not compile for a name that is not in the batch', async () => {
    const { db } = open()
    const results = await batch(db, { found: count(freshKey()) })
    // @ts-expect-error there is no statement of this name
    expect(results.missing).toBeUndefined()
  })
})

describe('build', () => {
  it('makes statements that refuse to run without a database', async () => {
    const cause = { message: expect.stringContaining('has no database') }
    await expect(insert(freshKey()).run()).rejects.toMatchObject({ cause })
    await expect(count(freshKey()).all()).rejects.toMatchObject({ cause })
    await expect(count(freshKey()).get()).rejects.toMatchObject({ cause })
  })
})

describe('ifPrevious', () => {
  const add = (key: string, condition?: ReturnType<typeof ifPrevious>) =>
    build
      .update(mailCounts)
      .set({ count: sql`${mailCounts.count} + 1` })
      .where(sql`${mailCounts.key} = ${key} and ${condition ?? sql`true`}`)

  it('holds only if the previous writing statement wrote a row', async () => {
    const { db } = open()
    const key = freshKey()
    const { found } = await batch(db, {
      made: insert(key),
      read: count(freshKey()),
      afterRead: add(key, ifPrevious()),
      missed: add(freshKey()),
      afterMiss: add(key, ifPrevious()),
      afterSkipped: add(key, ifPrevious()),
      found: count(key),
    })
    expect(found).toEqual([{ count: 2 }])
  })

  it('holds only if its own conditions hold too', async () => {
    const { db } = open()
    const key = freshKey()
    const { found } = await batch(db, {
      made: insert(key),
      refused: add(key, ifPrevious(eq(mailCounts.count, 1), eq(mailCounts.count, 2))),
      again: insert(freshKey()),
      either: add(key, ifPrevious(sql`(${mailCounts.count} = 7 or ${mailCounts.count} = 8)`)),
      once: insert(freshKey()),
      added: add(key, ifPrevious(undefined, eq(mailCounts.count, 1))),
      found: count(key),
    })
    expect(found).toEqual([{ count: 2 }])
  })
})

describe('single', () => {
  it('returns the first row, and throws when there is none', () => {
    expect(single([{ id: 1 }, { id: 2 }])).toEqual({ id: 1 })
    expect(() => single([])).toThrow(RowMissing)
  })
})
