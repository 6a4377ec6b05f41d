/** Changes the password of the caller, or sets the first one. */
import { endpoint, jsonBody, noContent, nothing } from '../../http/endpoint'
import { runHash } from '../../http/hash-admission'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { fieldProblem, problem, problems } from '../../http/problem'
import { passwordChanged, passwordSet } from '../../mail/texts'
import { hashPassword } from '../../security/password'
import { passwordChangedMeanwhile, reauthenticate } from '../reauth'
import { discardAttempt } from '../reauth-store'
import { storePassword } from './change-store'
import { violatedPasswordRule } from './policy'
import { PasswordChange } from './schemas'
import { findPasswordViolation } from './violation'

export const changePassword = endpoint(
  {
    method: 'put',
    path: '/api/users/me/password',
    operationId: 'changePassword',
    summary: 'Change the password, or set the first one; every other session ends',
    tags: ['accounts'],
    access: 'account',
    limit: 'sign-in',
    hash: 'other',
    request: { body: jsonBody(PasswordChange) },
    responses: {
      204: nothing('Changed; this session goes on'),
      ...problems(
        'wrong-password',
        'step-up-required',
        'busy',
        'too-many-attempts',
        'invalid-request',
      ),
    },
  },
  async (c) => {
    const { current_password, new_password } = c.req.valid('json')
    const weak = violatedPasswordRule(new_password, c.var.settings.passwordMinLength)
    if (weak) return problem(c, 'invalid-request', fieldProblem('new_password', weak))

    const { failure, reauthenticated } = await reauthenticate(c, current_password)
    if (failure) return failure
    const { actor, caller, settings } = c.var
    const broken = await findPasswordViolation(settings, new_password, reauthenticated.account)
    if (broken) {
      await discardAttempt(actor, reauthenticated)
      return problem(c, 'invalid-request', fieldProblem('new_password', broken))
    }
    const passwordHash = await runHash(c, () => hashPassword(new_password))
    const result = await storePassword(actor, reauthenticated, passwordHash)
    if (!result.isStored) return passwordChangedMeanwhile(c, reauthenticated)
    logSecurity(c, 'password_changed', caller.userId, caller.sessionId)
    const { account } = reauthenticated
    const notice = account.hasPassword ? passwordChanged : passwordSet
    if (result.mayNotify) mailLater(c, notice(settings.appOrigin, account))
    return noContent(c)
  },
)
