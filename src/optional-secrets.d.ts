// Secrets that a deployment may have besides the required ones, which `wrangler types` knows.
interface OptionalSecrets {
  JWT_SECRET_PREVIOUS?: string
  SIGNING_KEYS?: string
}
interface Env extends OptionalSecrets {}
declare namespace Cloudflare {
  interface Env extends OptionalSecrets {}
}
