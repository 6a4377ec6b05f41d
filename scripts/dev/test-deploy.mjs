// `npm run test:deploy`: `npm run deploy` and `npm run doctor` against a mock of Cloudflare's API
// on the loopback.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { command, run } from '../tools.mjs'

const results = 'dist/tests-deploy.json'
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
const config = ['--config', 'test/deploy/vitest.config.ts']

rmSync(results, { force: true })
const vitest = command('vitest', ['run', ...config, ...reporters, ...process.argv.slice(2)])
const { code } = await run(vitest, { show: true })
const { numPassedTests = 0, numFailedTests = 0 } = existsSync(results)
  ? JSON.parse(readFileSync(results, 'utf8'))
  : {}
console.log(`\nDeploy tests: ${numPassedTests} passed, ${numFailedTests} failed`)
process.exitCode = code
