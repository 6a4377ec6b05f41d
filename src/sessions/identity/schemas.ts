/** Requests of sign-ins through identity providers. */
import { z } from '@hono/zod-openapi'
import { Email, FullName, Username } from '../../credentials/schemas'

const once = { error: 'must be given once' }

/** Where to go after the sign-in. Anything but a path of this origin counts as absent. */
export const SignInQuery = z.object({
  next: z
    .string()
    .optional()
    .catch(undefined)
    .openapi({
      type: 'string',
      description: 'The path of this origin to show after the sign-in',
      example: '/account',
      param: { name: 'next', in: 'query' },
    }),
})

const Parameter = (max: number) =>
  z
    .string(once)
    .max(max, `must have at most ${max} characters`)
    .refine((text) => text.isWellFormed(), 'is not well-formed Unicode')
    .optional()

/** The response of a provider (RFC 6749 §4.1.2, RFC 9207). Other parameters are ignored. */
const response = {
  code: Parameter(4000),
  state: Parameter(200),
  iss: Parameter(500),
  error: Parameter(100),
}

export const CallbackQuery = z.object(response)

export const CallbackForm = z
  .object({
    ...response,
    user: Parameter(2000).openapi({
      description: 'Apple sends it at the first sign-in only: the name as JSON',
      example: '{"name":{"firstName":"Ann","lastName":"Example"}}',
    }),
    again: Parameter(1).openapi({
      description: 'Set when the page of the first response sends the form again',
      example: '1',
    }),
  })
  .openapi('CallbackForm')
export type CallbackForm = z.infer<typeof CallbackForm>

export const IdentityRegistration = z
  .strictObject({
    registration: z
      .string()
      .max(4000, 'must have at most 4000 characters')
      .meta({ description: 'From the fragment of `/welcome`' }),
    username: Username,
    email: Email.optional().openapi({
      description: 'Instead of the address that the provider stated; required if it stated none',
    }),
    full_name: FullName.optional(),
  })
  .openapi('IdentityRegistration')
export type IdentityRegistration = z.infer<typeof IdentityRegistration>
