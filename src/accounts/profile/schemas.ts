/** What accounts send and receive. Names and addresses are checked here; whether they are free is for D1's unique indexes to decide. */
import { z } from '@hono/zod-openapi'
import { Email, Password, Username } from '../../credentials/schemas'
import { Event } from '../../event'
import { normalizeInput } from '../../normalize'

/** Control characters, and line and paragraph separators. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u
/**
 * Format characters, which are invisible or change the direction of what follows. The two joiners
 * stay: some scripts and emoji need them.
 */
const FORMATS = /(?![\u200c\u200d])\p{Cf}/u
/** Everything that shows nothing: separators, marks and format characters, and the blank letters. */
const BLANK = /^[\p{Z}\p{M}\p{Cf}\u115f\u1160\u2800\u3164\uffa0]*$/u

/** A name in any script. An empty one means no name. */
export const FullName = z
  .string()
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .transform(normalizeInput)
  .refine((s) => [...s].length <= 100, 'must have at most 100 characters')
  .refine((s) => !CONTROLS.test(s), {
    error: 'must not contain control characters or line breaks',
    abort: true,
  })
  .refine((s) => !FORMATS.test(s), {
    error: 'must not contain invisible format characters',
    abort: true,
  })
  .refine((s) => s === '' || !BLANK.test(s), 'must contain a visible character')
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
