// @ts-check
// Checks of this machine: the checkout, wrangler.toml, the build, and the identity providers of
// `npm run dev`. Only the providers need the network.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { completed } from '../../build/environments.mjs'
import { command, readDevVars, root, run } from '../../tools.mjs'
import { configProblems, isExampleSender } from '../deploy/plan.mjs'
import { listMigrations } from '../deploy/source.mjs'
import { envArguments } from '../environment.mjs'
import { CONFIG } from '../project.mjs'
import { providerSecrets } from '../providers.mjs'
import { fail, ok, warn } from './finding.mjs'
import { checkProviders } from './providers.mjs'

/** @typedef {import('./finding.mjs').Finding} Finding */

/** wrangler 4 refuses older ones. */
const MIN_NODE = 22
const MIN_SECRET_BYTES = 32
const MIB = 1024 * 1024
/**
 * Size of a compressed Worker on the Free plan; Paid allows more.
 * https://developers.cloudflare.com/workers/platform/limits/
 */
const MAX_BUNDLE_BYTES = 3 * MIB
/** Of static assets; the same page. */
const MAX_ASSETS = 20_000
const MAX_ASSET_BYTES = 25 * MIB

/**
 * @param {import('../project.mjs').Project} project
 * @returns {Promise<Finding[]>}
 */
export async function checkLocally(project) {
  const slow = [checkBindings(), checkBundle(project)]
  const providers = checkLocalProviders(project)
  const quick = [
    checkNode(),
    checkPackages(),
    ...checkDevVars(),
    ...checkConfig(project),
    checkMigrations(),
    checkEnvironments(),
    checkCompatibilityDate(project),
    checkAssets(),
  ]
  return [...quick, ...(await Promise.all(slow)), ...(await providers)]
}

const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(join(root, path), 'utf8'))

function checkNode() {
  const [major] = process.versions.node.split('.').map(Number)
  const text = `Node ${process.versions.node}`
  return Number(major) >= MIN_NODE
    ? ok(text)
    : fail(`${text} is too old for wrangler`, 'npm ci, then npm run doctor')
}

