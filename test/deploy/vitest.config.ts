// `npm run test:deploy`: the scripts for operators against a mock of Cloudflare's API. Apart from
// `npm test`, since each run of a script starts wrangler, which takes seconds.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'deploy',
    dir: import.meta.dirname,
    include: ['**/*.test.ts'],
    silent: 'passed-only',
    testTimeout: 240_000, // a busy machine must not fail a test
    hookTimeout: 240_000,
  },
})
