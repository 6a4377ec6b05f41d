/** Bodies of the sign-in endpoints and of the list of sessions. */
import { z } from '@hono/zod-openapi'
import { CODE_RULE, Code } from '../credentials/factor-code'
import { AssertionCredential } from '../credentials/passkeys/schemas'
import { PresentPassword } from '../credentials/schemas'
import type { sessions } from '../db/schema'
import { dayOf, Time, UserPrivate } from '../user'
import type { Grant } from './grant'
import { CLIENT_ID, CLIENT_ID_RULE, SECOND_FACTOR_GRANT } from './rules'

/** A text in JSON or a form. In a form, a repeated field is an array. */
const once = {
  error: ({ input }: { input?: unknown }) => {
    if (input === undefined) return 'is missing'
    return Array.isArray(input) ? 'must be given once' : 'must be a text'
  },
}
/** The text of a login or a password: bounded and well-formed, without further rules. */
const Text = (max: number) =>
  z
    .string(once)
    .min(1, 'is empty')
    .max(max, `must have at most ${max} characters`)
    .refine((s) => s.isWellFormed(), 'is not well-formed Unicode')

const Login = Text(320).openapi({
  example: 'ann@example.com',
  description: 'The email address, or the username',
})
const Password = Text(4096).openapi({ format: 'password', example: 'correct horse battery staple' })
const ScopeText = z.string(once).max(200, 'must have at most 200 characters').openapi({
  description: 'Space-separated; all that the role allows by default',
  example: 'posts:write account',
})

/** A code in a form. An empty one counts as absent (RFC 6749 §3.2). */
const Otp = z
  .string(once)
  .refine((text) => text === '' || Code.safeParse(text).success, CODE_RULE)
  .openapi({
    description: 'A code that completes the sign-in of an account with a second factor',
    example: '123456',
  })

/** FastAPI's `OAuth2PasswordRequestForm`. Unknown fields are ignored (RFC 6749 §3.2). */
export const TokenForm = z
  .object({
    username: Login,
    password: Password,
    grant_type: z.enum(['password', ''], 'must be "password" or absent').optional(),
    scope: ScopeText.optional(),
    client_id: z
      .string(once)
      .refine((name) => name === '' || CLIENT_ID.test(name), CLIENT_ID_RULE)
      .optional(),
    client_secret: z.string(once).optional(),
    otp: Otp.optional(),
  })
  .openapi('TokenForm')

const Parameter = z.string(once).optional()
/** RFC 6749 §4.3.2 and §6. The handler checks the fields that a grant needs. */
export const OAuthTokenForm = z
  .object({
    grant_type: Parameter.openapi({
      description: `\`password\`, \`refresh_token\` or \`${SECOND_FACTOR_GRANT}\``,
      example: 'password',
    }),
    username: Parameter.openapi({
      description: 'Email address or username',
      example: 'ann@example.com',
    }),
    password: Parameter.openapi({ format: 'password', example: 'correct horse battery staple' }),
    refresh_token: Parameter,
    mfa_token: Parameter.openapi({ description: 'Of an error `mfa_required`' }),
    otp: Otp.optional(),
    scope: Parameter.openapi({ example: 'posts:write account' }),
    client_id: Parameter.openapi({
      description: 'Clients are public: no secret',
      example: 'first-party',
    }),
    client_secret: Parameter,
  })
  .openapi('OAuthTokenForm')

/** RFC 7009 §2.1. */
export const RevocationForm = z
  .object({
    token: Parameter.openapi({ description: 'A refresh token or an access token' }),
    token_type_hint: Parameter,
    client_id: Parameter,
    client_secret: Parameter,
  })
  .openapi('RevocationForm')

/** RFC 6749 §5.1. */
export const Token = z
  .object({
    access_token: z.string(),
    token_type: z.literal('bearer'),
    expires_in: z.int().positive().meta({ description: 'Seconds', example: 900 }),
    refresh_token: z.string(),
    scope: z.string().meta({ example: 'posts:write account' }),
  })
  .strict()
  .openapi('Token')
export type Token = z.infer<typeof Token>

export const viewToken = (grant: Grant): Token => ({
  access_token: grant.accessToken,
  token_type: 'bearer',
  expires_in: grant.expiresIn,
  refresh_token: grant.refreshToken,
  scope: grant.scope,
})

const PendingToken = z
  .string()
  .max(4096, 'must have at most 4096 characters')
  .openapi({ description: 'Of a problem `second-factor-required`' })

export const Credentials = z
  .strictObject({ login: Login, password: Password })
  .openapi('Credentials')

/** For browsers: the refresh token is in the cookie, and in no body. */
export const BrowserSession = Token.omit({ refresh_token: true })
  .extend({ user: UserPrivate })
  .strict()
  .openapi('BrowserSession')
export type BrowserSession = z.infer<typeof BrowserSession>

/** The second step of a sign-in. */
export const SecondFactor = z
  .union(
    [
      z.strictObject({ pending_token: PendingToken, code: Code }),
      z.strictObject({ pending_token: PendingToken, credential: AssertionCredential }),
    ],
    'must have pending_token, and either code or credential',
  )
  .openapi('SecondFactor')

/** How a session is confirmed. */
export const Confirmation = z
  .union(
    [
      z.strictObject({ password: PresentPassword }),
      z.strictObject({ code: Code }),
      z.strictObject({ credential: AssertionCredential }),
    ],
    'must have one of password, code and credential',
  )
  .openapi('Confirmation')

/** A new access token of the same session. */
export const Confirmed = Token.omit({ refresh_token: true }).strict().openapi('Confirmed')
export type Confirmed = z.infer<typeof Confirmed>

export const Empty = z.strictObject({}).openapi('Empty')

export const Session = z
  .object({
    id: z.string(),
    created_at: Time,
    last_used_at: Time.meta({ description: 'The day on which it was last refreshed' }),
    expires_at: Time.meta({ description: 'The day on which it ends unless it is refreshed' }),
    user_agent: z.string().nullable(),
    location: z.string().nullable().meta({ example: 'Vienna, AT' }),
    current: z.boolean().meta({ description: 'The session of the request' }),
  })
  .strict()
  .openapi('Session')
export type Session = z.infer<typeof Session>

export const SessionList = z
  .object({ sessions: z.array(Session), next_cursor: z.string().nullable() })
  .strict()
  .openapi('SessionList')

export const SessionIdParam = z.object({
  id: z
    .string()
    .regex(/^[\w-]{22}$/, 'must be the id of a session')
    .openapi({ param: { name: 'id', in: 'path' } }),
})

export const viewSession = (row: typeof sessions.$inferSelect, currentId: string): Session => ({
  id: row.id,
  created_at: row.createdAt.toISOString(),
  last_used_at: dayOf(row.lastUsedAt),
  expires_at: dayOf(row.expiresAt),
  user_agent: row.userAgent,
  location: row.location,
  current: row.id === currentId,
})
