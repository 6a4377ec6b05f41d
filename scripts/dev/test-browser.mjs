// `npm run test:browser`: starts the service as `npm run dev` does, on its own port with its own empty database, and walks
// through the pages with Debian's Chromium (or the one that CHROMIUM names). With file names it runs those only;
// with --pictures it makes the README's pictures instead.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../tools.mjs'

const PORT = Number(process.env.BROWSER_TEST_PORT ?? 8798)
const [origin, listed, unlisted] = [PORT, PORT - 2, PORT - 4].map((p) => `http://localhost:${p}`)
const START_MS = 90_000
const artifacts = 'test/browser/artifacts'
const log = join(artifacts, 'service.log')
const args = process.argv.slice(2)
const pictures = args.includes('--pictures')

function tests() {
  if (pictures) return ['test/browser/pictures.ts']
  const named = args.filter((arg) => !arg.startsWith('--'))
  if (named.length > 0) return named
  const found = readdirSync('test/browser').filter((name) => name.endsWith('.test.ts'))
  return found.sort().map((name) => join('test/browser', name))
}

/** Starts the service, and resolves once it is ready with what ends it. */
function serve(state) {
  const where = ['--port', String(PORT), '--persist-to', state]
  const allow = ['--var', `ALLOWED_ORIGINS:${listed}`]
  const child = spawn(process.execPath, ['scripts/dev/dev.mjs', ...where, ...allow], {
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
    const timer = setTimeout(() => reject(new Error(`Not ready in time:\n${seen}`)), START_MS)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        file.write(text)
        seen += text
        if (/Gatepost is ready/.test(seen)) resolve(stop) ?? clearTimeout(timer)
        if (/Gatepost is not ready/.test(seen)) stop() && reject(new Error(seen))
      })
    child.on('exit', () => reject(new Error(`The service ended:\n${seen}`)) ?? clearTimeout(timer))
  })
}

/** Runs the test files one after the other, shows what they say, and counts. */
function walk(state) {
  const child = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=spec', ...tests()],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        GATEPOST_ORIGIN: origin,
        GATEPOST_LISTED_ORIGIN: listed,
        GATEPOST_UNLISTED_ORIGIN: unlisted,
        GATEPOST_STATE: state,
        GATEPOST_LOG: log,
      },
    },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    process.stdout.write(text)
  })
  const count = (what) => Number(new RegExp(`^\\S+ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  return new Promise((done) =>
    child.on('close', (code) => done({ code, passed: count('pass'), failed: count('fail') })),
  )
}

mkdirSync(artifacts, { recursive: true })
const setup = await run([process.execPath, 'scripts/dev/setup.mjs'])
if (setup.code !== 0) {
  process.stderr.write(setup.output)
  process.exit(1)
}
const state = mkdtempSync(join(tmpdir(), 'gatepost-browser-'))
let stop
try {
  stop = await serve(state)
  const { code, passed, failed } = await walk(state)
  console.log(`\nBrowser tests: ${passed} passed, ${failed} failed. Pictures: ${artifacts}`)
  process.exitCode = code === 0 && failed === 0 && passed > 0 ? 0 : 1
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  await stop?.()
  rmSync(state, { recursive: true, force: true })
}
