// @ts-check
// `npm run deploy`: from any state of the account to a deployed and checked version. It reads what
// is there, decides (deploy/plan.mjs), then changes only what is missing. docs/deploy.md shows each
// step.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from '../build/web.mjs'
import { command, root, run } from '../tools.mjs'
import { openApi } from './cloudflare.mjs'
import { isInteractive } from './deploy/ask.mjs'
import { findAccount, findBucket, readDatabase, readFacts } from './deploy/facts.mjs'
import { HELP, parseOptions, UsageError } from './deploy/options.mjs'
import { configProblems, pendingMigrations, planDeploy, planStorage } from './deploy/plan.mjs'
import { pickAccount, pickPlace, pickSubdomain } from './deploy/questions.mjs'
import { release } from './deploy/release.mjs'
import { closing, Report } from './deploy/report.mjs'
import {
  createBucket,
  createDatabase,
  readBookmark,
  registerSubdomain,
} from './deploy/resources.mjs'
import { listMigrations, versionMessage } from './deploy/source.mjs'
import { applyMigrations } from './deploy/wrangler.mjs'
import { envArguments, headerOf } from './environment.mjs'
import { Failure } from './failure.mjs'
import { readProject, writeSetting } from './project.mjs'

/**
 * @typedef {object} Deploy what every step needs
 * @property {import('./deploy/options.mjs').Options} options
 * @property {import('./project.mjs').Project} project
 * @property {Report} report
 * @property {AbortSignal} signal
 * @property {import('./cloudflare.mjs').Api} api
 * @property {string} accountId
 * @property {import('./deploy/facts.mjs').Facts} facts
 */

/**
 * @param {import('./deploy/options.mjs').Options} options
 * @param {Report} report
 * @param {AbortSignal} signal
 */
async function deploy(options, report, signal) {
  const { project, api, account } = await open(options, report, signal)
  const read = await readFacts(api, account.id, project)
  const subdomain = read.subdomain ?? (await pickSubdomain(project, options, signal))
  const facts = { ...read, subdomain }
  const plan = planDeploy(project, facts, options, {
    migrations: listMigrations(),
    message: (origin) =>
      origin === project.vars.APP_ORIGIN ? versionMessage(project.environment) : '',
  })
  const steps = { options, project, report, signal, api, accountId: account.id, facts }
  const place = plan.database === 'create' ? await pickPlace(options, signal) : {}
  await build(steps, plan)
  if (subdomain && !read.subdomain) {
    await registerSubdomain(api, account.id, subdomain)
    report.changed(`subdomain ${subdomain}.workers.dev`)
  }
  const bookmark = await prepareStorage(steps, plan, place)
  if (plan.writesOrigin) {
    writeSetting(headerOf(project.environment, 'vars'), 'APP_ORIGIN', plan.origin)
    report.changed(`APP_ORIGIN = "${plan.origin}" in wrangler.toml: commit it`)
  }
  await migrate(steps, plan)
  const { version, before } = await release(steps, plan)
  for (const note of plan.notes) report.note(note)
  const hasAdmin = (facts.database?.admins ?? 0) > 0
  console.log(closing(project, { origin: plan.origin, version, before, bookmark, hasAdmin }))
}

/**
 * Database and bucket of `[previews]`, which `npx wrangler preview` uses.
 * @param {import('./deploy/options.mjs').Options} options
 * @param {Report} report
 * @param {AbortSignal} signal
 */
async function preparePreviews(options, report, signal) {
  const { project, api, account } = await open(options, report, signal)
  const path = `/accounts/${account.id}`
  const database = await readDatabase(api, path, project.database)
  const bucket = (await findBucket(api, path, project.bucket)) !== null
  const facts = { database, bucket, subdomain: null, worker: null }
  const steps = { options, project, report, signal, api, accountId: account.id, facts }
  const place = database ? {} : await pickPlace(options, signal)
  await prepareStorage(steps, planStorage(facts), place)
  await migrate(steps, { pending: pendingMigrations(facts, listMigrations()) })
  console.log(PREVIEWS_NEXT)
}

const PREVIEWS_NEXT = `
Previews have a database. Once: npx wrangler preview base-config secret put JWT_SECRET
For each branch: npm run build:web && npx wrangler preview`

/**
 * @param {import('./deploy/options.mjs').Options} options
 * @param {Report} report
 * @param {AbortSignal} signal
 */
