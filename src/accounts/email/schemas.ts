/** Bodies of the e-mail endpoints. */
import { z } from '@hono/zod-openapi'
import { Email, PresentPassword } from '../../credentials/schemas'

export const EmailChange = z
  .strictObject({ email: Email, password: PresentPassword })
  .openapi('EmailChange')
