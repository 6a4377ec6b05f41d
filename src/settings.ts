/** Every var and secret of the Worker, checked once. A setting that is missing or weak stops the service and is named, never shown. */
import * as z from 'zod'
import { parseSigningKeys } from './security/signing-keys'

const DAY_MS = 24 * 60 * 60 * 1000

/** Words that a person or an example puts into a secret; what is left without them must be random enough. */
const WELL_KNOWN_WORDS =
  /secret|passwor[dt]|changeme|change|replace|please|default|example|sample|development|production|your|this|with|random|string|value|token|signing|super|secure|hello|world|qwerty|letmein|gatepost|jwt|key|the|my|in|me|a/g

/** True for a secret that somebody can guess: an example, words alone, or one piece repeated. */
function isGuessable(secret: string): boolean {
  if (isRepetition(secret) || (/^[a-z\s_.-]+$/.test(secret.toLowerCase()) && isOneCase(secret)))
    return true
  const rest = secret
    .toLowerCase()
    .replace(WELL_KNOWN_WORDS, '')
    .replace(/[^a-z0-9]/g, '')
  return rest.length < 12 || new Set(rest).size < 8
}

const isOneCase = (text: string) => text === text.toLowerCase() || text === text.toUpperCase()

/** The text is one piece of at most ten characters, again and again. */
function isRepetition(text: string): boolean {
  for (let unit = 1; unit <= 10; unit++) {
    if (text.startsWith(text.slice(unit)) && text.length > unit) return true
  }
  return false
}

const Secret = z
  .string({ error: 'is missing' })
  .min(1, 'is empty')
  .refine((s) => new TextEncoder().encode(s).length >= 32, 'must have at least 32 bytes')
  .refine((s) => !isGuessable(s), 'is guessable: use 32 random bytes')

/** Absent and empty are the same: the setting is not used. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

const Origin = z
  .string({ error: 'is missing' })
  .refine(isOrigin, 'must be an origin such as https://app.example.com, without a path')

/** URL would take `https://*.example.com` for a host of that name, which no request ever comes from. */
const ORIGIN_SHAPE = /^https?:\/\/(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?$/

function isOrigin(text: string): boolean {
  if (!ORIGIN_SHAPE.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  const local =
    url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]'
  return url.origin === text && (url.protocol === 'https:' || (url.protocol === 'http:' && local))
}

const whole = (min: number, max: number) =>
  z
    .string({ error: 'is missing' })
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`)

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

const SigningKeys = z.string().transform((text, ctx) => {
  try {
    return parseSigningKeys(text)
  } catch (error) {
    ctx.addIssue({
      code: 'custom',
      message: error instanceof Error ? error.message : 'is not a JWK set',
    })
    return z.NEVER
  }
})

const Vars = z
  .object({
    APP_ORIGIN: Origin,
    ALLOWED_ORIGINS: z
      .string()
      .default('')
      .transform((s) =>
        s
          .split(',')
          .map((o) => o.trim())
          .filter(Boolean),
      )
      .refine((list) => list.every(isOrigin), 'must be a comma-separated list of origins'),
    MAIL_FROM: MailAddress,
    ACCESS_TOKEN_MINUTES: whole(1, 60),
    REFRESH_IDLE_DAYS: whole(1, 365),
    REFRESH_MAX_DAYS: whole(1, 730),
    PASSWORD_MIN_LENGTH: whole(8, 64),
    REQUIRE_VERIFIED_EMAIL: Switch,
    BREACH_CHECK: Switch,
    SERVER_TIMING: Switch,
    JWT_SECRET: Secret,
    JWT_SECRET_PREVIOUS: optional(Secret),
    SIGNING_KEYS: optional(SigningKeys),
  })
  .transform((v) => ({
    appOrigin: v.APP_ORIGIN,
    allowedOrigins: new Set(v.ALLOWED_ORIGINS),
    mailFrom: v.MAIL_FROM,
    accessTokenSeconds: v.ACCESS_TOKEN_MINUTES * 60,
    refreshIdleMs: v.REFRESH_IDLE_DAYS * DAY_MS,
    refreshMaxMs: v.REFRESH_MAX_DAYS * DAY_MS,
    passwordMinLength: v.PASSWORD_MIN_LENGTH,
    requireVerifiedEmail: v.REQUIRE_VERIFIED_EMAIL,
    breachCheck: v.BREACH_CHECK,
    serverTiming: v.SERVER_TIMING,
    jwtSecret: v.JWT_SECRET,
    jwtSecretPrevious: v.JWT_SECRET_PREVIOUS ?? null,
    signingKeys: v.SIGNING_KEYS ?? null,
  }))
export type Settings = z.infer<typeof Vars>

/** Bindings without which no request can be served right, each with a method that tells it from the other kinds. */
const BINDINGS = {
  DB: 'withSession',
  AVATARS: 'createMultipartUpload',
  MAIL: 'send',
  SIGN_IN_LIMIT: 'limit',
  REGISTER_LIMIT: 'limit',
  MAIL_LIMIT: 'limit',
  WRITE_LIMIT: 'limit',
} as const

/** The service cannot run: the message names each setting and its rule, and shows no value. Answered as 503 (ASVS 13.3). */
export class ConfigurationError extends Error {
  override name = 'Misconfigured'
}

const checked = new WeakMap<object, Settings | ConfigurationError>()

/** The settings of this Worker. Checked at the first request of an isolate, since a Worker has no start-up of its own. @throws Misconfigured */
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
  const problems = [
    ...(parsed.error?.issues ?? []).map((i) => `${String(i.path[0])} ${i.message}`),
    ...Object.entries(BINDINGS).flatMap(([name, method]) => brokenBinding(env, name, method)),
  ]
  return parsed.success && problems.length === 0
    ? parsed.data
    : new ConfigurationError(`Gatepost is not configured: ${[...new Set(problems)].join('; ')}`)
}

function brokenBinding(env: Env, name: string, method: string): string[] {
  const binding = (env as unknown as Record<string, Record<string, unknown> | undefined>)[name]
  if (!binding) return [`the binding ${name} is missing`]
  return typeof binding[method] === 'function' ? [] : [`the binding ${name} is of another kind`]
}
