/** The caller's own sessions: listed and ended (ASVS 7.5.2). */
import { endpoint, json, noContent, nothing } from '../http/endpoint'
import { badCursor, cutPage, jsonPage, ListQuery, readCursor } from '../http/list'
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
      200: json(SessionList, 'The live sessions, newest first'),
      ...problems('invalid-request'),
    },
  },
  async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { actor, caller } = c.var
    const list = `sessions:${caller.userId}`
    const position = await readCursor(c, list, cursor)
    if (position === 'bad') return problem(c, 'invalid-request', badCursor)
    const after = position && { createdAt: new Date(Number(position[0])), id: String(position[1]) }
    const found = await listSessions(actor, { limit: limit + 1, after })
    const page = await cutPage(c, found, {
      list,
      limit,
      place: (row) => [row.createdAt.getTime(), row.id],
      view: (row) => viewSession(row, caller.sessionId),
    })
    return jsonPage(c, 'sessions', page)
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
