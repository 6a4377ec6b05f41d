// Secrets that a deployment may have. `wrangler types` knows only the required ones.
interface OptionalSecrets {
  JWT_SECRET_PREVIOUS?: string
  SIGNING_KEYS?: string
  DATA_KEYS?: string
  MAIL_API_KEY?: string
}
/** Bindings that a deployment may have. */
interface OptionalBindings {
  ANALYTICS?: AnalyticsEngineDataset
}
interface Env extends OptionalSecrets, OptionalBindings {}
declare namespace Cloudflare {
  interface Env extends OptionalSecrets, OptionalBindings {}
}
