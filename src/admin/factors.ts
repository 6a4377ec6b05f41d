/** The ways to sign in of a user, and help for a user who has lost the second factors. */
import { and, eq, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Actor } from '../actor'
import { recipientColumns } from '../credentials/account'
import { updateFactors } from '../credentials/factors'
import { factorColumns, viewFactors } from '../credentials/factors-overview'
import { viewIdentity } from '../credentials/identities/schemas'
import { selectIdentitiesOf } from '../credentials/identities/store'
import { countNotice } from '../credentials/mail-limit'
import { FRESH_MFA } from '../credentials/step-up'
import { factorKey } from '../credentials/throttle'
import { build } from '../db/build'
import { recordEventOf } from '../db/events'
import { attempts, events, sessions, users } from '../db/schema'
import { passkeys, recoveryCodes, totp } from '../db/schema-credentials'
import { withSession } from '../db/session-guard'
import { endpoint, json, noContent, nothing } from '../http/endpoint'
import { logSecurity } from '../http/log'
import { mailLater } from '../http/mail'
import { problem, problems } from '../http/problem'
import type { Recipient } from '../mail/compose'
import { factorsRemoved } from '../mail/texts'
import { IdParam, isPresent } from '../user'
import { UserFactors } from './schemas'

interface Removal {
  user: Recipient & { hasPassword: boolean }
  hadFactors: boolean
  mayNotify: boolean
}

/**
 * Removes the authenticator app, passkeys and recovery codes of a user and ends the user's
 * sign-ins. Failed codes are forgotten with the factors that they were for. Null: there is no such
 * user.
 * @throws SessionEnded, RoleMissing, StepUpRequired
 */
async function removeUserFactors(actor: Actor, id: number): Promise<Removal | null> {
  const { now } = actor
  const isUser = and(eq(users.id, id), isPresent)
  const hasFactors = sql`exists (select 1 from ${users} where ${isUser} and ${users.factors} <> '')`
  const deleteOwn = (table: SQLiteTable, owner: SQLiteColumn) =>
    build.delete(table).where(eq(owner, id))
  const { user, recorded, noticed } = await withSession(
    actor,
    {
      user: build
        .select({ ...recipientColumns, hasPassword: users.hasPassword })
        .from(users)
        .where(isUser),
      recorded: recordEventOf(
        { userId: id, type: 'factors_removed', at: now },
        sql`where ${hasFactors}`,
      ).returning({ id: events.id }),
      noticed: countNotice('factors-removed', eq(users.id, id), now, hasFactors),
      ended: build
        .delete(sessions)
        .where(and(eq(sessions.userId, id), eq(sessions.kind, 'login'), hasFactors)),
      totp: deleteOwn(totp, totp.userId),
      passkeys: deleteOwn(passkeys, passkeys.userId),
      codes: deleteOwn(recoveryCodes, recoveryCodes.userId),
      failures: build.delete(attempts).where(eq(attempts.key, factorKey(id).key)),
      factors: updateFactors(id),
    },
    { role: 'admin' },
  )
  const [owner] = user
  if (!owner) return null
  return { user: owner, hadFactors: recorded.length > 0, mayNotify: noticed.length > 0 }
}

/** The factors of a user, and the identities. @throws SessionEnded, RoleMissing */
const findUserFactors = (actor: Actor, id: number) =>
  withSession(
    actor,
    {
      found: build
        .select(factorColumns)
        .from(users)
        .where(and(eq(users.id, id), isPresent)),
      identities: selectIdentitiesOf(id),
    },
    { role: 'admin' },
  )

export const readUserFactors = endpoint(
  {
    method: 'get',
    path: '/api/admin/users/{id}/factors',
    operationId: 'readUserFactors',
    summary: 'How a user can sign in',
    tags: ['admin'],
    access: 'admin',
    request: { params: IdParam },
    responses: {
      200: json(UserFactors, 'The factors and connected accounts of the user'),
      ...problems('user-not-found'),
    },
  },
  async (c) => {
    const { actor, settings } = c.var
    const { found, identities } = await findUserFactors(actor, c.req.valid('param').id)
    const [user] = found
    if (!user) return problem(c, 'user-not-found')
    const connected = identities.map((row) => viewIdentity(row, settings))
    return c.json({ ...viewFactors(user), identities: connected }, 200)
  },
)

export const removeFactors = endpoint(
  {
    method: 'post',
    path: '/api/admin/users/{id}/factors/removal',
    operationId: 'removeUserFactors',
    summary: 'Remove the second factors of a user who has lost them; the user gets a mail',
    tags: ['admin'],
    access: 'admin',
    stepUp: FRESH_MFA,
    limit: 'write',
    request: { params: IdParam },
    responses: {
      204: nothing('Removed; all sign-ins of the user have ended'),
      ...problems('user-not-found'),
    },
  },
  async (c) => {
    const { actor, settings, caller } = c.var
    const { id } = c.req.valid('param')
    const removal = await removeUserFactors(actor, id)
    if (!removal) return problem(c, 'user-not-found')
    if (removal.hadFactors) logSecurity(c, 'factors_removed', id, caller.sessionId)
    const { user, mayNotify } = removal
    if (mayNotify) mailLater(c, factorsRemoved(settings.appOrigin, user, user.hasPassword))
    return noContent(c)
  },
)
