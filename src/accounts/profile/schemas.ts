/** What accounts send and receive. Names and addresses are checked here; whether they are free is for D1's unique indexes to decide. */
import { z } from '@hono/zod-openapi'
import { Email, Password, Username } from '../../credentials/schemas'
import { Event } from '../../event'
import { normalizeInput } from '../../normalize'

/** Any script, no line breaks or control characters. */
export const FullName = z
  .string()
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .transform(normalizeInput)
  .refine((s) => [...s].length <= 100, 'must have at most 100 characters')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .refine((s) => !/[\u0000-\u001f\u007f-\u009f]/.test(s), 'must not contain control characters')
  .transform((s) => s || null)
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
