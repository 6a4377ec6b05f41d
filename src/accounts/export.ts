/** Everything that is held on a person, as one JSON file (GDPR Art. 15 and 20), streamed so that its size costs no memory. */
import type { TypedResponse } from 'hono'
import { viewEvent } from '../event'
import { endpoint, json } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { viewPrivate } from '../user'
import { beginExport, type ExportStart, exportEvents, exportPosts } from './export-store'
import { Export, viewLink, viewOwnPost, viewOwnSession } from './schemas-export'

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
    const { db, caller, now, location, settings } = c.var
    // One trip decides and gives the first part. The rest of a long export is read while it is sent, page by page:
    // 10 000 posts in one answer of D1 would not fit into an isolate.
    const start = await beginExport(db, caller, now, location())
    logSecurity(c, 'exported', caller.userId, caller.sessionId)
    const pages = {
      posts: (after: number) => exportPosts(db, caller.userId, after),
      events: (after: number) => exportEvents(db, caller.userId, after),
    }
    return c.body(stream(write(start, pages, settings.appOrigin)), 200, {
      'Content-Type': 'application/json',
      'Content-Disposition': 'attachment; filename="gatepost-export.json"',
    }) as unknown as TypedResponse<Export, 200, 'json'>
  },
)

interface Pages {
  posts: (after: number) => ReturnType<typeof exportPosts>
  events: (after: number) => ReturnType<typeof exportEvents>
}

/** The file in pieces of about a page each. */
async function* write(start: ExportStart, pages: Pages, origin: string): AsyncGenerator<string> {
  const head = JSON.stringify({
    exported_at: start.at.toISOString(),
    profile: viewPrivate(start.user, origin),
    sessions: start.sessions.map(viewOwnSession),
    links: start.links.map(viewLink),
  })
  yield `${head.slice(0, -1)},"posts":[`
  yield* list(start.posts, pages.posts, viewOwnPost)
  yield '],"events":['
  yield* list(await pages.events(0), pages.events, viewEvent)
  yield ']}\n'
}

/** The members of an array, page after page until one is empty. */
async function* list<Row extends { id: number }>(
  first: Row[],
  next: (after: number) => Promise<Row[]>,
  view: (row: Row) => unknown,
): AsyncGenerator<string> {
  let rows = first
  let separator = ''
  for (let last = rows.at(-1); last; last = rows.at(-1)) {
    yield separator + rows.map((row) => JSON.stringify(view(row))).join(',\n')
    separator = ',\n'
    rows = await next(last.id)
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
