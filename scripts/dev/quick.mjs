// `npm run test:quick`: a result in less than a minute. Checks style, language and types, and runs
// a fixed core of the tests and those of the folders that have changed since `main`. `npm test`
// runs all tests.
import { changedFiles, selectTests } from './select-tests.mjs'
import { sourceChecks } from './statics.mjs'
import { createRun } from './vitest-run.mjs'

const { step, tests, end } = createRun()
const changed = await changedFiles()
const selected = selectTests(changed)

const testsOf = (project) => {
  const { chosen } = selected[project]
  const title = `${chosen.length} test files in ${project}`
  return tests(title, `${project}-quick`, ['--project', project, ...chosen])
}

async function statics() {
  for (const [name, work] of Object.entries(sourceChecks)) await step(name, work)
}

await Promise.all([testsOf('workers'), statics().then(() => testsOf('node'))])
const left = selected.workers.left + selected.node.left
const others = left > 0 ? `; ${left} more test files are related to them` : ''
end(`Changed since main: ${changed.length} files${others}. npm test runs all tests.\n`)
