// `npm run test:quick`: a verdict in less than a minute: style, language, types, and of the tests a
// fixed core and those of the folders that have changed since `main`. `npm test` runs all.
import { createProgress } from './progress.mjs'
import { changedFiles, selectTests } from './select-tests.mjs'
import * as check from './statics.mjs'
import { runVitest } from './vitest-run.mjs'

const { step, note, print, failed } = createProgress()
const changed = await changedFiles()
const selected = selectTests(changed)
const sum = { passed: 0, failed: 0 }

const tests = (project) => {
  const { chosen } = selected[project]
  const name = `${chosen.length} test files in ${project}`
  return step(name, async () => {
    const args = ['--project', project, ...chosen]
    const result = await runVitest(`${project}-quick`, args, (text) => note(name, text))
    sum.passed += result.passed
    sum.failed += result.failed
    return result
  })
}

async function statics() {
  await step('style', check.style)
  await step('language', check.language)
  for (const [name, types] of Object.entries(check.typeChecks)) await step(name, types)
}

await Promise.all([tests('workers'), statics().then(() => tests('node'))])
const left = selected.workers.left + selected.node.left
const others = left > 0 ? `; ${left} more test files are related to them` : ''
print(`\nChanged since main: ${changed.length} files${others}. npm test runs all tests.`)
print(`${sum.passed} passed, ${sum.failed} failed`)
if (failed.length > 0) print(`Failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
