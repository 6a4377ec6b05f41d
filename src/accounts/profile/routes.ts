/** Registration, the user's own profile and security events, and the public profile. */
import { emailAddress, newLink } from '../../credentials/email-tokens'
import { findPasswordViolation } from '../../credentials/password/violation'
import { loginCounterKey } from '../../credentials/throttle'
import { viewEvent } from '../../event-view'
import { endpoint, json, jsonBody } from '../../http/endpoint'
import { runHash } from '../../http/hash-admission'
import { ListQuery, listPage } from '../../http/list'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { fieldProblem, problem, problems } from '../../http/problem'
import { EVENT_DAYS } from '../../limits'
import { verifyAddress } from '../../mail/texts'
import { caseFold } from '../../normalize'
import { hmacIdentifier } from '../../security/keyring'
import { hashPassword } from '../../security/password'
import { IdParam, UserPrivate, UserPublic, viewPrivate, viewPublic } from '../../user'
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
    hash: 'other',
    request: { body: jsonBody(Registration) },
    responses: {
      201: json(UserPrivate, 'The account'),
      ...problems('username-taken', 'email-taken', 'invalid-request'),
    },
  },
  async (c) => {
    const { username, email, password, full_name } = c.req.valid('json')
    const { db, keys, now, location, settings } = c.var
    const broken = await findPasswordViolation(settings, password, { username, email })
    if (broken) return problem(c, 'invalid-request', fieldProblem('password', broken))
    const passwordHash = await runHash(c, () => hashPassword(password))
    const link = await newLink('verify', now)
    const address = await emailAddress(keys, email)
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
    summary: 'The account of the caller',
    tags: ['accounts'],
    access: 'any-scope',
    responses: { 200: json(UserPrivate, 'The account of the token') },
  },
  async (c) => {
    const user = await findCaller(c.get('actor'))
    return c.json(viewPrivate(user, c.get('settings').appOrigin), 200)
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
    const { actor, keys, caller, settings } = c.var
    const change = c.req.valid('json')
    const loginHmac = loginCounterKey(
      'name',
      await hmacIdentifier(keys, caseFold(change.username ?? '')),
    )
    const result = await changeProfile(actor, change, loginHmac)
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
    summary: `Events of my account in the last ${EVENT_DAYS} days`,
    tags: ['accounts'],
    access: 'account',
    request: { query: ListQuery },
    responses: { 200: json(EventList, 'Latest first'), ...problems('invalid-request') },
  },
  async (c) => {
    const { actor, caller } = c.var
    return listPage(c, 'events', c.req.valid('query'), {
      list: `events:${caller.userId}`,
      find: (limit, after) => listEvents(actor, { limit, before: after && Number(after[0]) }),
      place: (event) => [event.id],
      view: viewEvent,
    })
  },
)

const readUser = endpoint(
  {
    method: 'get',
    path: '/api/users/{id}',
    operationId: 'readUser',
    summary: 'The public profile of a user',
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

export const profileRoutes = [register, readMe, changeMe, readEvents, readUser] as const
