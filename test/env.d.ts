// What the tests' Worker is bound to besides the bindings of wrangler.toml.
declare namespace Cloudflare {
  interface Env {
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
