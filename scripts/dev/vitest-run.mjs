// Runs Vitest for a script: counts its tests, and reports how many are done.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { command, run } from '../tools.mjs'
import { createProgress } from './progress.mjs'

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})

/**
 * @param {string} name of the run; its results are in dist/tests-<name>.json
 * @param {string[]} args for Vitest
 * @param {(note: string) => void} onProgress
 * @returns {Promise<{ code: number, output: string, passed: number, failed: number }>}
 */
async function runVitest(name, args, onProgress) {
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

/** Shows steps, some of them runs of Vitest, and ends with the sum of all tests. */
export function createRun() {
  const { step, note, print, failed: failedSteps } = createProgress()
  const sum = { passed: 0, failed: 0 }
  return {
    step,
    /** A step that runs tests. `name` and `args` are those of `runVitest`. */
    tests: (title, name, args) =>
      step(title, async () => {
        const result = await runVitest(name, args, (text) => note(title, text))
        sum.passed += result.passed
        sum.failed += result.failed
        return result
      }),
    /** Prints the remark, the sum and the failed steps, and sets the exit code. */
    end(remark = '') {
      print(`\n${remark}${sum.passed} passed, ${sum.failed} failed`)
      if (failedSteps.length > 0) print(`Failed: ${failedSteps.join(', ')}`)
      process.exitCode = failedSteps.length > 0 ? 1 : 0
    },
  }
}
