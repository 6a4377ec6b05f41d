/**
 * Users for tests. Each has a unique name, so that tests can share one database.
 */
import { env } from 'cloudflare:workers'
import { unusablePasswordHash } from '../../src/security/password'
import type { UserPrivate } from '../../src/user'
import { call } from './client'

export const PASSWORD = 'correct horse battery staple'

export interface Person {
  id: number
  username: string
  email: string
  password: string
  user: UserPrivate
  /** Access and refresh token of one sign-in through `/api/users/token`. */
  token: string
  refreshToken: string
}

let made = 0
/** A name that no other test uses. */
export const freshName = (stem = 'ann') =>
  `${stem}${(++made).toString(36)}${crypto.randomUUID().slice(0, 6)}`

export async function register(stem = 'ann', password = PASSWORD) {
  const username = freshName(stem)
  const email = `${username}@example.com`
  const response = await call('POST', '/api/users', { json: { username, email, password } })
  if (response.status !== 201)
    throw new Error(`registration: ${response.status} ${await response.text()}`)
  const user = await response.json<UserPrivate>()
  return { id: user.id, username, email, password, user }
}

export async function signIn(
  login: string,
  password = PASSWORD,
  extra: Record<string, string> = {},
) {
  const response = await call('POST', '/api/users/token', {
    form: { username: login, password, ...extra },
  })
  if (response.status !== 200)
    throw new Error(`sign-in: ${response.status} ${await response.text()}`)
  const { access_token, refresh_token } = await response.json<{
    access_token: string
    refresh_token: string
  }>()
  return { token: access_token, refreshToken: refresh_token }
}

/** A user who has registered and signed in. */
export async function person(stem = 'ann'): Promise<Person> {
  const someone = await register(stem)
  return { ...someone, ...(await signIn(someone.email)) }
}

/** A user with a proven address, signed in. */
export async function proven(stem = 'ann'): Promise<Person> {
  const someone = await person(stem)
  await proveAddress(someone.id)
  return someone
}

/** An admin, signed in with the scope `admin`. */
export async function admin(): Promise<Person> {
  const someone = await register('root')
  await setRole(someone.id, 'admin')
  return { ...someone, ...(await signIn(someone.email)) }
}

/** Leaves an account without a password, as one that an identity provider registers. */
export const removePassword = (id: number) =>
  env.DB.prepare('update users set has_password = 0, password_hash = ? where id = ?')
    .bind(unusablePasswordHash(), id)
    .run()

/** The number of sessions of a user. */
export const sessionsOf = async (id: number) =>
  (await env.DB.prepare('select count(*) as n from sessions where user_id = ?')
    .bind(id)
    .first<{ n: number }>())!.n

/** The types of the events of a person, in their order. */
export async function eventsOf(id: number): Promise<string[]> {
  const found = await env.DB.prepare('select type from events where user_id = ? order by id')
    .bind(id)
    .all<{ type: string }>()
  return found.results.map(({ type }) => type)
}

const setColumn = (column: string) => (id: number, value: string | number) =>
  env.DB.prepare(`update users set ${column} = ? where id = ?`).bind(value, id).run()

/** Sets the role in D1. Tokens keep the scope that they have. */
export const setRole: (id: number, role: 'user' | 'admin') => Promise<unknown> = setColumn('role')
export const setPasswordHash: (id: number, phc: string) => Promise<unknown> =
  setColumn('password_hash')
/** Proves the address of a user. */
export const proveAddress = (id: number) => setColumn('email_verified')(id, 1)
/** Disables a user in D1 alone: sessions stay. */
export const disable = (id: number) => setColumn('is_active')(id, 0)
export const enable = (id: number) => setColumn('is_active')(id, 1)
