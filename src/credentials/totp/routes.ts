/** Authenticator apps (RFC 6238): set up, confirmed with a first code, removed. */
import { z } from '@hono/zod-openapi'
import { NOT_CONFIRMED } from '../../http/bearer-auth'
import { endpoint, json, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { NO_STORE_HEADERS } from '../../http/oauth-error'
import { problem, problems } from '../../http/problem'
import { totpDisabled, totpEnabled } from '../../mail/texts'
import { generateRecoveryCodes } from '../../security/recovery-code'
import {
  encodeBase32,
  generateTotpSecret,
  normalizeCode,
  totpUri,
  verifyTotp,
} from '../../security/totp'
import { TOO_MANY_CODES } from '../factor-code'
import { RecoveryCodes } from '../recovery-codes/routes'
import { RECOVERY_CODES } from '../recovery-codes/store'
import { FRESH, FRESH_MFA } from '../step-up'
import { waitSeconds } from '../throttle'
import { openSecret, sealSecret } from './secret'
import { disableApp, enableApp, findEnrolment, storeSecret } from './store'

const TotpSetup = z
  .object({
    secret: z.string().meta({
      description: 'For an app that cannot scan: 32 characters of base32',
      example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    }),
    uri: z.string().meta({
      description: 'The text of the QR code',
      example: 'otpauth://totp/app.example.com:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    }),
  })
  .strict()
  .openapi('TotpSetup')

const DIGITS_RULE = 'must be the 6 digits of your authenticator app'
const TotpCode = z
  .strictObject({
    code: z
      .string()
      .max(100, DIGITS_RULE)
      .transform((text, ctx) => {
        const code = normalizeCode(text)
        if (code?.kind === 'totp') return code.code
        ctx.addIssue({ code: 'custom', message: DIGITS_RULE })
        return z.NEVER
      })
      .openapi({ type: 'string', maxLength: 100, example: '123456' }),
  })
  .openapi('TotpCode')

const setUpTotp = endpoint(
  {
    method: 'post',
    path: '/api/users/me/totp',
    operationId: 'setUpTotp',
    summary: 'Start to set up an authenticator app; nothing changes before its first code',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    responses: {
      201: json(TotpSetup, 'The secret, to be entered or scanned; shown once'),
      ...problems('email-not-verified', 'totp-enabled'),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const secret = generateTotpSecret()
    const sealed = await sealSecret(settings, caller.userId, secret)
    const result = await storeSecret(actor, sealed)
    if (result.kind !== 'stored') return problem(c, result.kind)
    const issuer = new URL(settings.appOrigin).hostname
    const uri = totpUri({ issuer, account: result.username, secret })
    c.header('Location', '/api/users/me/factors')
    return c.json({ secret: encodeBase32(secret), uri }, 201, NO_STORE_HEADERS)
  },
)

const confirmTotp = endpoint(
  {
    method: 'post',
    path: '/api/users/me/totp/confirm',
    operationId: 'confirmTotp',
    summary: 'Enable the authenticator app with its first code; other sign-ins end',
    tags: ['factors'],
    access: 'account',
    limit: 'sign-in',
    request: { body: jsonBody(TotpCode) },
    responses: {
      200: json(RecoveryCodes, 'Enabled: ten recovery codes, shown once'),
      ...problems('wrong-code', 'totp-not-found', 'totp-enabled', 'too-many-attempts'),
    },
  },
  async (c) => {
    const { actor, caller, now, settings } = c.var
    const enrolment = await findEnrolment(actor)
    if ('kind' in enrolment) return problem(c, enrolment.kind)
    const { secret } = await openSecret(settings, caller.userId, enrolment.sealed)
    const step = await verifyTotp(secret, c.req.valid('json').code, now)
    const { codes, hashes } = await generateRecoveryCodes(RECOVERY_CODES)
    const result = await enableApp(actor, enrolment, step, hashes)
    if (result.wait) {
      logSecurity(c, 'attempt_refused', caller.userId, caller.sessionId)
      const retryAfter = waitSeconds(result.wait, 'factor', now)
      return problem(c, 'too-many-attempts', { retryAfter, detail: TOO_MANY_CODES })
    }
    if (!result.isEnabled) {
      logSecurity(c, 'second_factor_failed', caller.userId, caller.sessionId)
      return problem(c, 'wrong-code', NOT_CONFIRMED)
    }
    logSecurity(c, 'totp_enabled', caller.userId, caller.sessionId)
    logSecurity(c, 'recovery_codes_made', caller.userId, caller.sessionId)
    if (result.owner && result.mayNotify)
      mailLater(c, totpEnabled(settings.appOrigin, result.owner))
    return c.json({ recovery_codes: codes }, 200, NO_STORE_HEADERS)
  },
)

const removeTotp = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/totp',
    operationId: 'removeTotp',
    summary: 'Remove the authenticator app; other sign-ins end',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH_MFA,
    limit: 'write',
    responses: {
      204: nothing('Removed; the recovery codes too, unless a passkey is left'),
      ...problems('totp-not-found'),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const result = await disableApp(actor)
    if (result.kind !== 'disabled') return problem(c, result.kind)
    logSecurity(c, 'totp_disabled', caller.userId, caller.sessionId)
    if (result.owner && result.mayNotify)
      mailLater(c, totpDisabled(settings.appOrigin, result.owner))
    return noContent(c)
  },
)

export const totpRoutes = [setUpTotp, confirmTotp, removeTotp] as const
