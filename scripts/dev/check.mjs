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

/** The tests of one project of vitest.config.ts. */
const tests = (project) => {
  const name = `tests in ${project}`
  return step(name, async () => {
    const result = await runVitest(project, ['--project', project], (text) => note(name, text))
    sum.passed += result.passed
    sum.failed += result.failed
    return result
  })
}

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
// The tests in workerd run one after another, so a second core is free for the rest.
await Promise.all([tests('workers'), statics().then(() => tests('node'))])
print(`\n${sum.passed} passed, ${sum.failed} failed`)
if (failed.length > 0) print(`Failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
