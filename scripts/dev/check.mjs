// `npm test`: style, types, generated files, the API document and all tests; says which step
// failed. With arguments (`npm test -- test/posts`) it passes them to Vitest and runs nothing else.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { command, run } from '../tools.mjs'

const results = 'dist/tests.json'

const types = (project) => run(command('tsc', ['--noEmit', '--project', project]))

/** Is there a migration for every change of the schema? Generates into a copy. */
async function migrations() {
  const consistent = await run(command('drizzle-kit', ['check']))
  if (consistent.code !== 0) return consistent
  mkdirSync('dist', { recursive: true })
  // drizzle-kit reads an absolute path as relative to the folder of the project.
  const copy = mkdtempSync('dist/migrations-')
  try {
    await cp('migrations', copy, { recursive: true })
    const where = ['--dialect=sqlite', '--schema=./src/db/schema*.ts', `--out=${copy}`]
    const { output } = await run(command('drizzle-kit', ['generate', ...where]))
    // Its exit code is 0 also when it fails.
    if (output.includes('No schema changes')) return { code: 0, output }
    return { code: 1, output: `${output}\nIf the schema has changed: npm run db:generate\n` }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** The bindings' types, as `npm run types` writes them. */
async function bindings() {
  const environments = await run([process.execPath, 'scripts/build/environments.mjs', '--check'])
  if (environments.code !== 0) return environments
  const { code, output } = await run(command('wrangler', ['types', 'src/bindings.d.ts', '--check']))
  return {
    code,
    output: code === 0 ? output : `${output}\nwrangler.toml has changed: npm run types\n`,
  }
}

/** The document that the built Worker serves, without errors for @redocly/cli. */
async function document() {
  const made = await run([process.execPath, 'scripts/build/openapi.mjs'])
  if (made.code !== 0) return made
  return run(command('redocly', ['lint', '--format=stylish', 'dist/openapi.json']), {
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
}

/** The types of the client, as `npm run types` writes them. */
const clientTypes = () => run([process.execPath, 'scripts/build/client-types.mjs', '--check'])

const failed = []

/** Runs one step and prints a line about it, with its output only when it failed. */
async function step(name, work) {
  const start = performance.now()
  const { code, output } = await work()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (code !== 0) failed.push(name)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (code !== 0) console.log(output)
}

const filter = process.argv.slice(2)
const web = () => run([process.execPath, 'scripts/build/web.mjs', '--if-stale'])
if (filter.length > 0) {
  await web()
  const { code } = await run(command('vitest', ['run', ...filter]), { show: true })
  process.exit(code)
}

async function statics() {
  await step('style', () => run(command('biome', ['check', '--error-on-warnings', '--colors=off'])))
  await step('language', () => run([process.execPath, 'scripts/dev/language.mjs']))
  await step('types', () => types('tsconfig.json'))
  await step('types in Node', () => types('tsconfig.node.json'))
  if (existsSync('src/web/tsconfig.json'))
    await step('types of the web app', () => types('src/web/tsconfig.json'))
  await step('bindings are current', bindings)
  await step('migrations are current', migrations)
  await step('API document', document)
  await step('types of the client are current', clientTypes)
}

async function tests() {
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${results}`]
  rmSync(results, { force: true })
  await step('tests', () => run(command('vitest', ['run', ...reporters]), { env: { CI: '1' } }))
}

await step('web app builds', web)
await Promise.all([tests(), statics()])
const { numPassedTests = 0, numFailedTests = 0 } = existsSync(results)
  ? JSON.parse(readFileSync(results, 'utf8'))
  : {}
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed`)
if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
