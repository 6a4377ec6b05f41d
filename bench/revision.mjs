// @ts-check
// Builds another revision of the project in a temporary git worktree.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buildGatepost, OUT, ROOT } from './build.mjs'
import { UsageError } from './usage.mjs'

/** Runs git in this checkout. @param {string[]} args */
export const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()

/**
 * Returns the full id of a commit. @throws an Error that names an unknown revision
 * @param {string} revision
 */
export function commitOf(revision) {
  try {
    return git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)
  } catch {
    throw new UsageError(`Unknown revision "${revision}". Use a branch, a tag or a commit id.`)
  }
}

/**
 * Checks a revision out, generates its files and builds its bundle with the packages of this
 * checkout.
 * @param {string} commit
 * @returns {Promise<{ root: string, folder: string, remove: () => void }>} the worktree and the
 *   folder of the bundle
 */
export async function buildRevision(commit) {
  const root = join(OUT, `revision-${commit.slice(0, 12)}`)
  const remove = () => {
    rmSync(root, { recursive: true, force: true })
    git('worktree', 'prune')
  }
  remove() // an interrupted run leaves its worktree
  git('worktree', 'add', '--quiet', '--detach', root, commit)
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      remove()
      process.exit(1)
    })
  try {
    warnOfPackages(root)
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'), 'junction')
    runScript(root, 'postinstall')
    return { root, folder: await buildGatepost(root, 'gatepost-before'), remove }
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * Runs the `node …` commands of a package script, without a shell.
 * @param {string} root
 * @param {string} name
 */
function runScript(root, name) {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const line of String(scripts[name] ?? '').split(/\s*&&\s*/)) {
    if (line === '') continue
    const [program, ...args] = line.split(/\s+/)
    if (program !== 'node') throw new Error(`The script "${name}" of the revision runs ${program}.`)
    execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  }
}

/**
 * Warns if the revision declares other runtime packages: it is built with those of this checkout.
 * @param {string} root
 */
function warnOfPackages(root) {
  /** @param {string} folder @returns {Record<string, string>} */
  const dependencies = (folder) =>
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies
  const [theirs, ours] = [dependencies(root), dependencies(ROOT)]
  const different = Object.keys(theirs).filter((name) => theirs[name] !== ours[name])
  if (different.length > 0)
    process.stderr.write(
      `The revision declares other versions of ${different.join(', ')}; it runs with those installed here.\n`,
    )
}
