/**
 * Identifiers, passwords, names and mailed links in requests. The unique indexes of D1 decide
 * whether a username or an address is free.
 */
import { z } from '@hono/zod-openapi'
import { durationText, FRESH_SECONDS } from '../limits'
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

/** Normalized before it is validated: trimmed and composed (NFC). */
export const Email = z
  .string()
  .max(1000, 'must have at most 254 characters')
  .transform((s) => (s.isWellFormed() ? normalizeInput(s) : ''))
  .pipe(
    z
      .string()
      .max(254, 'must have at most 254 characters')
      .pipe(z.email('must be an email address in ASCII characters')),
  )
  .openapi({ type: 'string', format: 'email', maxLength: 254, example: 'ann@example.com' })

/**
 * A new password as text: well-formed and bounded. `policy.ts` has the rules; hashing composes it
 * (NFC, ASVS 6.2.8).
 */
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

/** A present password: only bounded, because it may have been chosen under other rules. */
export const PresentPassword = z
  .string()
  .min(1, 'is empty')
  .max(4096, 'must have at most 4096 characters')
  .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')
  .openapi({ type: 'string', format: 'password', example: 'correct horse battery staple' })

/** The password of an act. Without it the session must be fresh. */
export const PasswordOrFresh = PresentPassword.optional().openapi({
  description: `May be left out within ${durationText(1000 * FRESH_SECONDS)} of a sign-in or confirmation`,
})

/** The token of a mailed link. Its shape is not checked: no other text is the right one. */
export const LinkToken = z
  .string()
  .max(1000, 'must have at most 1000 characters')
  .meta({ description: 'The `token` in the fragment of the mailed link' })

/** Control characters, and line and paragraph separators. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u
/**
 * Format characters, which are invisible or change the direction of what follows. The two joiners
 * stay: some scripts and emoji need them.
 */
const FORMATS = /(?![\u200c\u200d])\p{Cf}/u
/** Characters that show nothing: separators, marks, format characters and blank letters. */
const BLANK = /^[\p{Z}\p{M}\p{Cf}\u115f\u1160\u2800\u3164\uffa0]*$/u

/** A text that people read: one line in any script, at most 100 characters, possibly empty. */
export const Label = z
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

/** A name in any script. An empty one means no name. */
export const FullName = Label.transform((s) => s || null)
  .nullable()
  .openapi({ type: ['string', 'null'], maxLength: 100, example: 'Ann Example' })

export const LinkUse = z.strictObject({ token: LinkToken }).openapi('LinkUse')
/** The response of a request that may send a mail. */
export const Message = z.object({ message: z.string() }).strict().openapi('Message')
