/** Bodies of the password endpoints. */
import { z } from '@hono/zod-openapi'
import { Email, LinkToken, Password, PasswordOrFresh } from '../schemas'

export const PasswordChange = z
  .strictObject({ current_password: PasswordOrFresh, new_password: Password })
  .openapi('PasswordChange')

export const PasswordReset = z
  .strictObject({ token: LinkToken, new_password: Password })
  .openapi('PasswordReset')
export const Forgotten = z.strictObject({ email: Email }).openapi('Forgotten')
