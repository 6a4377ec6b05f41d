/** What admins do with other people's accounts. Token and role are both needed: scope `admin` here, the role in the trip of each route. */
import { unguarded } from '../http/actor'
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { badCursor, cutPage, jsonPage, readCursor } from '../http/list'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { IdParam, UserPrivate, viewPrivate } from '../user'
import {
  AdminEventList,
  EventQuery,
  UserChange,
  UserList,
  UserQuery,
  viewAdminEvent,
} from './schemas'
import { changeUser, endUserSessions, listEvents, listUsers } from './store'

const readUsers = endpoint(
  {
    method: 'get',
    path: '/api/admin/users',
    operationId: 'readUsers',
    summary: 'All people, or those that a search finds, from the oldest account on',
    tags: ['admin'],
    access: 'admin',
    request: { query: UserQuery },
    responses: { 200: json(UserList, 'A page of people'), ...problems('invalid-request') },
  },
  async (c) => {
    const { q, limit, cursor } = c.req.valid('query')
    const { caller, now, settings } = c.var
    const db = unguarded(c)
    const list = `admin-users:${q ?? ''}`
    const place = await readCursor(c, list, cursor)
    if (place === 'bad') return problem(c, 'invalid-request', badCursor)
    const found = await listUsers(db, caller, now, q, limit + 1, Number(place?.[0] ?? 0))
    const page = await cutPage(c, found, {
      list,
      limit,
      place: (user) => [user.id],
      view: (user) => viewPrivate(user, settings.appOrigin),
    })
    return jsonPage(c, 'users', page)
  },
)

const patchUser = endpoint(
  {
    method: 'patch',
    path: '/api/admin/users/{id}',
    operationId: 'changeUser',
    summary: 'Give or take the role of an admin; disable or enable an account',
    tags: ['admin'],
    access: 'admin',
    limit: 'write',
    request: { params: IdParam, body: jsonBody(UserChange) },
    responses: {
      200: json(UserPrivate, 'The account; a disabled one is signed out everywhere'),
      ...problems('user-not-found', 'last-admin'),
    },
  },
  async (c) => {
    const { caller, now, settings } = c.var
    const db = unguarded(c)
    const { id } = c.req.valid('param')
    const result = await changeUser(db, caller, now, id, c.req.valid('json'))
    if (result.kind !== 'changed') return problem(c, result.kind)
    for (const type of result.events) logSecurity(c, type, id, caller.sessionId)
    return c.json(viewPrivate(result.user, settings.appOrigin), 200)
  },
)

const deleteUserSessions = endpoint(
  {
    method: 'delete',
    path: '/api/admin/users/{id}/sessions',
    operationId: 'endUserSessions',
    summary: 'Sign a person out everywhere',
    tags: ['admin'],
    access: 'admin',
    limit: 'write',
    request: { params: IdParam },
    responses: { 204: nothing('All their sessions have ended'), ...problems('user-not-found') },
  },
  async (c) => {
    const { caller, now } = c.var
    const db = unguarded(c)
    const { id } = c.req.valid('param')
    if (!(await endUserSessions(db, caller, now, id))) return problem(c, 'user-not-found')
    logSecurity(c, 'sessions_ended', id, caller.sessionId)
    return noContent(c)
  },
)

const readAdminEvents = endpoint(
  {
    method: 'get',
    path: '/api/admin/events',
    operationId: 'readAllEvents',
    summary: 'What happened to all accounts in the last 90 days, latest first',
    tags: ['admin'],
    access: 'admin',
    request: { query: EventQuery },
    responses: { 200: json(AdminEventList, 'A page of events'), ...problems('invalid-request') },
  },
  async (c) => {
    const { user_id, limit, cursor } = c.req.valid('query')
    const { caller, now } = c.var
    const db = unguarded(c)
    const list = `admin-events:${user_id ?? ''}`
    const place = await readCursor(c, list, cursor)
    if (place === 'bad') return problem(c, 'invalid-request', badCursor)
    const before = place && Number(place[0])
    const found = await listEvents(db, caller, now, user_id, limit + 1, before)
    const page = await cutPage(c, found, {
      list,
      limit,
      place: (event) => [event.id],
      view: viewAdminEvent,
    })
    return jsonPage(c, 'events', page)
  },
)

export const adminRoutes = [readUsers, patchUser, deleteUserSessions, readAdminEvents] as const
