// The vars and secrets of the Worker, checked once per isolate. A missing or weak setting stops the
// service; the error names the setting and never shows its value.
import { DAY_MS } from './limits'
import { parseDataKeys } from './security/data-keys'
import type { IdentityProvider } from './security/identity-provider-presets'
import { readProviders } from './security/identity-provider-settings'
import { parseSigningKeys } from './security/signing-keys'
import {
  BrokenRule,
  domain,
  flag,
  mailAddress,
  mailApiKey,
  oneOf,
  optional,
  origin,
  origins,
  parsedBy,
  type Reader,
  required,
  secondFactor,
  secret,
  whole,
  withDefault,
} from './setting-readers'

const READERS = {
  APP_ORIGIN: required(origin),
  ALLOWED_ORIGINS: withDefault([], required(origins)),
  PASSKEY_RP_ID: optional(domain),
  MAIL_FROM: required(mailAddress),
  MAIL_PROVIDER: oneOf(['cloudflare', 'resend'], 'must be "cloudflare" or "resend"'),
  ACCESS_TOKEN_MINUTES: whole(1, 60),
  REFRESH_IDLE_DAYS: whole(1, 365),
  REFRESH_MAX_DAYS: whole(1, 730),
  PASSWORD_MIN_LENGTH: whole(8, 64),
  REQUIRE_VERIFIED_EMAIL: flag,
  BREACH_CHECK: flag,
  EMAIL_SIGN_IN: withDefault(false, flag),
  SECOND_FACTOR: withDefault('off', secondFactor),
  SERVER_TIMING: flag,
  JWT_SECRET: required(secret),
  JWT_SECRET_PREVIOUS: optional(secret),
  SIGNING_KEYS: optional(parsedBy(parseSigningKeys)),
  DATA_KEYS: optional(parsedBy(parseDataKeys)),
  MAIL_API_KEY: optional(mailApiKey),
}
export type SecondFactorPolicy = ReturnType<typeof secondFactor>
type Vars = { [Name in keyof typeof READERS]: ReturnType<(typeof READERS)[Name]> }

/** The values of all settings, or the problems of those that break their rules. */
function readVars(env: object): { vars: Vars; problems: [] } | { vars: null; problems: string[] } {
  const values: [string, unknown][] = []
  const problems: string[] = []
  for (const [name, read] of Object.entries<Reader<unknown>>(READERS)) {
    try {
      values.push([name, read(Reflect.get(env, name))])
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error
      problems.push(...error.rules.map((rule) => `${name} ${rule}`))
    }
  }
  if (problems.length > 0) return { vars: null, problems }
  // Each reader returned the value of its name.
  const vars = Object.fromEntries(values) as Vars
  const conflicts = conflictsOf(vars)
  return conflicts.length > 0 ? { vars: null, problems: conflicts } : { vars, problems: [] }
}

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).hostname : '')

/** Pages of a host and of its subdomains may use it as RP ID (WebAuthn Level 3 §5.1.3). */
const isWithin = (origin: string, rpId: string) => `.${hostOf(origin)}`.endsWith(`.${rpId}`)

/** Rules about two settings. */
function conflictsOf(v: Vars): string[] {
  const conflicts: string[] = []
  if (v.MAIL_PROVIDER !== 'cloudflare' && !v.MAIL_API_KEY)
    conflicts.push('MAIL_API_KEY is missing: the provider in MAIL_PROVIDER needs one')
  if (v.DATA_KEYS?.some((key) => key === v.JWT_SECRET || key === v.JWT_SECRET_PREVIOUS))
    conflicts.push('DATA_KEYS must not hold a JWT secret; npm run keys -- --data makes another key')
  const { PASSKEY_RP_ID: rpId } = v
  if (rpId && ![v.APP_ORIGIN, ...v.ALLOWED_ORIGINS].some((site) => isWithin(site, rpId)))
    conflicts.push(
      'PASSKEY_RP_ID must be the host of APP_ORIGIN or of one of ALLOWED_ORIGINS, or a parent domain of it',
    )
  return conflicts
}

const settingsOf = (v: Vars) => ({
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
})
export interface Settings extends ReturnType<typeof settingsOf> {
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
  const { vars, problems: broken } = readVars(env)
  const identity = readProviders(env as unknown as Record<string, unknown>)
  const problems = [
    ...broken,
    ...Object.entries(BINDINGS).flatMap(([name, method]) => brokenBinding(env, name, method)),
    ...(vars?.MAIL_PROVIDER === 'resend' ? [] : brokenBinding(env, 'MAIL', 'send')),
    ...(env.ANALYTICS ? brokenBinding(env, 'ANALYTICS', 'writeDataPoint') : []),
    ...identity.problems,
  ]
  return vars && problems.length === 0
    ? { ...settingsOf(vars), identityProviders: identity.providers }
    : new ConfigurationError(`Gatepost is not configured: ${[...new Set(problems)].join('; ')}`)
}

function brokenBinding(env: Env, name: string, method: string): string[] {
  const binding = (env as unknown as Record<string, Record<string, unknown> | undefined>)[name]
  if (!binding) return [`the binding ${name} is missing`]
  return typeof binding[method] === 'function' ? [] : [`the binding ${name} is of another kind`]
}
