/**
 * Cloudflare's API and the deployed Worker on the loopback, as far as `npm run deploy`, `npm run
 * doctor` and wrangler use them. D1 is SQLite, so migrations and queries really run.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

export interface Version {
  id: string
  message: string
  tag: string
}
export interface Worker {
  secrets: Map<string, string>
  vars: Record<string, string>
  bindings: string[]
  versions: Version[]
  /** Ids of versions, newest deployment first. */
  deployments: string[]
  crons: string[]
}
interface Database {
  uuid: string
  name: string
  sql: DatabaseSync
  place: string
}
interface Reply {
  status?: number
  result?: unknown
  error?: { code: number; message: string }
}
type Handler = (call: {
  parts: string[]
  body: Buffer
  request: IncomingMessage
}) => Reply | Promise<Reply>

const notFound = (code: number, message: string): Reply => ({
  status: 404,
  error: { code, message },
})
const json = (body: Buffer) => JSON.parse(body.toString() || '{}') as Record<string, unknown>

export class FakeCloudflare {
  accounts = [{ id: 'a1', name: 'Ann' }]
  subdomain: string | null = 'ann'
  databases: Database[] = []
  buckets = new Map<string, { jurisdiction: string | undefined }>()
  workers = new Map<string, Worker>()
  zones: { id: string; name: string; senders: string[] }[] = []
  /** Custom domains that were added in the dashboard. */
  domains: { hostname: string; service: string }[] = []
  /** Calls in order, without the account: `GET d1/database/gatepost`. */
  calls: string[] = []
  /** Calls that this answers are refused with 403. */
  refuses: RegExp | null = null
  /** Called before a call is handled. `drop`: it is not handled, and its connection breaks. */
  before: (call: string) => 'drop' | undefined = () => undefined
  /** The database of the deployed Worker answers. */
  isReady = true
  /** Read replication of the databases is on. */
  isReplicated = true

  #server = createServer((request, response) => void this.#serve(request, response))

