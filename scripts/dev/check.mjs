// `npm test`: style, types, generated files, the API document and all tests; says which step
// failed. With arguments (`npm test -- test/posts`) it passes them to Vitest and runs nothing else.
import { command, run } from '../tools.mjs'
import * as check from './statics.mjs'
import { createRun } from './vitest-run.mjs'

const web = () => run([process.execPath, 'scripts/build/web.mjs', '--if-stale'])

const filter = process.argv.slice(2)
if (filter.length > 0) {
  await web()
  const { code } = await run(command('vitest', ['run', ...filter]), { show: true })
  process.exit(code)
}

const { step, tests, end } = createRun()

/** A part of the tests: `args` choose it, and `name` names its results. */
const part = (name, ...args) => tests(`tests: ${name}`, name, args)
const workerTests = (n) => part(`workers-${n}`, '--project', 'workers', `--shard=${n}/2`)

async function statics() {
  for (const [name, work] of Object.entries(check.sourceChecks)) await step(name, work)
  await step('bindings are current', check.bindings)
  await step('migrations are current', check.migrations)
  await step('API document', check.document)
  await step('types of the client are current', check.clientTypes)
}

await step('web app builds', web)
// The files of one workerd run one after another, so two share the work.
await Promise.all([
  workerTests(1),
  workerTests(2),
  statics().then(() => part('node', '--project', 'node')),
])
end()
