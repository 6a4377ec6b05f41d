/** The caller's own sessions: listed and ended (ASVS 7.5.2). */
import { endpoint, json, noContent, nothing } from '../http/endpoint'
import { ListQuery, listPage } from '../http/list'
import { logSecurity } from '../http/log'
import { problem, problems } from '../http/problem'
import { SessionIdParam, SessionList, viewSession } from './schemas'
import { endOtherSessions, endOwnSession, listSessions } from './store'

const readSessions = endpoint(
  {
    method: 'get',
    path: '/api/users/me/sessions',
    operationId: 'readSessions',
    summary: 'Where I am signed in',
    tags: ['sessions'],
    access: 'account',
    request: { query: ListQuery },
    responses: {
      200: json(SessionList, 'The active sessions, newest first'),
      ...problems('invalid-request'),
    },
  },
  async (c) => {
    const { actor, caller } = c.var
    return listPage(c, 'sessions', c.req.valid('query'), {
      list: `sessions:${caller.userId}`,
      find: (limit, place) => {
        const after = place && { createdAt: new Date(Number(place[0])), id: String(place[1]) }
        return listSessions(actor, { limit, after })
      },
      place: (row) => [row.createdAt.getTime(), row.id],
      view: (row) => viewSession(row, caller.sessionId),
    })
  },
)

const deleteOwnSession = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/sessions/{id}',
    operationId: 'endSession',
    summary: 'Sign one of my sessions out',
    tags: ['sessions'],
    access: 'account',
    limit: 'write',
    request: { params: SessionIdParam },
    responses: { 204: nothing('It has ended'), ...problems('session-not-found') },
  },
  async (c) => {
    const { id } = c.req.valid('param')
    const ended = await endOwnSession(c.var.actor, id)
    if (!ended) return problem(c, 'session-not-found')
    logSecurity(c, 'session_ended', c.var.caller.userId, id)
    return noContent(c)
  },
)

const deleteOtherSessions = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/sessions',
    operationId: 'endOtherSessions',
    summary: 'Sign all my sessions out but this one',
    tags: ['sessions'],
    access: 'account',
    limit: 'write',
    responses: { 204: nothing('They have ended') },
  },
  async (c) => {
    const { actor, caller } = c.var
    if (await endOtherSessions(actor))
      logSecurity(c, 'sessions_ended', caller.userId, caller.sessionId)
    return noContent(c)
  },
)

export const sessionListRoutes = [readSessions, deleteOtherSessions, deleteOwnSession] as const
