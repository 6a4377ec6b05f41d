/** What accounts send and receive. Names and addresses are checked here; whether they are free is for D1's unique indexes to decide. */
import { z } from '@hono/zod-openapi'
import { Event } from '../event'
import { canonical, composed } from '../spelling'

const RESERVED = new Set(
  'admin administrator root system support security help info api docs oauth me null undefined anonymous deleted gatepost'.split(
    ' ',
  ),
)

export const Username = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{2,29}$/,
    'must have 3 to 30 letters (A-Z), digits, "_", "." or "-", and begin with a letter or digit',
  )
  .refine((s) => !RESERVED.has(canonical(s)), 'is reserved')
  .meta({ example: 'ann' })

/** Normalised, then validated: spaces around are dropped and the text is composed (NFC) before the shape is looked at. */
export const Email = z
  .string()
  .max(1000, 'must have at most 254 characters')
  .transform((s) => (s.isWellFormed() ? composed(s) : ''))
  .pipe(
    z
      .string()
      .max(254, 'must have at most 254 characters')
      .pipe(z.email('must be an e-mail address in ASCII characters')),
  )
  .openapi({ type: 'string', format: 'email', maxLength: 254, example: 'ann@example.com' })

/** The text of a password, before any rule of ours: well-formed and bounded. NFC happens where it is hashed (ASVS 6.2.8). */
export const Password = z
  .string()
  .max(4096, 'must have at most 128 characters')
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .openapi({
    type: 'string',
    format: 'password',
    minLength: 8,
    maxLength: 128,
    example: 'correct horse battery staple',
  })

/** Any script, no line breaks or control characters. */
export const FullName = z
  .string()
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .transform(composed)
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

/** A password that exists already: only bounded, so that one chosen under other rules still fits. */
const PresentPassword = z
  .string()
  .min(1, 'is empty')
  .max(4096, 'must have at most 4096 characters')
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .openapi({ type: 'string', format: 'password', example: 'correct horse battery staple' })

export const PasswordChange = z
  .strictObject({ current_password: PresentPassword, new_password: Password })
  .openapi('PasswordChange')

export const EmailChange = z
  .strictObject({ email: Email, password: PresentPassword })
  .openapi('EmailChange')

export const Deletion = z.strictObject({ password: PresentPassword }).openapi('Deletion')

/** The secret of a mailed link; any text will do, since a wrong one is no good whatever its shape. */
const LinkToken = z
  .string()
  .max(1000, 'must have at most 1000 characters')
  .meta({ description: 'From the link of the mail: what stands behind #token=' })

export const LinkUse = z.strictObject({ token: LinkToken }).openapi('LinkUse')
export const PasswordReset = z
  .strictObject({ token: LinkToken, new_password: Password })
  .openapi('PasswordReset')
export const Forgotten = z.strictObject({ email: Email }).openapi('Forgotten')

/** What a request that may send a mail answers; always the same. */
export const Message = z.object({ message: z.string() }).strict().openapi('Message')

export const EventList = z
  .object({ events: z.array(Event), next_cursor: z.string().nullable() })
  .strict()
  .openapi('EventList')
