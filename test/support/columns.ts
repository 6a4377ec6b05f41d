/**
 * D1 returns rows as objects, and `src/db/session.ts` reads them as lists of values. Both lose
 * columns that share a name, and JavaScript moves integer names to the front. So no SELECT may have
 * either; this checks each one that a test makes the Worker send.
 */
import { env } from 'cloudflare:workers'

const sent = new Set<string>()
const checked = new Set<string>()

/** Notes the text of every statement that is prepared in a session from now on. */
export function noteStatements() {
  const session = Object.getPrototypeOf(env.DB.withSession()) as D1DatabaseSession & {
    noted?: true
  }
  if (session.noted) return
  const { prepare } = session
  session.noted = true
  session.prepare = function (query) {
    sent.add(query)
    return prepare.call(this, query)
  }
}

/** The noted SELECTs whose columns would get lost, each told once. */
export async function lossySelects(): Promise<string[]> {
  const fresh = [...sent].filter((sql) => /^\s*select\b/i.test(sql) && !checked.has(sql))
  const lossy = []
  for (const sql of fresh) {
    checked.add(sql)
    const names = await columnNames(sql)
    // SQLite makes names of a subquery unique: `id`, `id:1`.
    const isLossy = names.length > 1 && names.some((name) => /:\d+$|^\d+$/.test(name))
    if (isLossy) lossy.push(`${names.join(', ')}: ${sql}`)
  }
  return lossy
}

/**
 * Executes nothing: no row is asked for. A statement that a test broke on purpose has no columns.
 */
async function columnNames(sql: string): Promise<string[]> {
  const values = Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 1)
  const statement = env.DB.prepare(`select * from (${sql}) limit 0`).bind(...values)
  try {
    const [names] = await statement.raw({ columnNames: true })
    return names
  } catch (error) {
    if (/no such table: \w+_not_there/.test(String(error))) return []
    throw error
  }
}