async function open(options, report, signal) {
  const project = readProject(options.environment)
  const [problem] = configProblems(project)
  if (problem) throw problem
  const api = await openApi(signal)
  const choose = isInteractive() ? pickAccount(signal) : undefined
  const account = await findAccount(api, project.accountId, choose)
  report.found(`account ${account.name}`)
  return { project, api, account }
}

/**
 * @param {Deploy} steps
 * @param {import('./deploy/plan.mjs').Plan} plan
 */
async function build({ options, report, signal }, { uploads }) {
  if (!uploads) return
  if (options.skipBuild) {
    if (existsSync(join(root, 'dist/web/_headers'))) return
    throw new Failure(
      'dist/web is not built.',
      'npm run build:web, or npm run deploy without --skip-build',
    )
  }
  report.begins('building the web app')
  await buildWeb()
  signal.throwIfAborted()
}

/**
 * Creates database and bucket where they are missing.
 * @param {Deploy} steps
 * @param {Pick<import('./deploy/plan.mjs').Plan, 'database' | 'bucket'>} plan
 * @param {{ location?: string, jurisdiction?: string }} place
 * @returns {Promise<string | null>} bookmark of a database that was there before
 */
async function prepareStorage({ project, report, api, accountId, facts }, plan, place) {
  const { database, bucket, environment } = project
  if (plan.database === 'create') {
    await createDatabase(api, accountId, database.name, place)
    report.changed(
      `database ${database.name} created (${place.jurisdiction ?? place.location ?? 'place chosen by Cloudflare'})`,
    )
  } else report.found(`database ${database.name}`)
  if (plan.bucket === 'create') {
    const jurisdiction = bucket.jurisdiction ?? place.jurisdiction
    await createBucket(api, accountId, bucket.name, jurisdiction)
    report.changed(`bucket ${bucket.name} created`)
    if (jurisdiction && !bucket.jurisdiction) {
      writeSetting(headerOf(environment, 'r2_buckets'), 'jurisdiction', jurisdiction)
      report.changed(`jurisdiction = "${jurisdiction}" of the bucket in wrangler.toml: commit it`)
    }
  } else report.found(`bucket ${bucket.name}`)
  return facts.database && readBookmark(api, accountId, facts.database.id)
}

/**
 * @param {Deploy} steps
 * @param {Pick<import('./deploy/plan.mjs').Plan, 'pending'>} plan
 */
async function migrate({ project, report, signal, accountId }, { pending }) {
  if (pending.length === 0) return report.found('migrations')
  report.begins(`applying ${pending.length} migration(s)`)
  const context = { environment: project.environment, accountId, signal }
  await applyMigrations(context, project.database.name)
  report.changed(`${pending.length} migration(s) applied`)
}

/** @param {import('./deploy/options.mjs').Options} options */
async function dryRun({ environment, skipBuild }) {
  const project = readProject(environment)
  const [problem] = configProblems(project)
  if (problem) throw problem
  if (!skipBuild) await buildWeb()
  const args = ['deploy', '--dry-run', '--outdir', 'dist/worker', ...envArguments(environment)]
  const { code } = await run(command('wrangler', args), { show: true })
  if (code !== 0) throw new Failure('The Worker cannot be built.', 'fix what wrangler says above')
  console.log(`\nA deploy would use Worker ${project.worker}, database ${project.database.name}, bucket ${project.bucket.name}: create what is missing,
apply ${listMigrations().length} migration(s) that the database lacks, upload, and check the new version. Nothing was changed.`)
}

/**
 * @returns {import('./deploy/options.mjs').Options} ends the process when the command line is wrong
 */
function readOptions() {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${HELP}`)
    process.exit(2)
  }
}

const chosen = (/** @type {import('./deploy/options.mjs').Options} */ options) => {
  if (options.dryRun) return dryRun
  return options.previews ? preparePreviews : deploy
}

async function main() {
  const options = readOptions()
  if (options.help) return console.log(HELP)
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () =>
      stop.signal.aborted ? process.exit(130) : stop.abort(new Failure(`Interrupted by ${name}.`)),
    )
  const report = new Report()
  try {
    await chosen(options)(options, report, stop.signal)
  } catch (error) {
    report.failed(stop.signal.aborted ? stop.signal.reason : error)
    process.exitCode = stop.signal.aborted ? 130 : 1
  }
}

await main()
