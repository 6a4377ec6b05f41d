/**
 * A deploy migrates the database while the previous release still serves requests, and a rollback
 * brings that release back to the new schema. So every statement of it must go on working.
 *
 * The statements were recorded on the previous release (`npm run release:record`), because a test
 * can count on neither the history of the repository nor an old release's dependencies. They run
 * here as transactions on SQLite, on the schema of this release.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Outcome, Snapshot, Trip } from '../previous-release/snapshot'

const ROOT = join(import.meta.dirname, '../..')
const MIGRATIONS = readdirSync(join(ROOT, 'migrations'))
  .filter((name) => name.endsWith('.sql'))
  .sort()

function readSnapshot(): Snapshot {
  const file = readFileSync(join(ROOT, 'test/previous-release/snapshot.json'), 'utf8')
  const { release, migration, sql, trips } = JSON.parse(file) as {
    release: string
    migration: string
    sql: string[]
    trips: [number, unknown[], Outcome][][]
  }
  const expand = ([at, params, outcome]: [number, unknown[], Outcome]) => ({
    sql: sql[at]!,
    params,
    ...outcome,
  })
  return { release, migration, trips: trips.map((trip) => trip.map(expand)) }
}

const snapshot = readSnapshot()

let db: DatabaseSync
beforeEach(() => {
  db = new DatabaseSync(':memory:')
  db.exec('create table d1_migrations (id integer primary key, name text)')
})

function migrate(names: string[]) {
  for (const name of names) {
    db.exec(readFileSync(join(ROOT, 'migrations', name), 'utf8'))
    db.prepare('insert into d1_migrations (name) values (?)').run(name)
  }
}

/** Runs a trip as D1 does, all or nothing, and returns what went otherwise than recorded. */
function replay(trip: Trip): string[] {
  const wrong: string[] = []
  db.exec('begin')
  try {
    for (const { sql, params, ...recorded } of trip) {
      const outcome = run(sql, params as SQLInputValue[])
      if ('fails' in recorded) continue // one statement of the trip threw: seen below
      if (JSON.stringify(outcome) !== JSON.stringify(recorded))
        wrong.push(`${JSON.stringify(outcome)}, not ${JSON.stringify(recorded)}: ${sql}`)
    }
    db.exec('commit')
    return 'fails' in trip[0]! ? ['did not fail', ...wrong] : wrong
  } catch (error) {
    db.exec('rollback')
    return 'fails' in trip[0]! ? [] : [`${String(error)}: ${trip.map(({ sql }) => sql).join('; ')}`]
  }
}

function run(sql: string, params: SQLInputValue[]): Outcome {
  const statement = db.prepare(sql)
  if (statement.columns().length === 0) return { changes: statement.run(...params).changes > 0 }
  const rows = statement.all(...params).length
  return rows > 0 ? { rows } : { changes: false }
}

/** The trips to replay, with "no rows" written one way. `d1_migrations` has more rows now. */
const trips: Trip[] = snapshot.trips
  .filter((trip) => !trip.some(({ sql }) => sql.includes('d1_migrations')))
  .map((trip) =>
    trip.map((statement) => {
      if (!('rows' in statement) || statement.rows > 0) return statement
      return { sql: statement.sql, params: statement.params, changes: false }
    }),
  )

describe('the previous release, on the schema of this one', () => {
  it('was recorded with migrations that this release still begins with', () => {
    expect(MIGRATIONS).toContain(snapshot.migration)
    expect(trips.length).toBeGreaterThan(50)
  })

  it('does with every statement what it did on its own schema', () => {
    migrate(MIGRATIONS)
    expect(trips.flatMap(replay)).toEqual([])
  })

  it('goes on in the middle of its work when the migrations arrive', () => {
    const own = MIGRATIONS.slice(0, MIGRATIONS.indexOf(snapshot.migration) + 1)
    const half = Math.floor(trips.length / 2)
    migrate(own)
    expect(trips.slice(0, half).flatMap(replay)).toEqual([])
    migrate(MIGRATIONS.slice(own.length))
    expect(trips.slice(half).flatMap(replay)).toEqual([])
  })

  it.each([
    ['drops a column', 'alter table users drop column full_name'],
    ['renames a column', 'alter table sessions rename column rotated_at to turned_at'],
    ['drops a table', 'drop table idempotency_keys'],
    ['adds a rule that its rows break', 'create unique index one_post on posts (author_id)'],
    [
      'rejects its rows',
      `create trigger no_users before insert on users begin select raise(abort, 'a column is missing'); end`,
    ],
  ])('notices a migration that %s', (_, sql) => {
    migrate(MIGRATIONS)
    db.exec(sql)
    expect(trips.flatMap(replay)).not.toEqual([])
  })
})
