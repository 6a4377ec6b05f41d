/**
 * The oracle: what `/openapi.json` and the contract promise of every answer, checked on each one
 * that a test gets.
 */
import { exports } from 'cloudflare:workers'
import { type Schema, Validator } from '@cfworker/json-schema'
import { PROBLEM_TYPE, typeOf as problemTypeOf } from '../../src/http/problem'
import { type ProblemCode, problemCatalog } from '../../src/http/problem-catalog'

export const ORIGIN = 'http://localhost:8787'

export interface Asked {
  method: string
  path: string
  headers: Headers
}

interface DocumentedResponse {
  description: string
  headers?: Record<string, { $ref: string }>
  content?: Record<string, { schema: Schema; examples?: Record<string, { $ref: string }> }>
}
export interface Operation {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, DocumentedResponse>
}
export interface ApiDocument {
  openapi: string
  info: Record<string, unknown>
  security: unknown[]
  servers: unknown[]
  tags: { name: string }[]
  'x-problems': Record<string, Record<'title' | 'detail' | 'meaning' | 'action', string>>
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    headers: Record<string, { required?: boolean }>
    examples: Record<string, { value: unknown }>
    securitySchemes: Record<string, unknown>
  }
}

/** The most D1 round trips of an operation, where it is not 1 (the table of the contract). */
const TRIPS: Record<string, number> = {
  health: 0,
  describeApi: 0,
  oauthMetadata: 0,
  jwks: 0,
  createSignInOptions: 0,
  relatedOrigins: 0,
  readEmailSignIn: 0,
  readProviders: 0,
  startIdentitySignIn: 0,
  finishIdentitySignIn: 2,
  finishIdentitySignInForm: 2,
  registerWithIdentity: 2,
  showAvatar: 0,
  createToken: 2,
  oauthToken: 2,
  createSession: 2,
  createPasskeySession: 2,
  useSignInLink: 2,
  finishSession: 2,
  confirmSession: 2,
  confirmTotp: 2,
  changePassword: 2,
  resetPassword: 2,
  changeEmail: 2,
  deleteAccount: 2,
  ready: 2,
}
/** Statuses of requests that are refused by their shape or size, before D1 is asked anything. */
const REFUSED_UNASKED = [405, 408, 413, 415]
export const maxTrips = (operationId: string, status = 200) =>
  REFUSED_UNASKED.includes(status) ? 0 : (TRIPS[operationId] ?? 1)

let document: Promise<ApiDocument> | undefined
/** The document, fetched once. */
export function apiDocument(): Promise<ApiDocument> {
  document ??= exports.default
    .fetch(`${ORIGIN}/openapi.json`)
    .then((response) => response.json<ApiDocument>())
  return document
}

