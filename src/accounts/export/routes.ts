/** Everything that is held on a person, as one JSON file (GDPR Art. 15 and 20), streamed so that its size costs no memory. */
import type { TypedResponse } from 'hono'
import type { Database } from '../../db'
import { viewEvent } from '../../event'
import { unguarded } from '../../http/actor'
import { endpoint, json } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { viewPrivate } from '../../user'
import { Export, viewLink, viewOwnPost, viewOwnSession } from './schemas'
import { beginExport, type ExportStart, exportEvents, exportPosts } from './store'

export const exportAccount = endpoint(
  {
    method: 'get',
    path: '/api/users/me/export',
    operationId: 'exportAccount',
    summary: 'Everything that is held on me, as one file',
    tags: ['accounts'],
    access: 'account',
    limit: 'write',
    responses: { 200: json(Export, 'The file, streamed') },
  },
  async (c) => {
    const { caller, now, location, settings } = c.var
    const db = unguarded(c)
    // One trip decides, and gives the first bytes. Posts and events are read while they are sent, page by page: 10 000 posts
    // in one answer of D1 would not fit into an isolate.
    const start = await beginExport(db, caller, now, location())
    logSecurity(c, 'exported', caller.userId, caller.sessionId)
    return c.body(stream(write(db, start, settings.appOrigin)), 200, {
      'Content-Type': 'application/json',
      'Content-Disposition': 'attachment; filename="gatepost-export.json"',
      // Compression on the way would hold pages back until a block is full.
      'Content-Encoding': 'identity',
    }) as unknown as TypedResponse<Export, 200, 'json'>
  },
)

/** The file in pieces of about a page each. */
async function* write(db: Database, start: ExportStart, origin: string): AsyncGenerator<string> {
  const { user, sessions, links } = start
  const head = JSON.stringify({
    exported_at: start.at.toISOString(),
    profile: viewPrivate(user, origin),
    sessions: sessions.map(viewOwnSession),
    links: links.map(viewLink),
  })
  yield `${head.slice(0, -1)},"posts":[`
  yield* members(exportPosts(db, user.id), viewOwnPost)
  yield '],"events":['
  yield* members(exportEvents(db, user.id), viewEvent)
  yield ']}\n'
}

/** The members of an array, a page at a time. */
async function* members<Row>(
  pages: AsyncGenerator<Row[]>,
  view: (row: Row) => unknown,
): AsyncGenerator<string> {
  let separator = ''
  for await (const rows of pages) {
    yield separator + rows.map((row) => JSON.stringify(view(row))).join(',\n')
    separator = ',\n'
  }
}

/** Pulled by the client's pace: nothing is read ahead. What fails midway breaks the connection off, so that no half file looks whole. */
function stream(parts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await parts.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
