/** Bodies of the endpoints for email addresses. */
import { z } from '@hono/zod-openapi'
import { Email, PasswordOrFresh } from '../../credentials/schemas'

export const EmailChange = z
  .strictObject({ email: Email, password: PasswordOrFresh })
  .openapi('EmailChange')

export const LinkPreview = z
  .object({
    username: z.string().meta({ example: 'ann' }),
    purpose: z.enum(['verify', 'change']).meta({
      description: '`verify`: confirms the address of the account; `change`: gives it a new one',
    }),
  })
  .strict()
  .openapi('LinkPreview')
