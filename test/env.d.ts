// The bindings of the tests' Worker besides those of wrangler.toml.
declare namespace Cloudflare {
  interface Env {
    /** Rounds of each race, a number. */
    RACE_ROUNDS: string
    /** Random histories of the model test, a number. */
    MODEL_RUNS: string
    /** Empty: for tests of migrations on a database with rows. */
    UPGRADED_DB: D1Database
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
