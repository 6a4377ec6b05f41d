/** People and posts for the pages to show, made over the API. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Secret, TOTP } from 'otpauth'
import { mailedLink, ORIGIN, otherAddress } from './browser.ts'

export const PASSWORD = 'correct horse battery staple'

export interface Person {
  id: number
  username: string
  email: string
  token: string
}

let count = 0
const run = Date.now().toString(36)

/** A name that no other test has. */
export const newName = (stem: string) =>
  `${stem}_${run}_${process.pid.toString(36)}${count++}`.slice(-30)

export async function call<T>(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(ORIGIN + path, {
    method,
    headers: {
      'CF-Connecting-IP': otherAddress(),
      ...(body && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}

export async function person(username = newName('ann'), fullName?: string): Promise<Person> {
  const email = `${username}@example.com`
  const details = { username, email, password: PASSWORD, ...(fullName && { full_name: fullName }) }
  const { id } = await call<{ id: number }>('POST', '/api/users', details)
  const { access_token: token } = await call<{ access_token: string }>('POST', '/api/session', {
    login: username,
    password: PASSWORD,
  })
  return { id, username, email, token }
}

/** A user whose address is confirmed. */
export async function confirmed(): Promise<Person> {
  const someone = await person()
  const link = await mailedLink(someone.email, 'verify')
  await call('POST', '/api/users/verify-email', { token: link.split('#token=')[1] })
  return someone
}

/** A code of an authenticator app. */
export const code = (secret: string, stepsLater = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate({
    timestamp: Date.now() + stepsLater * 30_000,
  })

/** Sets up an authenticator app over the API, and returns its secret. */
export async function addApp({ token }: Person): Promise<string> {
  const headers = { Authorization: `Bearer ${token}` }
  const post = <T>(path: string, body?: object) => call<T>('POST', path, body, headers)
  const { secret } = await post<{ secret: string }>('/api/users/me/totp')
  await post('/api/users/me/totp/confirm', { code: code(secret) })
  return secret
}

export const write = (author: Person, title: string, content: string) =>
  call<{ id: number }>(
    'POST',
    '/api/posts',
    { title, content },
    { Authorization: `Bearer ${author.token}` },
  )

/** Makes a user an admin, as the operator does. */
export const grantAdmin = (email: string) =>
  promisify(execFile)(process.execPath, [
    'scripts/ops/admin.mjs',
    'grant',
    email,
    '--unverified',
    '--persist-to',
    process.env.GATEPOST_STATE ?? '',
  ])

/** Runs SQL in the database of the service. */
const execute = (sql: string) =>
  promisify(execFile)(
    'npx',
    [
      ...['wrangler', 'd1', 'execute', 'DB', '--env=', '--local', '--json', '--yes'],
      ...['--persist-to', process.env.GATEPOST_STATE ?? '', '--command', sql],
    ],
    { env: { ...process.env, CI: '1' } },
  )

/** Leaves an account without a password, as one that an identity provider registers. */
export const removePassword = ({ id }: Person) =>
  execute(`update users set has_password = 0 where id = ${id}`)

/** Makes the sign-ins of a user too old for acts that need a recent one. */
export const ageSessions = ({ username }: Pick<Person, 'username'>) =>
  execute(
    `update sessions set auth_time = 1
     where user_id = (select id from users where username = '${username}')`,
  )
