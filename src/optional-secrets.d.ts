// Secrets that a deployment may have. `wrangler types` knows only the required ones.
interface OptionalSecrets {
  JWT_SECRET_PREVIOUS?: string
  SIGNING_KEYS?: string
  DATA_KEYS?: string
}
interface Env extends OptionalSecrets {}
declare namespace Cloudflare {
  interface Env extends OptionalSecrets {}
}
