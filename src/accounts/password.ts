/** A new password: chosen with the old one, or with a mailed link. */
import type { AnyContext, AppEnv } from '../context'
import { endpoint, jsonBody, noContent, nothing } from '../http/endpoint'
import { timeHash } from '../http/hashing'
import { logSecurity } from '../http/log'
import { mailLater } from '../http/mail'
import { brokenRule, problem, problems } from '../http/problem'
import { passwordChanged } from '../mail/texts'
import { isBreached } from '../security/breach'
import { hashPassword } from '../security/password'
import { confirmPassword, noLongerConfirmed } from './confirm'
import { forgetAttempt } from './confirm-store'
import { storePassword } from './password-store'
import { BREACHED, type OwnNames, ownName, weakness } from './rules'
import { PasswordChange } from './schemas'

/** The rule that a new password breaks, where its owner's names are known: length, well-known, own name, breach, in this order. */
export async function brokenPasswordRule(
  c: AnyContext,
  password: string,
  own: OwnNames,
): Promise<string | null> {
  const { passwordMinLength, breachCheck } = (c.var as AppEnv['Variables']).settings
  const broken = weakness(password, passwordMinLength) ?? ownName(password, own)
  if (broken) return broken
  return breachCheck && (await isBreached(password)) ? BREACHED : null
}

export const changePassword = endpoint(
  {
    method: 'put',
    path: '/api/users/me/password',
    operationId: 'changePassword',
    summary: 'Change the password; every other session ends',
    tags: ['accounts'],
    access: 'account',
    limit: 'sign-in',
    hashes: true,
    request: { body: jsonBody(PasswordChange) },
    responses: {
      204: nothing('Changed; this session goes on'),
      ...problems('wrong-password', 'busy', 'too-many-attempts', 'invalid-request'),
    },
  },
  async (c) => {
    const { current_password, new_password } = c.req.valid('json')
    const weak = weakness(new_password, c.var.settings.passwordMinLength)
    if (weak) return problem(c, 'invalid-request', brokenRule('new_password', weak))

    const { failure, confirmed } = await confirmPassword(c, current_password)
    if (failure) return failure
    const { db, caller, now, settings } = c.var
    const broken = await brokenPasswordRule(c, new_password, confirmed.account)
    if (broken) {
      await forgetAttempt(db, confirmed)
      return problem(c, 'invalid-request', brokenRule('new_password', broken))
    }
    const passwordHash = await timeHash(c, () => hashPassword(new_password))
    const result = await storePassword(db, caller, confirmed, passwordHash, now)
    if (!result.isStored) return noLongerConfirmed(c, confirmed)
    logSecurity(c, 'password_changed', caller.userId, caller.sessionId)
    if (result.mayMail) mailLater(c, passwordChanged(settings.appOrigin, confirmed.account))
    return noContent(c)
  },
)