/** The path of the document that a request's path means: a fixed one wins over a pattern. */
function documentedPath({ paths }: ApiDocument, pathname: string): string | undefined {
  if (paths[pathname]) return pathname
  return Object.keys(paths).find(
    (path) =>
      path.includes('{') && new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
}

const validators = new Map<string, Validator>()
/** Compiled once; references into `components` become references into the schema itself. */
function validatorOf(api: ApiDocument, name: string, schema: Schema): Validator {
  let validator = validators.get(name)
  if (!validator) {
    const whole = JSON.stringify({ ...schema, $defs: api.components.schemas })
    const parsed = JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Schema
    validator = new Validator(parsed, '2020-12', false)
    validators.set(name, validator)
  }
  return validator
}

const typeOf = (headers: Headers) =>
  headers.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase() ?? null

/**
 * Throws an error that names every promise which the answer breaks. The answer itself stays unread.
 */
export async function checkAnswer(asked: Asked, response: Response): Promise<void> {
  const { pathname } = new URL(asked.path, ORIGIN)
  // A picture is not text; of it, the headers are checked.
  const isText = asked.method !== 'HEAD' && !typeOf(response.headers)?.startsWith('image/')
  const text = isText ? await response.clone().text() : ''
  const faults = [
    ...headerFaults(asked, pathname, response),
    ...bodyFaults(pathname, asked.method, response, text),
    ...(await documentFaults(asked.method, pathname, response, text)),
  ]
  if (faults.length > 0) {
    throw new Error(
      `${asked.method} ${pathname} answered ${response.status}, against its promises:\n- ${faults.join('\n- ')}\n${text.slice(0, 500)}`,
    )
  }
}

function headerFaults(asked: Asked, pathname: string, { status, headers }: Response): string[] {
  const faults: string[] = []
  const must = (name: string, shape: RegExp) => {
    const value = headers.get(name)
    if (!value || !shape.test(value)) faults.push(`${name} is ${value}, not like ${shape}`)
  }
  must('X-Request-Id', /^[0-9a-f-]{36}$/)
  must('X-Content-Type-Options', /^nosniff$/)
  must('Strict-Transport-Security', /^max-age=31536000\b/)
  must('Content-Security-Policy', /default-src 'none'.*frame-ancestors 'none'/)
  must('Referrer-Policy', /^(?:no-referrer|same-origin|strict-origin-when-cross-origin)$/)
  if (status === 401) must('WWW-Authenticate', /^(?:Bearer|Basic)\b/)
  if (status === 405) must('Allow', /^[A-Z, ]+$/)
  if (status === 429 || status === 503) must('Retry-After', /^[1-9]\d*$/)
  if (status === 201) must('Location', /^\//)

  const isPersonal =
    headers.has('Set-Cookie') ||
    /^\/(?:oauth\/|api\/session|api\/users\/(?:me|token)|api\/admin)/.test(pathname) ||
    (pathname.startsWith('/api/') && ['Authorization', 'Cookie'].some((h) => asked.headers.has(h)))
  if (isPersonal || status >= 400) must('Cache-Control', /\bno-store\b/)
  // RFC 6749 §5.1 and §5.2.
  const isTokenDoor = ['/oauth/token', '/api/users/token'].includes(pathname)
  if (isTokenDoor && typeOf(headers) === 'application/json') must('Pragma', /^no-cache$/)

  for (const cookie of headers.getSetCookie()) {
    for (const attribute of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']) {
      if (!cookie.split('; ').includes(attribute)) faults.push(`the cookie lacks ${attribute}`)
    }
    if (!cookie.startsWith('__Host-')) faults.push('the cookie is not a __Host- one')
  }
  const allowed = headers.get('Access-Control-Allow-Origin')
  if (allowed === '*' || allowed === 'null') faults.push(`any origin may read it: ${allowed}`)
  return faults
}

function bodyFaults(pathname: string, method: string, response: Response, text: string): string[] {
  const { status, headers } = response
  const faults: string[] = []
  const type = typeOf(headers)
  // One page is documented: a form that a browser sends again.
  const isPage = method === 'POST' && /^\/api\/identity-providers\/[\w-]+\/callback$/.test(pathname)
  if (type?.includes('html') && !isPage) faults.push('it is HTML')
  // A 422 names an unknown member that the client sent; only a member of the answer is a leak.
  if (/\$argon2|"password_?hash"\s*:/i.test(text)) faults.push('it shows a password hash')
  if ((status === 204 || status === 304) && text !== '') faults.push('it has a body')
  if (status < 400 || method === 'HEAD') return faults

  if (type === PROBLEM_TYPE) return [...faults, ...problemFaults(response, text)]
  if (pathname.startsWith('/oauth/') && type === 'application/json') {
    const error = JSON.parse(text) as { error: string; error_description: string }
    // RFC 6749 §5.2
    if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(error.error + error.error_description))
      faults.push('its error has characters outside of RFC 6749 §5.2')
    return faults
  }
  return [...faults, `an error has the type ${type}`]
}

function problemFaults({ status, headers }: Response, text: string): string[] {
  const faults: string[] = []
  const body = JSON.parse(text) as Record<string, unknown>
  const code = String(body.type).replace('/problems/', '')
  const known = (Object.keys(problemCatalog) as ProblemCode[])
    .filter((key) => problemTypeOf(key) === code)
    .map((key) => problemCatalog[key])
  if (known.length === 0) faults.push(`no problem has the type ${body.type}`)
  else if (!known.some((entry) => entry.status === status && entry.title === body.title))
    faults.push(`status or title are not those of ${code}`)
  if (body.status !== status) faults.push(`its member status is ${body.status}`)
  if (typeof body.detail !== 'string' || !body.detail) faults.push('it has no detail')
  if (body.request_id !== headers.get('X-Request-Id')) faults.push('request_id is another')
  if (code === 'invalid-request' && !(Array.isArray(body.errors) && body.errors.length > 0))
    faults.push('a 422 tells no errors')
  const own = code === 'second-factor-required' ? ['pending_token', 'methods', 'expires_in'] : []
  const members = ['type', 'title', 'status', 'detail', 'request_id', 'errors', ...own]
  const more = Object.keys(body).filter((member) => !members.includes(member))
  if (more.length > 0) faults.push(`it has also ${more}`)
  return faults
}

/** Is this path, method, status, media type and body in the document? */
async function documentFaults(
  method: string,
  pathname: string,
  { status, headers }: Response,
  text: string,
): Promise<string[]> {
  if (pathname === '/openapi.json') return []
  const api = await apiDocument()
  const path = documentedPath(api, pathname)
  // A service that is not configured answers 503 anywhere.
  if (!path) return status === 404 || status === 503 ? [] : ['the document does not have this path']
  if (method === 'OPTIONS') return status === 204 ? [] : ['OPTIONS is not answered with 204']
  const operation = api.paths[path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  if (!operation) return status === 405 ? [] : ['the document does not have this method']

  const documented = operation.responses[status]
  if (!documented) return [`the document does not have this status for ${method} ${path}`]
  const faults = Object.entries(documented.headers ?? {})
    .filter(([, { $ref }]) => api.components.headers[$ref.split('/').at(-1) as string]?.required)
    .filter(([name]) => !headers.has(name))
    .map(([name]) => `the document promises the header ${name}`)
  const trips = Number(/trips=(\d+)/.exec(headers.get('Server-Timing') ?? '')?.[1] ?? 0)
  // A read that fails on a replica is repeated once at the primary.
  const repeated = method === 'GET' && status === 503 ? 1 : 0
  if (trips > maxTrips(operation.operationId, status) + repeated)
    faults.push(`it took ${trips} trips to D1`)
  const type = typeOf(headers)
  const contents = Object.keys(documented.content ?? {})
  if (contents.length === 0)
    return text === '' ? faults : [...faults, 'the document has no body for this status']
  const content = type === null ? undefined : documented.content?.[type]
  if (!content) return [...faults, `its type is ${type}, documented: ${contents}`]
  if (method === 'HEAD' || !type?.endsWith('json')) return faults

  const name = `${method} ${path} ${status} ${type}`
  const { valid, errors } = validatorOf(api, name, content.schema).validate(JSON.parse(text))
  const wrong = errors.map((e) => `${e.instanceLocation}: ${e.error} (${e.keyword})`)
  return valid ? faults : [...faults, ...wrong]
}
