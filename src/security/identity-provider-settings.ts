// The setting PROVIDERS and its secrets, read strictly and once. A message names the provider, the
// member and the rule that it breaks, and shows no value.
import * as z from 'zod'
import {
  type IdentityProvider,
  OPENID_PROFILE,
  PRESETS,
  type ProviderProfile,
} from './identity-provider-presets.ts'
import { isLoopback } from './loopback.ts'

const MAX_PROVIDERS = 20
/** The name of a provider, in PROVIDERS and in paths. */
export const PROVIDER_NAME = /^[a-z][a-z\d-]{0,29}$/
const NAME_RULE = 'must have 1 to 30 characters a-z, 0-9 and "-", and begin with a letter'

/** OpenID Connect Discovery 1.0 §3. Plain http is for this machine alone. */
function isIssuer(issuer: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(issuer) || !URL.canParse(issuer)) return false
  const url = new URL(issuer)
  const hasMore = /[?#]/.test(issuer) || url.username !== '' || url.password !== ''
  return !hasMore && (url.protocol === 'https:' || isLoopback(url))
}

/** A provider without its name and its secret. */
type Draft = Omit<IdentityProvider, 'name' | 'secret'>

function draft(
  profile: ProviderProfile,
  issuer: string,
  { client_id: clientId, name }: { client_id: string; name?: string | undefined },
): Draft {
  return { ...profile, label: name ?? profile.label, issuer, clientId }
}

/** The schema of the provider with this name. Built on demand: most services have no provider. */
function schemaOf(provider: string): z.ZodType<Draft> {
  const text = { error: 'is missing, or no text' }
  const ClientId = z.string(text).regex(/^[\x21-\x7e]{1,255}$/, 'must be the id of your client')
  const Label = z
    .string(text)
    .regex(/^[^\p{C}\p{Z}](?:[^\p{C}]{0,38}[^\p{C}\p{Z}])?$/u, 'must have 1 to 40 characters')
  const Uuid = z
    .string(text)
    .regex(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/, 'must be the id of one tenant, a UUID')
  const AppleId = z.string(text).regex(/^[A-Z\d]{10}$/, 'must have 10 characters A-Z and 0-9')
  const Scope = z
    .string(text)
    .regex(/^openid(?: [\x21\x23-\x5b\x5d-\x7e]{1,50}){0,9}$/, 'must begin with openid')
  const Issuer = z
    .string(text)
    .max(255, 'must have at most 255 characters')
    .refine(isIssuer, 'must be an https URL without query, fragment, user and password')
  const common = { client_id: ClientId, name: Label.optional() }
  switch (provider) {
    case 'google':
      return z
        .strictObject(common)
        .transform((given) => draft(PRESETS.google, 'https://accounts.google.com', given))
    case 'github':
      return z
        .strictObject(common)
        .transform((given) => draft(PRESETS.github, 'https://github.com/login/oauth', given))
    case 'microsoft':
      return z
        .strictObject({ ...common, tenant: Uuid })
        .transform(({ tenant, ...given }) =>
          draft(PRESETS.microsoft, `https://login.microsoftonline.com/${tenant}/v2.0`, given),
        )
    case 'apple':
      return z
        .strictObject({ ...common, team: AppleId, key_id: AppleId })
        .transform(({ team, key_id: keyId, ...given }) => ({
          ...draft(PRESETS.apple, 'https://appleid.apple.com', given),
          apple: { team, keyId },
        }))
    default:
      return z
        .strictObject({
          ...common,
          issuer: Issuer,
          scope: Scope.optional(),
          trust_email: z.boolean('must be true or false').optional(),
        })
        .transform(({ issuer, scope, trust_email, ...given }) => {
          const emailProof = trust_email ? 'claim' : 'never'
          const profile = { ...OPENID_PROFILE, label: provider, emailProof } as const
          return draft({ ...profile, scope: scope ?? profile.scope }, issuer, given)
        })
  }
}

const TEXT_SECRET = /^[\x21-\x7e]{8,500}$/

/** The name of a provider's secret. */
export const secretNameOf = (provider: string) =>
  `PROVIDER_${provider.toUpperCase().replaceAll('-', '_')}_SECRET`

/** The redirect URI of a provider (RFC 6749 §3.1.2), which its operator registers there. */
export const redirectUriOf = (appOrigin: string, provider: string) =>
  `${appOrigin}/api/identity-providers/${provider}/callback`

