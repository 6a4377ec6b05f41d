/** Accounts, in the order of a person's life: register, look at oneself, be looked at. */
import { endpoint, json, jsonBody } from '../http/endpoint'
import { timeHash } from '../http/hashing'
import { brokenRule, problem, problems } from '../http/problem'
import { hashPassword } from '../security/password'
import { IdParam, UserPrivate, UserPublic, viewPrivate, viewPublic } from '../user'
import { brokenPasswordRule } from './rules'
import { Registration } from './schemas'
import { createUser, findCaller, findUser } from './store'

const register = endpoint(
  {
    method: 'post',
    path: '/api/users',
    operationId: 'register',
    summary: 'Make an account',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'register',
    hashes: true,
    request: { body: jsonBody(Registration) },
    responses: {
      201: json(UserPrivate, 'The account'),
      ...problems('username-taken', 'email-taken', 'invalid-request'),
    },
  },
  async (c) => {
    const { username, email, password, full_name } = c.req.valid('json')
    const broken = brokenPasswordRule(password, c.var.settings.passwordMinLength, {
      username,
      email,
    })
    if (broken) return problem(c, 'invalid-request', brokenRule('password', broken))
    const passwordHash = timeHash(c, () => hashPassword(password))
    const result = await createUser(
      c.var.db,
      { username, email, fullName: full_name ?? null, passwordHash },
      c.var.now,
      c.var.location,
    )
    if (result.kind !== 'created') return problem(c, result.kind)
    c.header('Location', `/api/users/${result.user.id}`)
    return c.json(viewPrivate(result.user, c.var.settings.appOrigin), 201)
  },
)

const readMe = endpoint(
  {
    method: 'get',
    path: '/api/users/me',
    operationId: 'readMe',
    summary: 'Who am I',
    tags: ['accounts'],
    access: 'live-token',
    responses: { 200: json(UserPrivate, 'The account of the token') },
  },
  async (c) => {
    const user = await findCaller(c.var.db, c.var.caller, c.var.now)
    return c.json(viewPrivate(user, c.var.settings.appOrigin), 200)
  },
)

const readUser = endpoint(
  {
    method: 'get',
    path: '/api/users/{id}',
    operationId: 'readUser',
    summary: 'What everybody sees of a person',
    tags: ['accounts'],
    access: 'anyone',
    request: { params: IdParam },
    responses: { 200: json(UserPublic, 'The person'), ...problems('user-not-found') },
  },
  async (c) => {
    const user = await findUser(c.var.db, c.req.valid('param').id)
    return user
      ? c.json(viewPublic(user, c.var.settings.appOrigin), 200)
      : problem(c, 'user-not-found')
  },
)

export const accountRoutes = [register, readMe, readUser] as const