  async start() {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening))
    return this
  }
  async stop() {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
  /** The address of the deployed Worker; the API is below `/client/v4`. */
  get origin() {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  /** The calls that changed something. */
  get changes() {
    return this.calls.filter((call) => !/^GET |query \(read\)|assets-upload-session/.test(call))
  }

  addDatabase(name: string, place = '') {
    const database = { uuid: randomUUID(), name, sql: new DatabaseSync(':memory:'), place }
    this.databases.push(database)
    return database
  }

  addWorker(name: string, worker: Partial<Worker> = {}) {
    const id = randomUUID()
    const added: Worker = {
      secrets: new Map(),
      vars: {},
      bindings: ['DB'],
      versions: [{ id, message: 'an older one', tag: '' }],
      deployments: [id],
      crons: [],
      ...worker,
    }
    this.workers.set(name, added)
    return added
  }

  async #serve(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '', this.origin)
    if (!url.pathname.startsWith('/client/v4/')) return this.#answerAsWorker(url.pathname, response)
    const { call, path } = this.#describe(request, url, Buffer.concat(chunks))
    this.calls.push(call)
    if (this.before(call) === 'drop') return request.destroy()
    const reply = this.refuses?.test(call)
      ? { status: 403, error: { code: 10000, message: 'Authentication error' } }
      : await this.#answer(request, path, Buffer.concat(chunks))
    const { status = reply.error ? 400 : 200, result = null, error } = reply
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(
      JSON.stringify({ success: !error, errors: error ? [error] : [], messages: [], result }),
    )
  }

  #describe(request: IncomingMessage, url: URL, body: Buffer) {
    const full = url.pathname.slice('/client/v4/'.length)
    const path = full.replace(/^accounts\/[^/]+\/(?=.)/, '')
    const name = this.databases.reduce((text, { uuid, name }) => text.replace(uuid, name), path)
    const kind = /\/query$/.test(path)
      ? ` (${/^\s*(?:select|pragma|with)\b/i.test(String(json(body).sql)) ? 'read' : 'write'})`
      : ''
    return { call: `${request.method} ${name}${kind}`, path }
  }

  #routes: [RegExp, Handler][] = [
    [/^GET accounts$/, () => ({ result: this.accounts })],
    [/^GET user$/, () => ({ result: { id: 'u', email: 'ann@example.org' } })],
    [/^GET memberships$/, () => ({ result: this.accounts.map((account) => ({ account })) })],
    [/^GET workers\/subdomain$/, () => this.#readSubdomain()],
    [/^PUT workers\/subdomain$/, ({ body }) => this.#register(String(json(body).subdomain))],
    [/^GET d1\/database\/([^/]+)$/, ({ parts }) => this.#readDatabase(parts[0]!)],
    [/^POST d1\/database$/, ({ body }) => this.#createDatabase(json(body))],
    [
      /^POST d1\/database\/([^/]+)\/query$/,
      ({ parts, body }) => this.#query(parts[0]!, json(body)),
    ],
    [
      /^GET d1\/database\/[^/]+\/time_travel\/bookmark$/,
      () => ({
        result: { bookmark: '00000001-00000002-00000003-0123456789abcdef0123456789abcdef' },
      }),
    ],
    [/^GET r2\/buckets\/(.+)$/, ({ parts, request }) => this.#readBucket(parts[0]!, request)],
    [/^POST r2\/buckets$/, ({ body, request }) => this.#createBucket(json(body), request)],
    [/^GET workers\/services\/(.+)$/, ({ parts }) => this.#readService(parts[0]!)],
    [
      /^GET workers\/workers\/(.+)$/,
      () => ({ result: { id: 'w', subdomain: { enabled: true, previews_enabled: false } } }),
    ],
    [
      /^GET workers\/scripts\/([^/]+)\/(secrets|settings|deployments|schedules)$/,
      ({ parts }) => this.#readScript(parts[0]!, parts[1]!),
    ],
    [
      /^GET workers\/scripts\/([^/]+)\/versions\/(.+)$/,
      ({ parts }) => this.#readVersion(parts[0]!, parts[1]!),
    ],
    [
      /^POST workers\/scripts\/[^/]+\/assets-upload-session$/,
      () => ({ result: { jwt: 'jwt', buckets: [] } }),
    ],
    [
      /^(?:PUT workers\/scripts\/([^/]+)|POST workers\/scripts\/([^/]+)\/versions)$/,
      ({ parts, body, request }) => this.#upload(parts[0], parts[1], body, request),
    ],
    [
      /^POST workers\/scripts\/[^/]+\/subdomain$/,
      () => ({ result: { enabled: true, previews_enabled: false } }),
    ],
    [
      /^PUT workers\/scripts\/([^/]+)\/schedules$/,
      ({ parts, body }) => this.#schedule(parts[0]!, body),
    ],
    [
      /^POST workers\/scripts\/([^/]+)\/deployments$/,
      ({ parts, body }) => this.#redeploy(parts[0]!, json(body)),
    ],
    [/^PATCH workers\/scripts\/[^/]+\/script-settings$/, () => ({ result: {} })],
    [/^PUT workers\/scripts\/[^/]+\/domains\/records$/, () => ({ result: [] })],
    [
      /^POST workers\/scripts\/[^/]+\/domains\/changeset$/,
      () => ({ result: { added: [], removed: [], updated: [], conflicting: [] } }),
    ],
    [/^GET workers\/domains$/, () => ({ result: this.domains })],
    [
      /^GET email\/sending\/zones$/,
      () => ({ result: this.zones.map(({ id, name }) => ({ id, name })) }),
    ],
    [
      /^GET zones\/([^/]+)\/email\/sending\/subdomains$/,
      ({ parts }) => ({
        result: this.zones
          .find(({ id }) => id === parts[0])
          ?.senders.map((name) => ({ name, enabled: true })),
      }),
    ],
  ]

  #answer(request: IncomingMessage, path: string, body: Buffer): Reply | Promise<Reply> {
    const asked = `${request.method} ${path}`
    for (const [pattern, handler] of this.#routes) {
      const [match, ...parts] = pattern.exec(asked) ?? []
      if (match) return handler({ parts, body, request })
    }
    return notFound(7003, `No route for ${asked}`)
  }

  #readSubdomain(): Reply {
    if (this.subdomain) return { result: { subdomain: this.subdomain } }
    return notFound(10007, 'workers.api.error.subdomain_not_found')
  }
  #register(subdomain: string): Reply {
    if (subdomain === 'taken')
      return { status: 409, error: { code: 10031, message: 'Subdomain is unavailable' } }
    this.subdomain = subdomain
    return { result: { subdomain } }
  }

  #findDatabase = (key: string) =>
    this.databases.find(({ uuid, name }) => key === uuid || key === name)
  #readDatabase(key: string): Reply {
    const found = this.#findDatabase(key)
    if (!found) return notFound(7404, `The database ${key} could not be found`)
    const { uuid, name } = found
    const more = {
      version: 'production',
      file_size: 12_288,
      running_in_region: 'WEUR',
      read_replication: { mode: this.isReplicated ? 'auto' : 'disabled' },
    }
    return { result: { uuid, name, ...more } }
  }
  #createDatabase({ name, primary_location_hint, jurisdiction }: Record<string, unknown>): Reply {
    const { uuid } = this.addDatabase(
      String(name),
      String(jurisdiction ?? primary_location_hint ?? ''),
    )
    return { result: { uuid, name } }
  }
  #query(key: string, { sql }: Record<string, unknown>): Reply {
    const database = this.#findDatabase(key)
    if (!database) return notFound(7404, 'no such database')
    const text = String(sql)
    try {
      const isRead = /^\s*(?:select|pragma|with)\b/i.test(text)
      if (!isRead) database.sql.exec(text)
      const results = isRead ? database.sql.prepare(text).all() : []
      return { result: [{ success: true, results, meta: { duration: 0 } }] }
    } catch (error) {
      return { error: { code: 7500, message: (error as Error).message } }
    }
  }

  #readBucket(name: string, request: IncomingMessage): Reply {
    const found = this.buckets.get(name)
    const asked = request.headers['cf-r2-jurisdiction']
    if (!found || found.jurisdiction !== asked)
      return notFound(10006, 'The specified bucket does not exist.')
    return { result: { name } }
  }
  #createBucket({ name }: Record<string, unknown>, request: IncomingMessage): Reply {
    this.buckets.set(String(name), {
      jurisdiction: request.headers['cf-r2-jurisdiction'] as string | undefined,
    })
    return { result: {} }
  }

  #readService(name: string): Reply {
    if (!this.workers.has(name)) return notFound(10090, 'workers.api.error.service_not_found')
    const script = { tag: 't', last_deployed_from: 'wrangler' }
    return { result: { id: name, default_environment: { environment: 'production', script } } }
  }
  #readScript(name: string, what: string): Reply {
    const worker = this.workers.get(name)
    if (!worker) return notFound(10007, 'This Worker does not exist on your account.')
    const versions = (id: string) => [{ version_id: id, percentage: 100 }]
    const answers: Record<string, unknown> = {
      secrets: [...worker.secrets.keys()].map((name) => ({ name, type: 'secret_text' })),
      settings: { bindings: worker.bindings.map((name) => ({ name })) },
      deployments: {
        deployments: worker.deployments.map((id) => ({
          id: randomUUID(),
          strategy: 'percentage',
          versions: versions(id),
        })),
      },
      schedules: { schedules: worker.crons.map((cron) => ({ cron })) },
    }
    return { result: answers[what] }
  }
  #readVersion(name: string, id: string): Reply {
    const version = this.workers.get(name)?.versions.find((one) => one.id === id)
    if (!version) return notFound(10007, 'no such version')
    const annotations = { 'workers/message': version.message, 'workers/tag': version.tag }
    return {
      result: {
        id,
        number: 1,
        metadata: { created_on: '', author_email: '', source: 'wrangler' },
        annotations,
        resources: { bindings: [] },
      },
    }
  }
  /**
   * Wrangler puts the script of a new Worker, and posts a version of one that exists, to deploy it
   * later.
   */
  async #upload(
    created: string | undefined,
    existing: string | undefined,
    body: Buffer,
    request: IncomingMessage,
  ): Promise<Reply> {
    const name = String(created ?? existing)
    const headers = { 'Content-Type': request.headers['content-type'] ?? '' }
    const form = await new Response(new Uint8Array(body), { headers }).formData()
    const metadata = JSON.parse(String(form.get('metadata'))) as {
      annotations?: Record<string, string>
      bindings: { name: string; type: string; text?: string }[]
    }
    const worker = this.workers.get(name) ?? this.addWorker(name, { versions: [], deployments: [] })
    for (const { name: key, type, text } of metadata.bindings)
      if (type === 'secret_text' && text !== undefined) worker.secrets.set(key, text)
      else if (type === 'plain_text') worker.vars[key] = String(text)
    worker.bindings = metadata.bindings.map((binding) => binding.name)
    const id = randomUUID()
    const { annotations = {} } = metadata
    worker.versions.push({
      id,
      message: annotations['workers/message'] ?? '',
      tag: annotations['workers/tag'] ?? '',
    })
    if (existing)
      return {
        result: {
          id,
          startup_time_ms: 4,
          metadata: { has_preview: false },
          resources: { script: { etag: 'e' } },
        },
      }
    worker.deployments.unshift(id)
    return {
      result: {
        id: name,
        tag: 't',
        etag: 'e',
        startup_time_ms: 4,
        deployment_id: id.replaceAll('-', ''),
        available_on_subdomain: true,
      },
    }
  }
  #schedule(name: string, body: Buffer): Reply {
    const worker = this.workers.get(name)
    if (worker)
      worker.crons = (JSON.parse(body.toString()) as { cron: string }[]).map(({ cron }) => cron)
    return { result: { schedules: [] } }
  }
  #redeploy(name: string, { versions }: Record<string, unknown>): Reply {
    const [version] = versions as { version_id: string }[]
    this.workers.get(name)?.deployments.unshift(version!.version_id)
    return { result: { id: randomUUID() } }
  }

  /** The newest deployment of `gatepost`, as far as the checks of a deploy look at it. */
  #answerAsWorker(path: string, response: ServerResponse) {
    const [worker] = this.workers.values()
    const answer = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'Content-Type': type, Date: new Date().toUTCString() })
      response.end(body)
    }
    if (!worker?.deployments[0]) return answer(404, 'text/plain', 'There is nothing here yet')
    if (path === '/health')
      return answer(
        200,
        'application/json',
        JSON.stringify({ status: 'ok', version: worker.deployments[0] }),
      )
    if (path === '/ready' && !this.isReady)
      return answer(
        503,
        'application/problem+json',
        JSON.stringify({ detail: 'The database lacks 1 migration(s).' }),
      )
    if (path === '/ready') return answer(200, 'application/json', '{"status":"ok"}')
    if (path === '/') return answer(200, 'text/html', '<!doctype html><html lang="en">')
    return answer(401, 'application/problem+json', '{"status":401}')
  }
}
