/**
 * Management of accounts by admins. The scope `admin` of the token is checked here, the role of
 * the user in the round trip of each route.
 */
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { listPage } from '../http/list'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { EVENT_DAYS } from '../limits'
import { IdParam, UserPrivate, viewPrivate } from '../user'
import { readUserFactors, removeFactors } from './factors'
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
    summary: 'All users, or those that a search finds, oldest account first',
    tags: ['admin'],
    access: 'admin',
    request: { query: UserQuery },
    responses: { 200: json(UserList, 'A page of users'), ...problems('invalid-request') },
  },
  async (c) => {
    const { q, ...query } = c.req.valid('query')
    const { actor, settings } = c.var
    return listPage(c, 'users', query, {
      list: `admin-users:${q ?? ''}`,
      find: (limit, after) => listUsers(actor, { q, limit, after: Number(after?.[0] ?? 0) }),
      place: (user) => [user.id],
      view: (user) => viewPrivate(user, settings.appOrigin),
    })
  },
)

const patchUser = endpoint(
  {
    method: 'patch',
    path: '/api/admin/users/{id}',
    operationId: 'changeUser',
    summary: 'Change the role of a user, or disable or enable an account',
    tags: ['admin'],
    access: 'admin',
    limit: 'write',
    request: { params: IdParam, body: jsonBody(UserChange) },
    responses: {
      200: json(UserPrivate, 'The account. Disabling it has ended its sessions'),
      ...problems('user-not-found', 'last-admin'),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const { id } = c.req.valid('param')
    const result = await changeUser(actor, id, c.req.valid('json'))
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
    summary: 'End all sessions of a user',
    tags: ['admin'],
    access: 'admin',
    limit: 'write',
    request: { params: IdParam },
    responses: {
      204: nothing('All sessions of the user have ended'),
      ...problems('user-not-found'),
    },
  },
  async (c) => {
    const { actor, caller } = c.var
    const { id } = c.req.valid('param')
    if (!(await endUserSessions(actor, id))) return problem(c, 'user-not-found')
    logSecurity(c, 'sessions_ended', id, caller.sessionId)
    return noContent(c)
  },
)

const readAdminEvents = endpoint(
  {
    method: 'get',
    path: '/api/admin/events',
    operationId: 'readAllEvents',
    summary: `Events of all accounts in the last ${EVENT_DAYS} days, latest first`,
    tags: ['admin'],
    access: 'admin',
    request: { query: EventQuery },
    responses: { 200: json(AdminEventList, 'A page of events'), ...problems('invalid-request') },
  },
  async (c) => {
    const { user_id: userId, ...query } = c.req.valid('query')
    const { actor } = c.var
    return listPage(c, 'events', query, {
      list: `admin-events:${userId ?? ''}`,
      find: (limit, after) =>
        listEvents(actor, { userId, limit, before: after && Number(after[0]) }),
      place: (event) => [event.id],
      view: viewAdminEvent,
    })
  },
)

export const adminRoutes = [
  readUsers,
  patchUser,
  deleteUserSessions,
  readUserFactors,
  removeFactors,
  readAdminEvents,
] as const
