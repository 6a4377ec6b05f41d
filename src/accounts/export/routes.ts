/**
 * Everything that is stored about the caller, as one JSON file (GDPR Art. 15 and 20). It is
 * streamed page by page: 10 000 posts in one answer of D1 would not fit into the memory of an
 * isolate.
 */
import type { TypedResponse } from 'hono'
import type { CallerContext } from '../../context'
import { viewPasskey } from '../../credentials/passkeys/schemas'
import { viewEvent } from '../../event-view'
import { endpoint, json } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { logLine } from '../../security/log-line'
import { viewPrivate } from '../../user'
import { Export, viewLink, viewOwnIdentity, viewOwnPost, viewOwnSession } from './schemas'
import {
  beginExport,
  checkSession,
  type Exporter,
  type ExportStart,
  exportEvents,
  exportPosts,
  exportSessions,
} from './store'
import { streamOf } from './stream'

export const exportAccount = endpoint(
  {
    method: 'get',
    path: '/api/users/me/export',
    operationId: 'exportAccount',
    summary: 'Everything that is stored about me, as one file',
    description:
      'The file ends with `]}`. The connection is closed before that if the session ends meanwhile, or after 10 minutes.',
    tags: ['accounts'],
    access: 'account',
    limit: 'write',
    responses: { 200: json(Export, 'The file, streamed') },
  },
  async (c) => {
    const { actor, caller } = c.var
    // hono routes HEAD to this handler. It exports nothing, so there is nothing to record.
    if (c.req.method === 'HEAD') {
      await checkSession(actor)
      return file(c, null)
    }
    const start = await beginExport(actor)
    logSecurity(c, 'exported', caller.userId, caller.sessionId)
    const exporter = { actor, clock: () => new Date() }
    const onError = (error: unknown) =>
      console.error(
        logLine({ event: 'export_aborted', request_id: c.var.requestId, error: String(error) }),
      )
    return file(c, streamOf(write(start, exporter), onError))
  },
)

const file = (c: CallerContext, body: ReadableStream<Uint8Array> | null) =>
  c.newResponse(body, 200, {
    'Content-Type': 'application/json',
    'Content-Disposition': 'attachment; filename="gatepost-export.json"',
    // A compressor on the way would hold pages back until its block is full.
    'Content-Encoding': 'identity',
  }) as unknown as TypedResponse<Export, 200, 'json'>

/** The file in parts of about a page each. */
async function* write(start: ExportStart, exporter: Exporter): AsyncGenerator<string> {
  const { now, settings } = exporter.actor
  const { user, links, passkeys, identities } = start
  const head = JSON.stringify({
    exported_at: now.toISOString(),
    profile: viewPrivate(user, settings.appOrigin),
    links: links.map(viewLink),
    passkeys: passkeys.map((row) => viewPasskey(row, settings.passkeyRpId)),
    identities: identities.map((row) => viewOwnIdentity(row, settings)),
  })
  yield `${head.slice(0, -1)},"sessions":[`
  yield* members(exportSessions(exporter), viewOwnSession)
  yield '],"posts":['
  yield* members(exportPosts(exporter), viewOwnPost)
  yield '],"events":['
  yield* members(exportEvents(exporter), viewEvent)
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
