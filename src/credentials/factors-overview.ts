/** The credentials that a user has set up. */
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

/** Columns of a statement that selects from `users`. */
export const factorColumns = {
  factors: users.factors,
  hasPassword: users.hasPassword,
  passkeys: countOf(passkeys, passkeys.userId),
  codes: countOf(recoveryCodes, recoveryCodes.userId),
}

/** The factors without the identities, which an admin sees one by one. */
export const viewFactors = (row: {
  factors: string
  hasPassword: boolean
  passkeys: number
  codes: number
}): Omit<z.infer<typeof Factors>, 'identities'> => ({
  totp: row.factors.split(' ').includes('totp'),
  passkeys: row.passkeys,
  recovery_codes_left: row.codes,
  has_password: row.hasPassword,
})

const selectFactors = sessionQuery((isActive) =>
  build
    .select({ ...factorColumns, identities: countOf(identities, identities.userId) })
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
    return c.json({ ...viewFactors(found), identities: found.identities }, 200)
  },
)
