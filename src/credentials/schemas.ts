/** Identifiers, passwords and mailed links as requests carry them. Whether a name or address is free is decided by D1's unique indexes. */
import { z } from '@hono/zod-openapi'
import { caseFold, normalizeInput } from '../normalize'

const RESERVED = new Set(
  'admin administrator root system support security help info api docs oauth me null undefined anonymous deleted gatepost'.split(
    ' ',
  ),
)

/** Reserved words do not become free by separators: `admin_`, `gatepost.support`. */
const isReserved = (name: string) =>
  RESERVED.has(name.replace(/[_.-]/g, '')) ||
  name.split(/[_.-]+/).every((part) => part === '' || RESERVED.has(part))

export const Username = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{2,29}$/,
    'must have 3 to 30 letters (A-Z), digits, "_", "." or "-", and begin with a letter or digit',
  )
  .refine((s) => !isReserved(caseFold(s)), 'is reserved')
  .meta({ example: 'ann' })

/** Normalised, then validated: spaces around are dropped and the text is composed (NFC) before the shape is looked at. */
export const Email = z
  .string()
  .max(1000, 'must have at most 254 characters')
  .transform((s) => (s.isWellFormed() ? normalizeInput(s) : ''))
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

/** A password that exists already: only bounded, so that one chosen under other rules still fits. */
export const PresentPassword = z
  .string()
  .min(1, 'is empty')
  .max(4096, 'must have at most 4096 characters')
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .openapi({ type: 'string', format: 'password', example: 'correct horse battery staple' })

/** The secret of a mailed link; any text will do, since a wrong one is no good whatever its shape. */
export const LinkToken = z
  .string()
  .max(1000, 'must have at most 1000 characters')
  .meta({ description: 'From the link of the mail: what stands behind #token=' })

export const LinkUse = z.strictObject({ token: LinkToken }).openapi('LinkUse')
/** What a request that may send a mail answers; always the same. */
export const Message = z.object({ message: z.string() }).strict().openapi('Message')
