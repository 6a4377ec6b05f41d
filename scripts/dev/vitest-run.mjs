// Runs Vitest for a script: counts its tests, and tells how many are done.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { command, run } from '../tools.mjs'

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})

/**
 * @param {string} name of the run; its results are in dist/tests-<name>.json
 * @param {string[]} args for Vitest
 * @param {(note: string) => void} onProgress
 * @returns {Promise<{ code: number, output: string, passed: number, failed: number }>}
 */
export async function runVitest(name, args, onProgress) {
  const file = `dist/tests-${name}.json`
  const { numTotalTests: former } = read(file)
  mkdirSync('dist', { recursive: true })
  rmSync(file, { force: true })
  const reporters = ['dot', 'json', './scripts/dev/progress-reporter.mjs']
  const options = [...reporters.map((one) => `--reporter=${one}`), `--outputFile.json=${file}`]
  const { code, output } = await run(command('vitest', ['run', ...options, ...args]), {
    env: { CI: '1' },
    minutes: 30, // a busy machine must not fail a test
    onMessage: ({ testsDone }) =>
      onProgress(former ? `${testsDone} of about ${former}` : `${testsDone}`),
  })
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = read(file)
  return { code, output, passed, failed }
}
