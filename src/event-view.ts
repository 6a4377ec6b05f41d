/** A security event on the wire, for the account's owner and for admins. */
import { z } from '@hono/zod-openapi'
import { EVENT_TYPES } from './db/event-types'
import type { events } from './db/schema'
import { Id, Time } from './user'

export const Event = z
  .object({
    id: Id,
    type: z.enum(EVENT_TYPES),
    at: Time,
    session_id: z.string().nullable(),
    location: z.string().nullable().meta({ example: 'Vienna, AT' }),
  })
  .strict()
  .openapi('Event')
export type Event = z.infer<typeof Event>

export const viewEvent = (row: typeof events.$inferSelect): Event => ({
  id: row.id,
  type: row.type,
  at: row.at.toISOString(),
  session_id: row.sessionId,
  location: row.location,
})
