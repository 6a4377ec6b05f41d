/** Accounts, in the order of a person's life: register, prove the address, look at oneself, change, leave; be looked at. */
import { loginKey } from '../db/attempts'
import { viewEvent } from '../event'
import { endpoint, json, jsonBody } from '../http/endpoint'
import { timeHash } from '../http/hashing'
import { badCursor, ListQuery, page, readCursor } from '../http/list'
import { logSecurity } from '../http/log'
import { mailLater } from '../http/mail'
import { brokenRule, problem, problems } from '../http/problem'
import { verifyAddress } from '../mail/texts'
import { hmacIdentifier } from '../security/keyring'
import { hashPassword } from '../security/password'
import { canonical } from '../spelling'
import { IdParam, UserPrivate, UserPublic, viewPrivate, viewPublic } from '../user'
import { deleteAccount } from './deletion'
import { changeEmail, sendVerification, verifyEmail } from './email'
import { exportAccount } from './export'
import { addressOf, newLink } from './links'
import { brokenPasswordRule, changePassword } from './password'
import { forgotPassword, resetPassword } from './reset'
import { EventList, ProfileChange, Registration } from './schemas'
import { changeProfile, createUser, findCaller, findUser, listEvents } from './store'

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
    const broken = await brokenPasswordRule(c, password, { username, email })
    if (broken) return problem(c, 'invalid-request', brokenRule('password', broken))
    const { db, keys, now, location, settings } = c.var
    const passwordHash = await timeHash(c, () => hashPassword(password))
    const link = await newLink('verify', now)
    const address = await addressOf(keys, email)
    const user = { ...address, username, fullName: full_name ?? null, passwordHash }
    const result = await createUser(db, user, link, now, location())
    if (result.kind !== 'created') return problem(c, result.kind)
    logSecurity(c, 'registered', result.user.id)
    if (result.hasLink) mailLater(c, verifyAddress(settings.appOrigin, result.user, link.token))
    c.header('Location', `/api/users/${result.user.id}`)
    return c.json(viewPrivate(result.user, settings.appOrigin), 201)
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
    const { db, caller, now, settings } = c.var
    const user = await findCaller(db, caller, now)
    return c.json(viewPrivate(user, settings.appOrigin), 200)
  },
)

const changeMe = endpoint(
  {
    method: 'patch',
    path: '/api/users/me',
    operationId: 'changeMe',
    summary: 'Change my username or full name',
    tags: ['accounts'],
    access: 'account',
    limit: 'write',
    request: { body: jsonBody(ProfileChange) },
    responses: { 200: json(UserPrivate, 'The account'), ...problems('username-taken') },
  },
  async (c) => {
    const { db, keys, caller, now, location, settings } = c.var
    const change = c.req.valid('json')
    const countKey = loginKey('name', await hmacIdentifier(keys, canonical(change.username ?? '')))
    const result = await changeProfile(db, caller, change, countKey, now, location())
    if (result.kind !== 'changed') return problem(c, result.kind)
    if (result.isRenamed) logSecurity(c, 'username_changed', caller.userId, caller.sessionId)
    return c.json(viewPrivate(result.user, settings.appOrigin), 200)
  },
)

const readEvents = endpoint(
  {
    method: 'get',
    path: '/api/users/me/events',
    operationId: 'readEvents',
    summary: 'What happened to my account in the last 90 days',
    tags: ['accounts'],
    access: 'account',
    request: { query: ListQuery },
    responses: { 200: json(EventList, 'Latest first'), ...problems('invalid-request') },
  },
  async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { db, caller, now } = c.var
    const list = `events:${caller.userId}`
    const place = await readCursor(c, list, cursor)
    if (place === 'bad') return problem(c, 'invalid-request', badCursor)
    const found = await listEvents(db, caller, now, limit + 1, place && Number(place[0]))
    const { rows, next_cursor } = await page(c, list, found, limit, (event) => [event.id])
    return c.json({ events: rows.map(viewEvent), next_cursor }, 200)
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

export const accountRoutes = [
  register,
  verifyEmail,
  sendVerification,
  readMe,
  changeMe,
  changeEmail,
  changePassword,
  forgotPassword,
  resetPassword,
  readEvents,
  exportAccount,
  deleteAccount,
  readUser,
] as const
