/** Body of the deletion endpoint. */
import { z } from '@hono/zod-openapi'
import { PasswordOrFresh } from '../../credentials/schemas'

export const Deletion = z.strictObject({ password: PasswordOrFresh }).openapi('Deletion')
