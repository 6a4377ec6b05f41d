// The vars and secrets of the Worker, checked once per isolate. A missing or weak setting stops the
// service; the error names the setting and never shows its value.
import * as z from 'zod'
import { parseDataKeys } from './security/data-keys'
import { isGuessable } from './security/guessable-secret'
import type { IdentityProvider } from './security/identity-provider-presets'
import { readProviders } from './security/identity-provider-settings'
import { isLoopback } from './security/loopback'
import { parseSigningKeys } from './security/signing-keys'

const DAY_MS = 24 * 60 * 60 * 1000

const Secret = z
  .string({ error: 'is missing' })
  .min(1, 'is empty')
  .refine((s) => new TextEncoder().encode(s).length >= 32, 'must have at least 32 bytes')
  .refine((s) => !isGuessable(s), 'is guessable: use 32 random bytes')

/** An empty setting counts as absent. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

const Origin = z
  .string({ error: 'is missing' })
  .refine(isOrigin, 'must be an origin such as https://app.example.com, without a path')

/** URL accepts `https://*.example.com` as a host of that name; no browser sends that origin. */
const ORIGIN_SHAPE = /^https?:\/\/(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?$/

function isOrigin(text: string): boolean {
  if (!ORIGIN_SHAPE.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  return url.origin === text && isSafe
}

/** The rule of origins that an entry breaks, in words; undefined if it is an origin. */
function brokenOriginRule(text: string): string | undefined {
  if (isOrigin(text)) return undefined
  if (!/^https?:\/\//.test(text)) return 'must begin with https://, or http:// for localhost'
  if (/^https?:\/\/[^/]*\//.test(text)) return 'must have no path and no / at the end'
  return 'must be an origin such as https://app.example.com; only localhost may have http://'
}

/** The message names an entry by its position: settings are never shown. */
const OriginList = z
  .string()
  .default('')
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .superRefine((entries, ctx) => {
    for (const [i, entry] of entries.entries()) {
      const rule = entry && brokenOriginRule(entry)
      if (rule) ctx.addIssue({ code: 'custom', message: `entry ${i + 1} ${rule}` })
    }
  })
  .transform((entries) => entries.filter(Boolean))

/** A domain name, or `localhost`. Addresses cannot be an RP ID: their last label is a number. */
const DOMAIN_SHAPE =
  /^(?:(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]|localhost)$/

const Domain = z
  .string()
  .max(253, 'must have at most 253 characters')
  .regex(DOMAIN_SHAPE, 'must be a domain such as example.com, without scheme and port')

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).hostname : '')

/** Pages of a host and of its subdomains may use it as RP ID (WebAuthn Level 3 §5.1.3). */
const isWithin = (origin: string, rpId: string) => `.${hostOf(origin)}`.endsWith(`.${rpId}`)

const whole = (min: number, max: number) =>
  z
    .string({ error: 'is missing' })
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`)

/** Users who must have a second factor. */
const SecondFactor = z
  .enum(['off', 'admins', 'everybody'], { error: 'must be "off", "admins" or "everybody"' })
  .default('off')
export type SecondFactorPolicy = z.output<typeof SecondFactor>

const Switch = z
  .enum(['off', 'on'], { error: 'must be "on" or "off"' })
  .transform((s) => s === 'on')

const MailAddress = z
  .string({ error: 'is missing' })
  .regex(
    /^(?:[^<>"\r\n]{1,64} <[^\s<>@]{1,64}@[^\s<>@]{1,190}>|[^\s<>@]{1,64}@[^\s<>@]{1,190})$/,
    'must be "Name <address>" or an address',
  )
  .transform((s) => {
    const [, name, email] = /^([^<>]*) <([^<>]*)>$/.exec(s) ?? [null, 'Gatepost', s]
    return { name: name as string, email: email as string }
  })

/** A text that `parse` reads. The error that `parse` throws names the broken rule. */
const parsedBy = <T>(parse: (text: string) => T) =>
  z.string().transform((text, ctx) => {
    try {
      return parse(text)
    } catch (error) {
      const message = error instanceof Error ? error.message : 'is malformed'
      ctx.addIssue({ code: 'custom', message })
      return z.NEVER
    }
  })

const isJwtSecret = (
  key: string,
  vars: { JWT_SECRET: string; JWT_SECRET_PREVIOUS?: string | undefined },
) => key === vars.JWT_SECRET || key === vars.JWT_SECRET_PREVIOUS

const Vars = z
  .object({
    APP_ORIGIN: Origin,
    ALLOWED_ORIGINS: OriginList,
    PASSKEY_RP_ID: optional(Domain),
    MAIL_FROM: MailAddress,
    MAIL_PROVIDER: z.enum(['cloudflare', 'resend'], {
      error: 'must be "cloudflare" or "resend"',
    }),
    ACCESS_TOKEN_MINUTES: whole(1, 60),
    REFRESH_IDLE_DAYS: whole(1, 365),
    REFRESH_MAX_DAYS: whole(1, 730),
    PASSWORD_MIN_LENGTH: whole(8, 64),
    REQUIRE_VERIFIED_EMAIL: Switch,
    BREACH_CHECK: Switch,
    EMAIL_SIGN_IN: Switch.default(false),
    SECOND_FACTOR: SecondFactor,
    SERVER_TIMING: Switch,
    JWT_SECRET: Secret,
    JWT_SECRET_PREVIOUS: optional(Secret),
    SIGNING_KEYS: optional(parsedBy(parseSigningKeys)),
    DATA_KEYS: optional(parsedBy(parseDataKeys)),
    MAIL_API_KEY: optional(
      z.string().regex(/^[\x21-\x7e]{8,500}$/, 'must be the API key of the mail provider'),
    ),
  })
  .refine((v) => v.MAIL_PROVIDER === 'cloudflare' || v.MAIL_API_KEY, {
    path: ['MAIL_API_KEY'],
    message: 'is missing: the provider in MAIL_PROVIDER needs one',
  })
  .refine((v) => !v.DATA_KEYS?.some((key) => isJwtSecret(key, v)), {
    path: ['DATA_KEYS'],
    message: 'must not hold a JWT secret; npm run keys -- --data makes another key',
  })
  .refine(
    ({ PASSKEY_RP_ID: rpId, APP_ORIGIN, ALLOWED_ORIGINS }) =>
      rpId === undefined ||
      [APP_ORIGIN, ...ALLOWED_ORIGINS].some((origin) => isWithin(origin, rpId)),
    {
      path: ['PASSKEY_RP_ID'],
      message:
        'must be the host of APP_ORIGIN or of one of ALLOWED_ORIGINS, or a parent domain of it',
    },
  )
  .transform((v) => ({
    appOrigin: v.APP_ORIGIN,
    allowedOrigins: new Set(v.ALLOWED_ORIGINS),
    /** RP ID of new passkeys (WebAuthn Level 3 §4). */
    passkeyRpId: v.PASSKEY_RP_ID ?? hostOf(v.APP_ORIGIN),
    mailFrom: v.MAIL_FROM,
    mail:
      v.MAIL_PROVIDER === 'resend' && v.MAIL_API_KEY
        ? { provider: v.MAIL_PROVIDER, apiKey: v.MAIL_API_KEY }
        : { provider: 'cloudflare' as const },
    accessTokenSeconds: v.ACCESS_TOKEN_MINUTES * 60,
    refreshIdleMs: v.REFRESH_IDLE_DAYS * DAY_MS,
    refreshMaxMs: v.REFRESH_MAX_DAYS * DAY_MS,
    passwordMinLength: v.PASSWORD_MIN_LENGTH,
    requireVerifiedEmail: v.REQUIRE_VERIFIED_EMAIL,
    breachCheck: v.BREACH_CHECK,
    emailSignIn: v.EMAIL_SIGN_IN,
    secondFactor: v.SECOND_FACTOR,
    serverTiming: v.SERVER_TIMING,
    jwtSecret: v.JWT_SECRET,
    jwtSecretPrevious: v.JWT_SECRET_PREVIOUS ?? null,
    signingKeys: v.SIGNING_KEYS ?? null,
    dataKeys: v.DATA_KEYS ?? null,
  }))
export interface Settings extends z.infer<typeof Vars> {
  /** The configured identity providers, in the order of PROVIDERS. */
  identityProviders: readonly IdentityProvider[]
}

/** The required bindings, each with a method that only bindings of its kind have. */
const BINDINGS = {
  DB: 'withSession',
  AVATARS: 'createMultipartUpload',
  SIGN_IN_LIMIT: 'limit',
  REGISTER_LIMIT: 'limit',
  MAIL_LIMIT: 'limit',
  WRITE_LIMIT: 'limit',
  SEARCH_LIMIT: 'limit',
  TOKEN_LIMIT: 'limit',
  REFRESH_LIMIT: 'limit',
} as const

/**
 * The settings are missing or wrong. The message names each setting and its rule, and no value.
 * The response is 503 (ASVS 13.3).
 */
export class ConfigurationError extends Error {
  override name = 'Misconfigured'
}

const checked = new WeakMap<object, Settings | ConfigurationError>()

/**
 * The settings of this Worker. Checks them at the first request of an isolate: a Worker has no
 * start-up phase in which it can fail.
 * @throws ConfigurationError
 */
export function readSettings(env: Env): Settings {
  let result = checked.get(env)
  if (!result) {
    result = check(env)
    checked.set(env, result)
  }
  if (result instanceof ConfigurationError) throw result
  return result
}

function check(env: Env): Settings | ConfigurationError {
  const parsed = Vars.safeParse(env)
  const identity = readProviders(env as unknown as Record<string, unknown>)
  const problems = [
    ...(parsed.error?.issues ?? []).map((i) => `${String(i.path[0])} ${i.message}`),
    ...Object.entries(BINDINGS).flatMap(([name, method]) => brokenBinding(env, name, method)),
    ...(parsed.data?.mail.provider === 'resend' ? [] : brokenBinding(env, 'MAIL', 'send')),
    ...(env.ANALYTICS ? brokenBinding(env, 'ANALYTICS', 'writeDataPoint') : []),
    ...identity.problems,
  ]
  return parsed.success && problems.length === 0
    ? { ...parsed.data, identityProviders: identity.providers }
    : new ConfigurationError(`Gatepost is not configured: ${[...new Set(problems)].join('; ')}`)
}

function brokenBinding(env: Env, name: string, method: string): string[] {
  const binding = (env as unknown as Record<string, Record<string, unknown> | undefined>)[name]
  if (!binding) return [`the binding ${name} is missing`]
  return typeof binding[method] === 'function' ? [] : [`the binding ${name} is of another kind`]
}
