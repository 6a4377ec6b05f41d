// Two kinds of tests: `workers` run inside workerd with real D1, R2 and rate limits; `node` run in
// Node.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'
import { unstable_readConfig as readConfig } from 'wrangler'
import { writeDocument } from './scripts/build/document.mjs'

const secrets = { JWT_SECRET: 'tests-only-7mQ2vX9kLr4TzB8nWc3YhF6pJd1SgE5u' }
// wrangler warns about a required secret that neither .dev.vars nor the environment has
Object.assign(process.env, secrets, { WRANGLER_LOG: process.env.WRANGLER_LOG ?? 'error' })
await writeDocument() // `npm test` builds the other static files

// No promise here is about speed: a machine that is busy must not fail a test.
const testTimeout = 180_000

export default defineConfig({
  test: {
    silent: 'passed-only',
    coverage: { provider: 'istanbul', include: ['src/**/*.ts'], exclude: ['src/web/**'] },
    projects: [
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              compatibilityFlags: ['nodejs_compat'], // Vitest's, not the Worker's
              d1Databases: { UPGRADED_DB: 'upgraded' }, // empty, for tests of migrations
              bindings: {
                ...readConfig({ config: 'wrangler.toml' }).vars, // whatever .dev.vars says
                ...secrets,
                DATA_KEYS: 'tests-only-hR4vK2xQ9mT7bW3nZ8cY5fL1pJ6dS0gE',
                SERVER_TIMING: 'on',
                EMAIL_SIGN_IN: 'on',
                RACE_ROUNDS: process.env.RACE_ROUNDS ?? '6',
                MODEL_RUNS: process.env.MODEL_RUNS ?? '10',
                TEST_MIGRATIONS: existsSync('migrations')
                  ? await readD1Migrations('migrations')
                  : [],
              },
            },
          })),
        ],
        resolve: {
          alias: ['zod', '@hono/zod-openapi'].map((name) => ({
            find: new RegExp(`^${name}$`),
            replacement: resolve('scripts/build/lazy-zod.ts'), // as in wrangler.toml
          })),
        },
        test: {
          name: 'workers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/node/**', 'test/client/**', 'test/browser/**', 'test/deploy/**'],
          setupFiles: ['./test/setup.ts'],
          globalSetup: ['./test/support/range-server.ts'],
          fileParallelism: false, // files share the bindings, the clock and the limits of that one
          isolate: false, // one workerd for all files: a quarter of the time
          testTimeout,
          hookTimeout: testTimeout,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'test/client/*.test.ts'],
          testTimeout,
        },
      },
    ],
  },
})