/** Compares what npm installed with the lockfile, package by package. */
function checkPackages() {
  const installed = 'node_modules/.package-lock.json'
  if (!existsSync(join(root, installed))) return fail('node_modules is missing', 'npm ci')
  const { packages } = readJson('package-lock.json')
  /** @type {Record<string, { version: string }>} */
  const found = readJson(installed).packages
  const wrong = Object.entries(packages)
    .filter(([path, { optional }]) => path !== '' && (found[path] || !optional))
    .filter(([path, { version }]) => found[path]?.version !== version)
    .map(([path]) => path.replace(/^node_modules\//, ''))
  if (wrong.length === 0) return ok('packages are those of package-lock.json')
  return fail(
    `${wrong.length} package(s) differ from package-lock.json, such as ${wrong[0]}`,
    'npm ci',
  )
}

/**
 * The providers of `npm run dev`: .dev.vars holds their secrets, and may have its own PROVIDERS.
 * @param {import('../project.mjs').Project} project
 * @returns {Promise<Finding[]>}
 */
async function checkLocalProviders({ vars }) {
  const own = readDevVars()
  const setting = own.PROVIDERS ?? vars.PROVIDERS
  const missing = providerSecrets(setting).filter((name) => !own[name])
  const origin = own.APP_ORIGIN ?? 'http://localhost:8787'
  return [
    ...missing.map((name) => fail(`.dev.vars lacks ${name}`, `add ${name}=… to .dev.vars`)),
    ...(await checkProviders({ ...own, ...(setting && { PROVIDERS: setting }) }, origin)),
  ]
}

/** @returns {Finding[]} */
function checkDevVars() {
  const path = join(root, '.dev.vars')
  if (!existsSync(path))
    return [warn('.dev.vars is missing: there is no local JWT_SECRET yet', 'npm run dev makes it')]
  const mode = statSync(path).mode & 0o777
  const { JWT_SECRET = '' } = readDevVars()
  const isPrivate = process.platform === 'win32' || (mode & 0o077) === 0
  return [
    isPrivate
      ? ok('.dev.vars can be read by you alone')
      : fail(`.dev.vars can be read by others (mode ${mode.toString(8)})`, 'chmod 600 .dev.vars'),
    Buffer.byteLength(JWT_SECRET) >= MIN_SECRET_BYTES
      ? ok('.dev.vars holds a JWT_SECRET')
      : fail(
          `JWT_SECRET in .dev.vars has less than ${MIN_SECRET_BYTES} bytes`,
          'delete .dev.vars, then npm run dev',
        ),
  ]
}

/**
 * @param {import('../project.mjs').Project} project
 * @returns {Finding[]}
 */
function checkConfig(project) {
  const problems = configProblems(project).map(({ message, next = '' }) => fail(message, next))
  const { MAIL_FROM } = project.vars
  return [
    ...(problems.length > 0
      ? problems
      : [ok('database_id, routes and APP_ORIGIN of wrangler.toml')]),
    isExampleSender(MAIL_FROM)
      ? warn(
          `MAIL_FROM is the example (${MAIL_FROM}): no mail leaves`,
          'set it in wrangler.toml; docs/deploy.md, "Mail"',
        )
      : ok(`mail is sent as ${MAIL_FROM}`),
    project.cpuMs
      ? ok(`a request may compute for ${project.cpuMs} ms`)
      : warn(
          '[limits] cpu_ms is not set: a request may compute for 30 s',
          'set cpu_ms = 1000 in wrangler.toml',
        ),
  ]
}

function checkMigrations() {
  /** @type {{ tag: string }[]} */
  const entries = readJson('migrations/meta/_journal.json').entries
  const journal = entries.map(({ tag }) => `${tag}.sql`)
  const files = listMigrations()
  const odd = [
    ...files.filter((name) => !journal.includes(name)),
    ...journal.filter((name) => !files.includes(name)),
  ]
  if (odd.length === 0) return ok(`${files.length} migrations, as in their journal`)
  return fail(
    `migrations and their journal differ: ${odd.join(', ')}`,
    'npm run db:generate writes both; git status shows what is missing',
  )
}

function checkEnvironments() {
  const toml = readFileSync(CONFIG, 'utf8')
  return completed(toml) === toml
    ? ok('[env.staging] and [previews] have what the top level has')
    : fail('[env.staging] or [previews] of wrangler.toml lack a binding or var', 'npm run types')
}

/**
 * workerd accepts dates up to a week after its own, which its version tells: `1.20261023.1`.
 * @param {import('../project.mjs').Project} project
 */
function checkCompatibilityDate({ compatibilityDate }) {
  const version = String(readJson('node_modules/workerd/package.json').version)
  const [, year, month, day] = /\.(\d{4})(\d\d)(\d\d)\./.exec(version) ?? []
  const newest = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day) + 7))
  const localDate = newest.toISOString().slice(0, 10)
  if (compatibilityDate <= localDate) return ok(`compatibility_date ${compatibilityDate}`)
  return fail(
    `compatibility_date ${compatibilityDate} is later than the local workerd takes, ${localDate}`,
    'update wrangler, or set an earlier date',
  )
}

function checkAssets() {
  const folder = join(root, 'dist/web')
  if (!existsSync(join(folder, '_headers')))
    return warn('the web app is not built', 'npm run build:web')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const large = files.find(
    ({ parentPath, name }) => statSync(join(parentPath, name)).size > MAX_ASSET_BYTES,
  )
  if (files.length > MAX_ASSETS)
    return fail(
      `dist/web has ${files.length} files; Cloudflare takes ${MAX_ASSETS}`,
      'npm run build:web',
    )
  if (large) return fail(`dist/web/${large.name} is larger than 25 MiB`, 'npm run build:web')
  return ok(`${files.length} static files`)
}

async function checkBindings() {
  const { code } = await run(command('wrangler', ['types', 'src/bindings.d.ts', '--check']))
  return code === 0
    ? ok('src/bindings.d.ts matches wrangler.toml')
    : fail('src/bindings.d.ts is older than wrangler.toml', 'npm run types')
}

/** @param {import('../project.mjs').Project} project */
async function checkBundle({ environment }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-doctor-'))
  try {
    const args = ['deploy', '--dry-run', '--outdir', folder, ...envArguments(environment)]
    const { code } = await run(command('wrangler', args))
    if (code !== 0)
      return fail('the Worker cannot be built', 'npm run deploy -- --dry-run shows why')
    const modules = readdirSync(folder).filter((name) => /\.(?:js|wasm)$/.test(name))
    const bytes = modules.reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length,
      0,
    )
    const text = `the Worker is ${Math.round(bytes / 1024)} KiB compressed`
    return bytes <= MAX_BUNDLE_BYTES
      ? ok(text)
      : warn(`${text}: the Free plan takes 3 MiB`, 'remove code, or use Workers Paid')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
