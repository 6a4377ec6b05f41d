/** Leaving: the account, its posts, its picture and its sessions go at once. */
import { passwordChangedMeanwhile, reauthenticate } from '../../credentials/reauth'
import { unguarded } from '../../http/actor'
import { endpoint, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { accountDeleted } from '../../mail/texts'
import { removePicture } from '../avatar/store'
import { Deletion } from './schemas'
import { deleteUser } from './store'

export const deleteAccount = endpoint(
  {
    method: 'post',
    path: '/api/users/me/deletion',
    operationId: 'deleteAccount',
    summary: 'Delete the account and everything of it, at once and for good',
    tags: ['accounts'],
    access: 'account',
    limit: 'sign-in',
    hashes: true,
    request: { body: jsonBody(Deletion) },
    responses: {
      204: nothing('It is gone; its name and address are free again'),
      ...problems('wrong-password', 'busy', 'too-many-attempts', 'last-admin'),
    },
  },
  async (c) => {
    const { failure, reauthenticated } = await reauthenticate(c, c.req.valid('json').password)
    if (failure) return failure
    const { caller, now, settings } = c.var
    const db = unguarded(c)
    const result = await deleteUser(db, caller, reauthenticated, now)
    if (result.kind === 'wrong-password') return passwordChangedMeanwhile(c, reauthenticated)
    if (result.kind !== 'deleted') return problem(c, result.kind)
    logSecurity(c, 'deleted', caller.userId)
    c.executionCtx.waitUntil(removePicture(c.env.AVATARS, result.avatarKey))
    if (result.mayMail) mailLater(c, accountDeleted(settings.appOrigin, reauthenticated.account))
    return noContent(c)
  },
)
