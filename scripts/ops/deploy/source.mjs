// @ts-check
// The source of a deploy: migrations, and a fingerprint of all files that decide the upload.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../tools.mjs'

const INPUTS = [
  'src',
  'scripts/build',
  'migrations',
  'package.json',
  'package-lock.json',
  'wrangler.toml',
]

/** File names of the migrations, in the order in which wrangler applies them. */
export const listMigrations = () =>
  readdirSync(join(root, 'migrations'))
    .filter((name) => name.endsWith('.sql'))
    .sort()

/**
 * The message of a version built from the present files. Two uploads with the same message carry
 * the same code and settings.
 * @param {string} environment
 * @returns {string}
 */
export function versionMessage(environment) {
  const hash = createHash('sha256').update(environment)
  for (const path of INPUTS.flatMap(filesBelow))
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
  return `npm run deploy, files ${hash.digest('hex').slice(0, 16)}`
}

/**
 * @param {string} path below the project
 * @returns {string[]} files, sorted
 */
function filesBelow(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesBelow(`${path}/${name}`))
}

/** The commit's short name, to be the tag of the version; null outside a git checkout. */
export function commitName() {
  try {
    const git = ['rev-parse', '--short', 'HEAD']
    return execFileSync('git', git, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return null
  }
}
