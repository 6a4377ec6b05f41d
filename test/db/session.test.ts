/**
 * A replica gets a migration later than the primary. Reads that began there go on at the primary.
 */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDatabase, type Trips } from '../../src/db'
import { users } from '../../src/db/schema'
import { BOOKMARK } from '../../src/http/bookmark'
import { workerWith } from '../support/client'
import { person } from '../support/users'

const ERROR = 'D1_ERROR: no such column: posts.revision at offset 7: SQLITE_ERROR'
const BOOKMARK_OF_A_CLIENT = '00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683'

/** A database whose replica answers with `error`, and a list of where sessions began. */
function lagging(error = ERROR) {
  const began: string[] = []
  const fail = async () => {
    throw new Error(error)
  }
  const statement = { bind: () => statement, all: fail, run: fail, raw: fail }
  const replica = { prepare: () => statement, batch: fail, getBookmark: () => null }
  const withSession = (start: string) => {
    began.push(start)
    return start === 'first-primary' ? env.DB.withSession(start) : replica
  }
  return { began, binding: { withSession } as unknown as D1Database }
}

describe('a read from a replica that lacks a migration', () => {
  it.each([ERROR, 'D1_ERROR: no such table: posts: SQLITE_ERROR'])(
    'is repeated once at the primary: %s',
    async (error) => {
      for (const headers of [{}, { [BOOKMARK]: BOOKMARK_OF_A_CLIENT }]) {
        const { binding, began } = lagging(error)
        const response = await workerWith({ DB: binding, SERVER_TIMING: 'off' })(
          'GET',
          '/api/posts',
          {
            headers,
          },
        )
        expect(response.status).toBe(200)
        expect(began).toEqual([Object.values(headers)[0] ?? 'first-unconstrained', 'first-primary'])
        expect(response.headers.get(BOOKMARK)).toMatch(/^[\da-f]{8}-/)
      }
    },
  )

  it('goes on at the primary for the rest of the request', async () => {
    const { binding, began } = lagging()
    const trips: Trips = { count: 0, ms: 0 }
    const db = openDatabase(binding, trips, 'first-unconstrained')
    await db.select({ id: users.id }).from(users).limit(1)
    await db.batch([db.select({ id: users.id }).from(users).limit(1)])
    expect(began).toEqual(['first-unconstrained', 'first-primary'])
    expect(trips.count).toBe(3)
    expect(trips.repeated).toBe(true)
  })

  it('is not repeated when the error is another one', async () => {
    const { binding, began } = lagging('D1_ERROR: Network connection lost.')
    const response = await workerWith({ DB: binding })('GET', '/api/posts')
    expect(response.status).toBe(503)
    expect(began).toEqual(['first-unconstrained'])
  })
})

describe('a bookmark of a client that D1 cannot use', () => {
  const FUTURE = 'ffffffff-ffffffff-ffffffff-ffffffffffffffffffffffffffffffff'

  /** A database that does `act` for any session that begins at a bookmark. */
  function unable(act: () => Promise<never>) {
    const began: string[] = []
    const statement = { bind: () => statement, all: act, run: act }
    const withSession = (start: string) => {
      began.push(start)
      const isReal = start.startsWith('first-')
      return isReal
        ? env.DB.withSession(start)
        : { prepare: () => statement, batch: act, getBookmark: () => null }
    }
    return { began, binding: { withSession } as unknown as D1Database }
  }

  it.each<[string, () => Promise<never>]>([
    ['refuses', () => Promise.reject(new Error('D1_ERROR: invalid bookmark'))],
    ['waits for', () => new Promise(() => {})],
  ])('is dropped when D1 %s it, and the client gets a new one', async (_, act) => {
    const { began, binding } = unable(act)
    const ask = workerWith({ DB: binding, SERVER_TIMING: 'off' })
    const start = performance.now()
    const response = await ask('GET', '/api/posts', { headers: { [BOOKMARK]: FUTURE } })
    expect(response.status).toBe(200)
    expect(began).toEqual([FUTURE, 'first-unconstrained'])
    expect(performance.now() - start).toBeLessThan(15_000)
    expect(response.headers.get(BOOKMARK)).toMatch(/^[\da-f]{8}-/)
    expect(response.headers.get(BOOKMARK)).not.toBe(FUTURE)
  })

  it('is retried once: 503 when D1 is down', async () => {
    const down = () => Promise.reject(new Error('D1_ERROR: Network connection lost.'))
    const began: string[] = []
    const statement = { bind: () => statement, all: down, run: down, raw: down }
    const withSession = (start: string) => {
      began.push(start)
      return { prepare: () => statement, batch: down, getBookmark: () => null }
    }
    const ask = workerWith({ DB: { withSession }, SERVER_TIMING: 'off' })
    const response = await ask('GET', '/api/posts', { headers: { [BOOKMARK]: FUTURE } })
    expect([response.status, began]).toEqual([503, [FUTURE, 'first-unconstrained']])
  })
})

describe('a request that begins at the primary', () => {
  it('is not repeated when a migration is missing there: 503', async () => {
    const { token } = await person()
    const began: string[] = []
    const fail = vi.fn(async () => {
      throw new Error(ERROR)
    })
    const statement = { bind: () => statement, all: fail, run: fail, raw: fail }
    const withSession = (start: string) => {
      began.push(start)
      return { prepare: () => statement, batch: fail, getBookmark: () => null }
    }
    const response = await workerWith({ DB: { withSession } })('GET', '/api/users/me', { token })
    expect(response.status).toBe(503)
    expect(began).toEqual(['first-primary'])
    expect(fail).toHaveBeenCalledTimes(1)
  })
})

describe('what D1 reports about a trip', () => {
  afterEach(() => vi.restoreAllMocks())
  const sample = (isSampled: boolean) =>
    vi.spyOn(Math, 'random').mockReturnValue(isSampled ? 0 : 0.99)
  const selectUsers = (db: ReturnType<typeof openDatabase>) => db.select().from(users).limit(2)

  it('is added up for batches, and for single reads of a sampled session', async () => {
    const { id } = await person()
    sample(true)
    const trips: Trips = { count: 0, ms: 0 }
    const db = openDatabase(env.DB, trips)
    await selectUsers(db)
    expect(trips.served).toMatchObject({ primary: true, rowsRead: 2, rowsWritten: 0 })
    await db.batch([
      selectUsers(db),
      db.update(users).set({ fullName: 'Ann' }).where(eq(users.id, id)),
    ])
    expect(trips.served).toEqual({
      region: null,
      primary: true,
      rowsRead: 5,
      rowsWritten: 1,
    })
  })

  it('is reported for batches only in other sessions, and the rows are the same', async () => {
    await Promise.all([person(), person()])
    const [sampled, other]: [Trips, Trips] = [
      { count: 0, ms: 0 },
      { count: 0, ms: 0 },
    ]
    sample(true)
    const rows = await selectUsers(openDatabase(env.DB, sampled))
    sample(false)
    const db = openDatabase(env.DB, other)
    expect(await selectUsers(db)).toEqual(rows)
    expect(other.served).toBeUndefined()
    await db.batch([selectUsers(db)])
    expect(other.served?.rowsRead).toBe(2)
  })
})
