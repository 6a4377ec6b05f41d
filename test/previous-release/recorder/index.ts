/** The Worker, with every trip to D1 and every mail recorded: for `npm run release:record`. */
import worker from '../../../src/index'
import type { Outcome, Trip } from '../snapshot'

const trips: Trip[] = []
const mails: unknown[] = []

interface Recorded {
  sql: string
  params: unknown[]
  original: D1PreparedStatement
}
/** The recorded statement of each statement that the Worker has. */
const behind = new WeakMap<object, Recorded>()

function statement(sql: string, params: unknown[], original: D1PreparedStatement): object {
  const record = async <T>(work: Promise<T>, outcome: (result: T) => Outcome) => {
    const result = await settled(work)
    trips.push([{ sql, params, ...('error' in result ? FAILED : outcome(result.value)) }])
    if ('error' in result) throw result.error
    return result.value
  }
  const wrapped = {
    bind: (...values: unknown[]) => statement(sql, values, original.bind(...values)),
    run: () => record(original.run(), outcomeOf),
    all: () => record(original.all(), outcomeOf),
    raw: () => record(original.raw(), (rows) => ({ rows: rows.length })),
    first: () => record(original.first(), (row) => ({ rows: row === null ? 0 : 1 })),
  }
  behind.set(wrapped, { sql, params, original })
  return wrapped
}

const FAILED: Outcome = { fails: true }

function outcomeOf({ results, meta }: D1Result): Outcome {
  return results.length > 0 ? { rows: results.length } : { changes: meta.changes > 0 }
}

async function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}

/** D1, or a session with it, that records. */
function recording(database: D1Database | D1DatabaseSession): unknown {
  return {
    prepare: (sql: string) => statement(sql, [], database.prepare(sql)),
    async batch(wrapped: object[]) {
      const recorded = wrapped.map((one) => behind.get(one)!)
      const result = await settled(database.batch(recorded.map(({ original }) => original)))
      trips.push(
        recorded.map(({ sql, params }, at) => ({
          sql,
          params,
          ...('error' in result ? FAILED : outcomeOf(result.value[at]!)),
        })),
      )
      if ('error' in result) throw result.error
      return result.value
    },
    withSession: (start: string) => recording((database as D1Database).withSession(start)),
    getBookmark: () => ('getBookmark' in database ? database.getBookmark() : null),
  }
}

// biome-ignore lint/style/noDefaultExport: a Worker is one
export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/recorded') return Response.json({ trips, mails })
    const mail = {
      send: async (message: unknown) => {
        mails.push(message)
        return { messageId: '' }
      },
    }
    const recorded = { ...env, DB: recording(env.DB), MAIL: mail } as unknown as Env
    if (pathname === '/recorded/hour') {
      const controller = { scheduledTime: Date.now(), cron: '', noRetry: () => undefined }
      await worker.scheduled(controller, recorded)
      return new Response()
    }
    if (pathname === '/recorded/sql') {
      await recorded.DB.prepare(await request.json()).run()
      return new Response()
    }
    return worker.fetch(request, recorded, context)
  },
} satisfies ExportedHandler<Env>
