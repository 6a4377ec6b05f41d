/** Bodies of the profile endpoints. The unique indexes of D1 decide whether a name is free. */
import { z } from '@hono/zod-openapi'
import { Email, Label, Password, Username } from '../../credentials/schemas'
import { Event } from '../../event'

/** A name in any script. An empty one means no name. */
export const FullName = Label.transform((s) => s || null)
  .nullable()
  .openapi({ type: ['string', 'null'], maxLength: 100, example: 'Ann Example' })

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
