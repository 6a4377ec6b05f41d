/** People and posts for the pages to show, made over the API. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ORIGIN, otherAddress } from './browser.ts'

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
