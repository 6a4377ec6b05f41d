// The checks of `npm test` and `npm run test:quick` that run no test.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { command, run } from '../tools.mjs'

const style = () => run(command('biome', ['check', '--error-on-warnings', '--colors=off']))

const language = () => run([process.execPath, 'scripts/dev/language.mjs'])

const types = (project) => () => run(command('tsc', ['--noEmit', '--project', project]))

/** The checks that read the sources and build nothing, by the names of their steps. */
export const sourceChecks = {
  style,
  language,
  types: types('tsconfig.json'),
  'types in Node': types('tsconfig.node.json'),
  ...(existsSync('src/web/tsconfig.json') && {
    'types of the web app': types('src/web/tsconfig.json'),
  }),
}

/** Is there a migration for every change of the schema? Generates into a copy. */
export async function migrations() {
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
export async function bindings() {
  const environments = await run([process.execPath, 'scripts/build/environments.mjs', '--check'])
  if (environments.code !== 0) return environments
  const { code, output } = await run(command('wrangler', ['types', 'src/bindings.d.ts', '--check']))
  return {
    code,
    output: code === 0 ? output : `${output}\nwrangler.toml has changed: npm run types\n`,
  }
}

/** The document that the built Worker serves, without errors for @redocly/cli. */
export async function document() {
  const made = await run([process.execPath, 'scripts/build/openapi.mjs'])
  if (made.code !== 0) return made
  return run(command('redocly', ['lint', '--format=stylish', 'dist/openapi.json']), {
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
}

/** The types of the client, as `npm run types` writes them; after `document`. */
export const clientTypes = () =>
  run([process.execPath, 'scripts/build/client-types.mjs', '--check', '--written'])
