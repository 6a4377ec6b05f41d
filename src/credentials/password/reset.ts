/**
 * A forgotten password: a link by mail, and a new password through it (OWASP Forgot Password Cheat
 * Sheet).
 */
import { endpoint, json, jsonBody, noContent, nothing } from '../../http/endpoint'
import { runHash } from '../../http/hash-admission'
import { logSecurity } from '../../http/log'
import { mailAfterDelay, mailLater } from '../../http/mail'
import { fieldProblem, problem, problems } from '../../http/problem'
import { passwordWasReset, resetPassword as resetMail } from '../../mail/texts'
import { hashPassword } from '../../security/password'
import { hashSecretToken } from '../../security/secret-token'
import { emailAddress, newLink } from '../email-tokens'
import { Message } from '../schemas'
import { violatedPasswordRule } from './policy'
import { findResetLink, requestReset, useReset } from './reset-store'
import { Forgotten, PasswordReset } from './schemas'
import { findPasswordViolation } from './violation'

export const forgotPassword = endpoint(
  {
    method: 'post',
    path: '/api/users/forgot-password',
    operationId: 'forgotPassword',
    summary: 'Ask for a link to choose a new password',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'mail',
    request: { body: jsonBody(Forgotten) },
    responses: { 202: json(Message, 'The same, whether the address is known or not') },
  },
  async (c) => {
    const { db, now, settings, keys, location } = c.var
    // The same work and the same statements for every address: only the mail, behind the answer,
    // differs.
    const link = await newLink('reset', now)
    const address = await emailAddress(keys, c.req.valid('json').email)
    const { isRefused, user, hasLink } = await requestReset(db, address, link, now, location())
    logSecurity(c, isRefused ? 'attempt_refused' : 'password_reset_requested', user?.id ?? null)
    if (user && hasLink) mailAfterDelay(c, () => resetMail(settings.appOrigin, user, link.token))
    const message = 'If an account has this address, a link is on its way to it.'
    return c.json({ message }, 202)
  },
)

export const resetPassword = endpoint(
  {
    method: 'post',
    path: '/api/users/reset-password',
    operationId: 'resetPassword',
    summary: 'Choose a new password with a mailed link; all sessions end; sign in afterwards',
    tags: ['accounts'],
    access: 'anyone',
    limit: 'sign-in',
    hash: 'other',
    request: { body: jsonBody(PasswordReset) },
    responses: {
      204: nothing('The password is the new one: sign in with it'),
      ...problems('invalid-token', 'invalid-request'),
    },
  },
  async (c) => {
    const { token, new_password } = c.req.valid('json')
    const { db, now, settings, location } = c.var
    const weak = violatedPasswordRule(new_password, settings.passwordMinLength)
    if (weak) return problem(c, 'invalid-request', fieldProblem('new_password', weak))

    const invalid = () => problem(c, 'invalid-token', { detail: 'Invalid or expired reset token' })
    const tokenHash = await hashSecretToken(token)
    const user = tokenHash && (await findResetLink(db, tokenHash, now))
    if (!user) return invalid()
    const broken = await findPasswordViolation(settings, new_password, user)
    if (broken) return problem(c, 'invalid-request', fieldProblem('new_password', broken))

    const passwordHash = await runHash(c, () => hashPassword(new_password))
    const result = await useReset(db, user.id, tokenHash, passwordHash, now, location())
    if (!result.isReset) return invalid()
    logSecurity(c, 'password_reset', user.id)
    // The link has just proven the address.
    const owner = { ...user, emailVerified: true }
    if (result.mayNotify) mailLater(c, passwordWasReset(settings.appOrigin, owner))
    return noContent(c)
  },
)
