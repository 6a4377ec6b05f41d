/** Bodies of the endpoints for sign-in links. */
import { z } from '@hono/zod-openapi'
import { Email, LinkToken } from '../schemas'

export const EmailSignIn = z
  .object({
    available: z.boolean().meta({ description: 'Whether this service mails sign-in links' }),
  })
  .strict()
  .openapi('EmailSignIn')

export const SignInLinkRequest = z.strictObject({ email: Email }).openapi('SignInLinkRequest')

export const SignInLinkSent = z
  .object({
    message: z.string(),
    code: z.string().meta({
      description:
        'Show it. Another browser that opens the link needs it; this one is known by a cookie.',
      example: '123456',
    }),
  })
  .strict()
  .openapi('SignInLinkSent')

const Code = z
  .string()
  .max(20, 'must have 6 digits')
  .transform((text) => text.replace(/[\s-]/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, 'must have 6 digits'))
  .openapi({
    type: 'string',
    maxLength: 20,
    description: 'Of the browser that requested the link; spaces and dashes do not matter',
    example: '123456',
  })

export const SignInLinkUse = z
  .strictObject({ token: LinkToken, code: Code.optional() })
  .openapi('SignInLinkUse')
