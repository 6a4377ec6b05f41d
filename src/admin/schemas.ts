/** Requests and responses of the admin endpoints. */
import { z } from '@hono/zod-openapi'
import { Factors } from '../credentials/factors-overview'
import { Identity } from '../credentials/identities/schemas'
import type { events } from '../db/schema'
import { Event, viewEvent } from '../event-view'
import { Cursor, PageLimit } from '../http/list'
import { Id, UserPrivate } from '../user'

export const UserQuery = z.strictObject({
  q: z
    .string('must be given once')
    .max(254, 'must have at most 254 characters')
    .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
    .optional()
    .openapi({
      description: 'The beginning of a username or email address, or an id',
      example: 'ann',
      param: { name: 'q', in: 'query' },
    }),
  limit: PageLimit,
  cursor: Cursor,
})

export const EventQuery = z.strictObject({
  user_id: z
    .string('must be given once')
    .regex(/^[1-9]\d{0,14}$/, 'must be a positive whole number')
    .transform(Number)
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      description: 'Only events of this user',
      param: { name: 'user_id', in: 'query' },
    }),
  limit: PageLimit,
  cursor: Cursor,
})

export const UserList = z
  .object({ users: z.array(UserPrivate), next_cursor: z.string().nullable() })
  .strict()
  .openapi('UserList')

export const UserFactors = Factors.extend({ identities: z.array(Identity) })
  .strict()
  .openapi('UserFactors')

export const UserChange = z
  .strictObject({
    role: z.enum(['user', 'admin'], 'must be "user" or "admin"').optional(),
    is_active: z.boolean('must be true or false').optional(),
  })
  .openapi('UserChange')
export type UserChange = z.infer<typeof UserChange>

export const AdminEvent = Event.extend({ user_id: Id }).strict().openapi('AdminEvent')
export type AdminEvent = z.infer<typeof AdminEvent>

export const AdminEventList = z
  .object({ events: z.array(AdminEvent), next_cursor: z.string().nullable() })
  .strict()
  .openapi('AdminEventList')

export const viewAdminEvent = (row: typeof events.$inferSelect): AdminEvent => ({
  ...viewEvent(row),
  user_id: row.userId,
})
