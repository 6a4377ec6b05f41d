/** The credentials that the caller has set up. */
import { z } from '@hono/zod-openapi'
import { eq, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { build } from '../db/build'
import { sessions, users } from '../db/schema'
import { identities, passkeys, recoveryCodes } from '../db/schema-credentials'
import { sessionQuery } from '../db/session-guard'
import { endpoint, json } from '../http/endpoint'

const Count = z.int().nonnegative()

export const Factors = z
  .object({
    totp: z.boolean().meta({ description: 'An authenticator app is set up' }),
    passkeys: Count,
    recovery_codes_left: Count.meta({ description: 'At two or fewer, offer to make new ones' }),
    has_password: z.boolean(),
    identities: Count.meta({ description: 'Connected accounts at identity providers' }),
  })
  .strict()
  .openapi('Factors')

const countOf = (table: SQLiteTable, owner: SQLiteColumn) =>
  sql<number>`(select count(*) from ${table} where ${owner} = ${users.id})`

const selectFactors = sessionQuery((isActive) =>
  build
    .select({
      factors: users.factors,
      hasPassword: users.hasPassword,
      passkeys: countOf(passkeys, passkeys.userId),
      codes: countOf(recoveryCodes, recoveryCodes.userId),
      identities: countOf(identities, identities.userId),
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(isActive),
)

export const readFactors = endpoint(
  {
    method: 'get',
    path: '/api/users/me/factors',
    operationId: 'readFactors',
    summary: 'How I can sign in',
    tags: ['factors'],
    access: 'account',
    responses: { 200: json(Factors, 'The factors of the account') },
  },
  async (c) => {
    const found = await selectFactors(c.var.actor)
    return c.json(
      {
        totp: found.factors.split(' ').includes('totp'),
        passkeys: found.passkeys,
        recovery_codes_left: found.codes,
        has_password: found.hasPassword,
        identities: found.identities,
      },
      200,
    )
  },
)
