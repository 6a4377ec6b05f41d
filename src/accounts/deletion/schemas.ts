/** Body of the deletion endpoint. */
import { z } from '@hono/zod-openapi'
import { PresentPassword } from '../../credentials/schemas'

export const Deletion = z.strictObject({ password: PresentPassword }).openapi('Deletion')
