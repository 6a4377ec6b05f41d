// Starts the service as `npm run dev` does, for tests that need it whole: pages, limits, mails.
import { spawn } from 'node:child_process'
import { createWriteStream, readdirSync } from 'node:fs'
import { join } from 'node:path'

const START_MS = 90_000

/**
 * @param {{ port: number, state: string, log: string, vars: Record<string, string> }} options
 *   `state`: the folder of its data; `log`: the file for what it prints; `vars`: its settings
 * @returns {Promise<() => Promise<void>>} ends it, and resolves once it has ended
 */
function startService({ port, state, log, vars }) {
  const where = ['--port', String(port), '--persist-to', state]
  const settings = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  const child = spawn(process.execPath, ['scripts/dev/dev.mjs', ...where, ...settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((done) => child.on('close', done))
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  const file = createWriteStream(log)
  return new Promise((resolve, reject) => {
    let seen = ''
    const fail = (why) => {
      clearTimeout(timer)
      stop()
      reject(new Error(`${why}\n${seen}`))
    }
    const timer = setTimeout(() => fail('The service is not ready in time:'), START_MS)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        file.write(text)
        seen += text
        if (/Gatepost is not ready/.test(seen)) return fail('The service is not ready:')
        if (!/Gatepost is ready/.test(seen)) return
        clearTimeout(timer)
        resolve(stop)
      })
    child.on('exit', () => fail('The service ended:'))
  })
}

/**
 * The named files, or all test files of a folder.
 * @param {string} folder
 * @param {string[]} named
 */
export function testFiles(folder, named) {
  if (named.length > 0) return named
  const found = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
  return found.sort().map((name) => join(folder, name))
}

/**
 * Runs files of node:test, shows what they say, and counts.
 * @returns {Promise<{ passed: number, failed: number, succeeded: boolean }>}
 */
function runNodeTests(files, env) {
  const child = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    process.stdout.write(text)
  })
  const count = (what) => Number(new RegExp(`^\\S+ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  return new Promise((done) =>
    child.on('close', (code) => {
      const [passed, failed] = [count('pass'), count('fail')]
      done({ passed, failed, succeeded: code === 0 && failed === 0 && passed > 0 })
    }),
  )
}

/**
 * Starts the service, runs files of node:test with it, prints their sum and sets the exit code.
 * @param {string} title of the sum
 * @param {Parameters<typeof startService>[0]} options
 * @param {string[]} files
 * @param {Record<string, string>} env of the tests
 */
export async function testWithService(title, options, files, env) {
  let stop
  try {
    stop = await startService(options)
    const { passed, failed, succeeded } = await runNodeTests(files, env)
    console.log(`\n${title}: ${passed} passed, ${failed} failed`)
    process.exitCode = succeeded ? 0 : 1
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  } finally {
    await stop?.()
  }
}
