// `npm test`: style, types, generated files, the API document and all tests; says which step
// failed. With arguments (`npm test -- test/posts`) it passes them to Vitest and runs nothing else.
import { command, run } from '../tools.mjs'
import { createProgress } from './progress.mjs'
import * as check from './statics.mjs'
import { runVitest } from './vitest-run.mjs'

const web = () => run([process.execPath, 'scripts/build/web.mjs', '--if-stale'])

const filter = process.argv.slice(2)
if (filter.length > 0) {
  await web()
  const { code } = await run(command('vitest', ['run', ...filter]), { show: true })
  process.exit(code)
}

const { step, note, print, failed } = createProgress()
const sum = { passed: 0, failed: 0 }

/** A part of the tests: `args` choose it, and `name` names its results. */
const tests = (name, ...args) => {
  const title = `tests: ${name}`
  return step(title, async () => {
    const result = await runVitest(name, args, (text) => note(title, text))
    sum.passed += result.passed
    sum.failed += result.failed
    return result
  })
}
const workerTests = (part) => tests(`workers-${part}`, '--project', 'workers', `--shard=${part}/2`)

async function statics() {
  await step('style', check.style)
  await step('language', check.language)
  for (const [name, types] of Object.entries(check.typeChecks)) await step(name, types)
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
  statics().then(() => tests('node', '--project', 'node')),
])
print(`\n${sum.passed} passed, ${sum.failed} failed`)
if (failed.length > 0) print(`Failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