/** The rule that a secret breaks, or null. */
function secretRule(provider: string, secret: unknown): string | null {
  if (typeof secret !== 'string' || secret === '') return `is missing: PROVIDERS has ${provider}`
  if (provider === 'apple')
    return decodePem(secret) ? null : 'must be the content of the .p8 file from Apple'
  return TEXT_SECRET.test(secret) ? null : `must be the client secret of ${provider}`
}

const PEM = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z\d+/=\s]{100,400})-----END PRIVATE KEY-----\s*$/
/** The object identifier of the curve P-256 (RFC 5480 §2.1.1.1), as the bytes of a PKCS #8 key. */
const P256 = String.fromCharCode(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)

/** The bytes of a private key for ES256 in PEM (RFC 7468 §10), or null. */
export function decodePem(pem: string): Uint8Array<ArrayBuffer> | null {
  // .dev.vars has the line breaks of a value as two characters.
  const [, base64 = ''] = PEM.exec(pem.replaceAll('\\n', '\n')) ?? []
  try {
    const bytes = atob(base64.replace(/\s/g, ''))
    return bytes.includes(P256) ? Uint8Array.from(bytes, (char) => char.charCodeAt(0)) : null
  } catch {
    return null
  }
}

export interface ReadProviders {
  providers: readonly IdentityProvider[]
  /** The broken rules. The providers are complete only if there is none. */
  problems: readonly string[]
}

/** The identity providers that the vars and secrets of a Worker configure. */
export function readProviders(env: Record<string, unknown>): ReadProviders {
  const { PROVIDERS: setting = '' } = env
  if (setting === '') return { providers: [], problems: [] }
  if (typeof setting !== 'string')
    return { providers: [], problems: ['PROVIDERS must be text: write the JSON in quotes'] }
  const entries = parseEntries(setting)
  if (!entries) return { providers: [], problems: ['PROVIDERS must be a JSON object of providers'] }
  if (entries.length > MAX_PROVIDERS)
    return { providers: [], problems: [`PROVIDERS must have at most ${MAX_PROVIDERS} providers`] }
  const read = entries.map(([name, members], i) => readProvider(name, members, i + 1, env))
  const providers = read.flatMap(({ provider }) => provider ?? [])
  const problems = read.flatMap((one) => one.problems)
  return { providers, problems: [...problems, ...conflicts(providers, env.APP_ORIGIN)] }
}

/** The providers by name, as PROVIDERS has them; null if it is no JSON object. */
export function parseEntries(setting: string): [string, unknown][] | null {
  try {
    const parsed: unknown = JSON.parse(setting)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? Object.entries(parsed) : null
  } catch {
    return null
  }
}

function readProvider(
  name: string,
  members: unknown,
  position: number,
  env: Record<string, unknown>,
): { provider?: IdentityProvider; problems: string[] } {
  if (!PROVIDER_NAME.test(name)) return { problems: [`PROVIDERS name ${position} ${NAME_RULE}`] }
  const { data, error } = schemaOf(name).safeParse(members)
  const problems = (error?.issues ?? []).map((issue) => `PROVIDERS ${ruleOf(name, issue)}`)
  const secretName = secretNameOf(name)
  const secret = env[secretName]
  const brokenRule = secretRule(name, secret)
  if (brokenRule) problems.push(`${secretName} ${brokenRule}`)
  return data && problems.length === 0
    ? { provider: { ...data, name, secret: String(secret) }, problems }
    : { problems }
}

/** The member, and the rule that it breaks: `google.client_id is missing`. */
function ruleOf(provider: string, issue: z.core.$ZodIssue): string {
  const { code, path, message } = issue
  if (code === 'unrecognized_keys') {
    const names = issue.keys.filter((key) => /^\w{1,30}$/.test(key))
    return `${provider} has unknown members: ${names.join(', ')}`
  }
  if (path.length === 0) return `${provider} must be a JSON object`
  return `${[provider, ...path].join('.')} ${message}`
}

/** The rules between providers, and between them and the service. */
function conflicts(providers: readonly IdentityProvider[], origin: unknown): string[] {
  const isLocal = String(origin).startsWith('http:')
  const insecure = providers.filter(({ issuer }) => !isLocal && issuer.startsWith('http:'))
  const repeated = providers.filter(({ issuer }, i) =>
    providers.slice(0, i).some((earlier) => earlier.issuer === issuer),
  )
  return [
    ...insecure.map(({ name }) => `PROVIDERS ${name}.issuer must begin with https://`),
    ...repeated.map(({ name }) => `PROVIDERS ${name}.issuer is the issuer of another provider too`),
  ]
}
