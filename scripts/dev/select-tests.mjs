// @ts-check
// Which tests `npm run test:quick` runs.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../tools.mjs'

/** The API document, settings, registration, sign-in, refresh, posts, and the documents. */
export const CORE = [
  'test/openapi.test.ts',
  'test/settings.test.ts',
  'test/health/health.test.ts',
  'test/accounts/registration.test.ts',
  'test/sessions/browser.test.ts',
  'test/sessions/oauth.test.ts',
  'test/sessions/refresh.test.ts',
  'test/posts/versions.test.ts',
  'test/client/problem.test.ts',
  'test/node/documents.test.ts',
]
/** Seconds of tests in each of the two projects, by the durations of their last whole run. */
const BUDGET = 20
/** Seconds assumed for a file that no whole run has measured. */
const UNKNOWN = 1

/** The files that differ from `main` or are not committed; without a `main`, the latter. */
export async function changedFiles() {
  const git = async (/** @type {string[]} */ ...args) => {
    const { code, output } = await run(['git', ...args])
    return code === 0 ? output.split('\n').filter(Boolean) : []
  }
  const [base] = await git('merge-base', 'HEAD', 'main')
  return [
    ...(await git('diff', '--name-only', base ?? 'HEAD')),
    ...(await git('ls-files', '--others', '--exclude-standard')),
  ]
}

/** The test files of a folder, or the file itself. @param {string} path @returns {string[]} */
function testsIn(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return path.endsWith('.test.ts') ? [path] : []
  return readdirSync(path)
    .map((name) => join(path, name))
    .flatMap(testsIn)
}

/**
 * Where the tests of a changed file may be: `src/credentials/totp/store.ts` → `test/credentials`,
 * `test/totp`.
 * @param {string} file
 */
export function placesOf(file) {
  const [top, ...rest] = file.split('/')
  if (top === 'test') return [file]
  if (top === 'src') return rest.slice(0, -1).map((name) => `test/${name}`)
  return top === 'docs' || file.endsWith('.md') ? ['test/node/documents.test.ts'] : []
}

/** Test files of other configurations of Vitest: they need a browser, or take minutes. */
const isElsewhere = (/** @type {string} */ file) =>
  /^test\/(?:browser|deploy|client\/apps)\//.test(file)
const isNode = (/** @type {string} */ file) => /^test\/(?:node|client)\//.test(file)

/** Where `npm test` leaves the results of each project. */
const RESULTS = {
  workers: ['dist/tests-workers-1.json', 'dist/tests-workers-2.json'],
  node: ['dist/tests-node.json'],
}

/** Seconds by file, of the last whole run of a project. @param {keyof typeof RESULTS} project */
function durations(project) {
  /** @type {Map<string, number>} */
  const seconds = new Map()
  for (const file of RESULTS[project].filter(existsSync)) {
    const { testResults = [] } = JSON.parse(readFileSync(file, 'utf8'))
    for (const { name, startTime, endTime } of testResults)
      seconds.set(name.slice(name.lastIndexOf('/test/') + 1), (endTime - startTime) / 1000)
  }
  return seconds
}

/**
 * The core and the changed tests, then the related ones that fit into the budget, the shortest
 * first.
 * @param {{ always: string[], related: string[] }} files
 * @param {Map<string, number>} known seconds by file
 */
export function choose({ always, related }, known) {
  const cost = (/** @type {string} */ file) => known.get(file) ?? UNKNOWN
  const others = related.filter((file) => !always.includes(file)).sort((a, b) => cost(a) - cost(b))
  let left = BUDGET - always.reduce((sum, file) => sum + cost(file), 0)
  const chosen = others.filter((file) => {
    left -= cost(file)
    return left >= 0
  })
  return { chosen: [...always, ...chosen], left: others.length - chosen.length }
}

/** @param {string[]} files */
const distinct = (files) => [...new Set(files)].filter((file) => !isElsewhere(file))

/**
 * The test files of both projects for these changed files.
 * @param {string[]} changed
 * @param {(project: keyof typeof RESULTS) => Map<string, number>} secondsOf
 */
export function selectTests(changed, secondsOf = durations) {
  const always = distinct([...CORE, ...changed.filter((file) => testsIn(file).length > 0)])
  const related = distinct(changed.flatMap(placesOf).flatMap(testsIn))
  /** @param {(file: string) => boolean} isOwn */
  const filesOf = (isOwn) => ({ always: always.filter(isOwn), related: related.filter(isOwn) })
  return {
    workers: choose(
      filesOf((file) => !isNode(file)),
      secondsOf('workers'),
    ),
    node: choose(filesOf(isNode), secondsOf('node')),
  }
}
