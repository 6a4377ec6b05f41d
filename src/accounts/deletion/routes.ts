/** Deletion of the caller's account. */
import { passwordChangedMeanwhile, reauthenticate } from '../../credentials/reauth'
import type { Database } from '../../db'
import { QueryBudget } from '../../db/query-budget'
import { maintenanceDatabase } from '../../http/actor'
import { endpoint, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { accountDeleted } from '../../mail/texts'
import { logLine } from '../../security/log-line'
import { removePicture } from '../avatar/store'
import { Deletion } from './schemas'
import { finishDeletion } from './steps'
import { deleteUser } from './store'

/**
 * Queries that a request spends on a large account after its response: 10 seconds at most of the
 * 30 that Cloudflare allows. The cron deletes the rest.
 */
const QUERIES_AFTER_RESPONSE = 200

export const deleteAccount = endpoint(
  {
    method: 'post',
    path: '/api/users/me/deletion',
    operationId: 'deleteAccount',
    summary: 'Delete the account and everything that belongs to it, for good',
    tags: ['accounts'],
    access: 'account',
    limit: 'sign-in',
    hash: 'other',
    request: { body: jsonBody(Deletion) },
    responses: {
      204: nothing('Deleted. Its username and email address can be registered again'),
      ...problems('wrong-password', 'step-up-required', 'busy', 'too-many-attempts', 'last-admin'),
    },
  },
  async (c) => {
    const { failure, reauthenticated } = await reauthenticate(c, c.req.valid('json').password)
    if (failure) return failure
    const { actor, caller, settings } = c.var
    const result = await deleteUser(actor, reauthenticated)
    if (result.kind === 'wrong-password') return passwordChangedMeanwhile(c, reauthenticated)
    if (result.kind !== 'deleted') return problem(c, result.kind)
    logSecurity(c, 'deleted', caller.userId)
    c.executionCtx.waitUntil(removePicture(c.env.AVATARS, result.avatarKey))
    if (!result.isFinished)
      c.executionCtx.waitUntil(deleteRest(maintenanceDatabase(c), caller.userId))
    if (result.mayMail) mailLater(c, accountDeleted(settings.appOrigin, reauthenticated.account))
    return noContent(c)
  },
)

/**
 * Deletes the rest of a large account. The session has ended, so this is maintenance, as the cron.
 */
async function deleteRest(db: Database, userId: number): Promise<void> {
  try {
    await finishDeletion(db, userId, new QueryBudget(QUERIES_AFTER_RESPONSE))
  } catch (error) {
    console.error(logLine({ event: 'deletion_unfinished', user_id: userId, error: String(error) }))
  }
}
