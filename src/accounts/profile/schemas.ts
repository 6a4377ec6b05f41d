/** Bodies of the profile endpoints. The unique indexes of D1 decide whether a name is free. */
import { z } from '@hono/zod-openapi'
import { Email, FullName, Password, Username } from '../../credentials/schemas'
import { Event } from '../../event-view'

export const Registration = z
  .strictObject({
    username: Username,
    email: Email,
    password: Password,
    full_name: FullName.optional(),
  })
  .openapi('Registration')
export type Registration = z.infer<typeof Registration>

export const ProfileChange = z
  .strictObject({ username: Username.optional(), full_name: FullName.optional() })
  .openapi('ProfileChange')
export type ProfileChange = z.infer<typeof ProfileChange>

export const EventList = z
  .object({ events: z.array(Event), next_cursor: z.string().nullable() })
  .strict()
  .openapi('EventList')
