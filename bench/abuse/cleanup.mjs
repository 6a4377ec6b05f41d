// Rows that strangers make without an account, and the scheduled deletion: does it keep up, and are
// the tables bounded? One client makes the rows of a minute through the API. Copies of them stand
// for 20 clients, and the time of the scheduled handler is the simulated clock.
import { runsAt } from '../cron.mjs'
import { send } from '../load.mjs'
import { addUp, histogram } from '../numbers.mjs'
import { signIn } from '../people.mjs'
import { columnsOf, copyRow, RANDOM_KEY } from '../rows.mjs'
import { start } from '../server.mjs'
import { limited, noted } from './row.mjs'

const CLIENTS = 20
const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS
/** Later than every retention period. */
const LATER_MS = 200 * 24 * HOUR_MS
const FLAT = [10, 12] // hours between which a table that is bounded at 700 000 rows does not grow
const EXPIRED = 3 // hours of work after everything has expired
const CLIENT = { 'CF-Connecting-IP': '198.51.100.1' }

export async function cleanup(folder) {
  const worker = await start(folder)
  try {
    const before = await countRows(worker.db)
    const statuses = await oneMinute(worker.url)
    const samples = await grownTables(worker.db, before)
    const simulation = new Simulation(worker, samples)
    const sizes = []
    for (let hour = 1; hour <= FLAT[1]; hour++) {
      await simulation.hour()
      if (FLAT.includes(hour)) sizes.push(await countRows(worker.db))
    }
    simulation.now += LATER_MS
    const start = await countRows(worker.db)
    for (let hour = 0; hour < EXPIRED; hour++) await simulation.hour()
    const end = await countRows(worker.db)
    return [
      noted('statuses of one minute of a client', histogram(statuses)),
      ...samples.flatMap(({ table, made }) => {
        const hourly = made * CLIENTS * 60
        const deleted = (start.get(table) - end.get(table)) / EXPIRED + hourly
        const ratio = sizes[1].get(table) / sizes[0].get(table)
        return [
          noted(`${table}: rows made in an hour`, String(hourly)),
          limited(`${table}: rows after ${FLAT[1]} h ÷ after ${FLAT[0]} h`, ratio, 1.01, DIGITS),
          limited(`${table}: made ÷ deleted in an hour, expired`, hourly / deleted, 1, DIGITS),
        ]
      }),
    ]
  } finally {
    await worker.stop()
  }
}
const DIGITS = { digits: 2 }

/** Sends what one client may send in a minute without an account, each with a new name. */
async function oneMinute(url) {
  const statuses = new Map()
  for (let n = 0; n < 60; n++) {
    const wrong = signIn(`unknown${n}@example.com`, 'not the password at all')
    addUp(statuses, [[(await send(url, { ...wrong, headers: CLIENT })).status, 1]])
  }
  for (let n = 0; n < 10; n++) {
    const json = { email: `mailed${n}@example.com` }
    const forgot = { method: 'POST', path: '/api/users/forgot-password', json, headers: CLIENT }
    addUp(statuses, [[(await send(url, forgot)).status, 1]])
  }
  return statuses
}

/** Counts the rows of every table but those of the search index. */
async function countRows(db) {
  const { results } = await db
    .prepare(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
       and name not like '\\_cf\\_%' escape '\\' and name not like 'posts_search%'`,
    )
    .all()
  const counts = new Map()
  for (const { name } of results) {
    const { n } = await db.prepare(`select count(*) as n from ${name}`).first()
    counts.set(name, n)
  }
  return counts
}

/** @returns {Promise<{ table: string, made: number, row: object }[]>} each table that grew */
async function grownTables(db, before) {
  const tables = []
  for (const [table, count] of await countRows(db)) {
    const made = count - before.get(table)
    if (made <= 0) continue
    const row = await db.prepare(`select * from ${table} order by rowid desc limit 1`).first()
    tables.push({ table, made, row })
  }
  return tables
}

/**
 * The simulated clock: each hour adds its rows and runs the scheduled handler as wrangler.toml
 * says.
 */
class Simulation {
  constructor({ db, scheduled, crons }, samples) {
    this.begin = Date.now()
    this.now = this.begin
    this.worker = { db, scheduled, crons }
    this.samples = samples
  }

  async hour() {
    const { db, scheduled, crons } = this.worker
    for (const { table, made, row } of this.samples) {
      const set = { ...(await uniqueKeys(db, table)), ...this.#times(row) }
      await copyRow(db, { table, row, count: made * CLIENTS * 60, set, chunk: 20_000 })
    }
    for (let minute = 0; minute < 60; minute++) {
      for (const cron of crons.filter((line) => runsAt(line, minute)))
        await scheduled(new Date(this.now + minute * MINUTE_MS), cron)
    }
    this.now += HOUR_MS
  }

  /** The time columns of a row, moved to the simulated hour. */
  #times(row) {
    const isTime = ([, value]) => typeof value === 'number' && value > this.begin - HOUR_MS
    const moved = Math.round(this.now - this.begin)
    return Object.fromEntries(
      Object.entries(row)
        .filter(isTime)
        .map(([name]) => [name, `source.${name} + ${moved}`]),
    )
  }
}

/** Random values for the text columns of the unique indexes of a table. */
async function uniqueKeys(db, table) {
  const set = {}
  const all = await columnsOf(db, table)
  const texts = new Set(all.filter((c) => c.type.toLowerCase() === 'text').map((c) => c.name))
  const { results: indexes } = await db.prepare(`pragma index_list(${table})`).all()
  for (const { name } of indexes.filter((index) => index.unique)) {
    const { results: columns } = await db.prepare(`pragma index_info(${name})`).all()
    for (const column of columns) if (texts.has(column.name)) set[column.name] = RANDOM_KEY
  }
  return set
}
