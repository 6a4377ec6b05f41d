/** Operations: liveness (`/health`) and readiness (`/ready`). */
import { z } from '@hono/zod-openapi'
import { endpoint, json } from '../http/endpoint'
import { runHash } from '../http/hash-admission'
import { problem, problems } from '../http/problem'
import { hashPassword, verifyPassword } from '../security/password'
import { findDatabaseFault } from './database-check'

const Health = z
  .object({
    status: z.literal('ok'),
    version: z
      .string()
      .nullable()
      .describe("Cloudflare's id of the version that answers; null outside Cloudflare"),
  })
  .strict()
  .openapi('Health')

const Ready = z
  .object({ status: z.literal('ok') })
  .strict()
  .openapi('Ready')

const health = endpoint(
  {
    method: 'get',
    path: '/health',
    operationId: 'health',
    summary: 'The Worker answers, and which version of it; no database, no hash',
    tags: ['service'],
    access: 'anyone',
    responses: { 200: json(Health, 'Up') },
  },
  (c) => c.json({ status: 'ok' as const, version: c.env.CF_VERSION_METADATA?.id || null }, 200),
)

const ready = endpoint(
  {
    method: 'get',
    path: '/ready',
    operationId: 'ready',
    summary:
      'The database answers and behaves as expected, its migrations are current, a password can be hashed and checked',
    tags: ['service'],
    access: 'anyone',
    limit: 'sign-in',
    hash: 'other',
    responses: { 200: json(Ready, 'Ready'), ...problems('not-ready') },
  },
  async (c) => {
    const detail = await findDatabaseFault(c.var.actor.db)
    if (detail) return problem(c, 'not-ready', { detail, retryAfter: 60 })
    const works = await runHash(c, () =>
      verifyPassword(c.var.requestId, hashPassword(c.var.requestId)),
    )
    return works
      ? c.json({ status: 'ok' as const }, 200)
      : problem(c, 'not-ready', { detail: 'Argon2id gives wrong answers.', retryAfter: 60 })
  },
)

export const healthRoutes = [health, ready] as const
