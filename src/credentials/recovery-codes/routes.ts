/** Recovery codes: one-use codes for users whose second factor is lost. */
import { z } from '@hono/zod-openapi'
import { endpoint, json } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { NO_STORE_HEADERS } from '../../http/oauth-error'
import { problem, problems } from '../../http/problem'
import { recoveryCodesMade } from '../../mail/texts'
import { generateRecoveryCodes } from '../../security/recovery-code'
import { FRESH_MFA } from '../step-up'
import { RECOVERY_CODES, storeCodes } from './store'

/** Shown once: D1 stores only their hashes. */
export const RecoveryCodes = z
  .object({
    recovery_codes: z.array(z.string()).meta({
      description: 'Each works once in place of a code of the app. They are not shown again',
      example: ['7K3QX-M0T2V-9RZ4H-B8WCN-5YD1P'],
    }),
  })
  .strict()
  .openapi('RecoveryCodes')

export const makeRecoveryCodes = endpoint(
  {
    method: 'post',
    path: '/api/users/me/recovery-codes',
    operationId: 'makeRecoveryCodes',
    summary: 'Make ten new recovery codes; the former ones become void',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH_MFA,
    limit: 'write',
    responses: {
      200: json(RecoveryCodes, 'The new codes'),
      ...problems('no-second-factor'),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const { codes, hashes } = await generateRecoveryCodes(RECOVERY_CODES)
    const result = await storeCodes(actor, hashes)
    if (result.kind !== 'made') return problem(c, result.kind)
    logSecurity(c, 'recovery_codes_made', caller.userId, caller.sessionId)
    if (result.mayNotify) mailLater(c, recoveryCodesMade(settings.appOrigin, result.user))
    return c.json({ recovery_codes: codes }, 200, NO_STORE_HEADERS)
  },
)
