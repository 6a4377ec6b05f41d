import { env } from 'cloudflare:workers'
import { eq, placeholder, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/db'
import { batch } from '../../src/db/batch'
import { build } from '../../src/db/build'
import { insertSelect } from '../../src/db/insert-select'
import { prepared } from '../../src/db/prepared'
import { events, mailCounts, users } from '../../src/db/schema'
import { person } from '../support/users'

const open = () => openDatabase(env.DB, { count: 0, ms: 0 })
const eventOf = (userId: number, type: string) =>
  build.select().from(events).where(sql`${events.userId} = ${userId} and ${events.type} = ${type}`)

describe('insertSelect', () => {
  it('takes values, SQL and columns, in any order, and fills the columns left out', async () => {
    const ann = await person()
    const at = new Date(1_700_000_000_123)
    const { found } = await batch(open(), {
      made: insertSelect(
        events,
        {
          location: sql`${users.username} || '!'`,
          type: 'exported',
          at,
          userId: users.id,
        },
        sql`from ${users} where ${eq(users.id, ann.id)}`,
      ),
      found: eventOf(ann.id, 'exported'),
    })
    expect(found).toEqual([
      {
        id: expect.any(Number),
        userId: ann.id,
        type: 'exported',
        at,
        sessionId: null,
        location: `${ann.username}!`,
      },
    ])
  })

  it('inserts nothing when no row is selected', async () => {
    const { made } = await batch(open(), {
      made: insertSelect(
        events,
        { userId: users.id, type: 'exported', at: new Date() },
        sql`from ${users} where ${users.id} < 0`,
      ).returning({ id: events.id }),
    })
    expect(made).toEqual([])
  })

  it('writes each value into the column of its name, whatever the order of the table', async () => {
    const swapped = sqliteTable('mail_counts', {
      since: integer('since', { mode: 'timestamp_ms' }).notNull(),
      count: integer('count').notNull().default(7),
      key: text('key').primaryKey(),
    })
    const key = `insert:${crypto.randomUUID()}`
    const { row } = await batch(open(), {
      made: insertSelect(swapped, { key, since: new Date(5) }, sql`where true`),
      row: build.select().from(mailCounts).where(eq(mailCounts.key, key)),
    })
    expect(row).toEqual([{ key, count: 7, since: new Date(5) }])
  })

  it('takes placeholders, an upsert and a returning clause', async () => {
    const key = `insert:${crypto.randomUUID()}`
    const add = prepared(() =>
      insertSelect(
        mailCounts,
        { key: placeholder('key'), count: 1, since: placeholder('now') },
        sql`where ${placeholder('isWanted')}`,
      )
        .onConflictDoUpdate({
          target: mailCounts.key,
          set: { count: sql`${mailCounts.count} + excluded.count` },
        })
        .returning({ count: mailCounts.count, since: mailCounts.since }),
    )
    const results = await batch(open(), {
      first: add({ key, now: 9, isWanted: 1 }),
      second: add({ key, now: 10, isWanted: 1 }),
      unwanted: add({ key, now: 11, isWanted: 0 }),
    })
    const since = new Date(9)
    expect(results).toEqual({
      first: [{ count: 1, since }],
      second: [{ count: 2, since }],
      unwanted: [],
    })
  })

  it('refuses a default that is a function, which a prepared statement would evaluate once', () => {
    const random = sqliteTable('random', {
      id: text('id')
        .primaryKey()
        .$defaultFn(() => crypto.randomUUID()),
    })
    expect(() => insertSelect(random, {}, sql`where true`)).toThrow(TypeError)
  })

  it('does not compile for unknown, missing or mistyped columns', () => {
    const at = new Date()
    const one = sql`where true`
    // @ts-expect-error the table has no such column
    insertSelect(events, { userId: 1, type: 'login', at, place: 'Vienna' }, one)
    // @ts-expect-error `at` is required
    insertSelect(events, { userId: 1, type: 'login' }, one)
    // @ts-expect-error `at` is a time
    insertSelect(events, { userId: 1, type: 'login', at: 'now' }, one)
    expect(at).toBeInstanceOf(Date)
  })
})
