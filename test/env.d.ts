// What the tests' Worker is bound to besides the bindings of wrangler.toml.
declare namespace Cloudflare {
  interface Env {
    /** Rounds of each race, a number. */
    RACE_ROUNDS: string
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
