// @ts-check
// Decides what a deploy does. Pure: facts in, plan or Failure out; nothing is read or changed here.
import { envOption } from '../environment.mjs'
import { Failure } from '../failure.mjs'
import { providerSecrets, readConfigured } from '../providers.mjs'

/**
 * @typedef {object} Plan
 * @property {'exists' | 'create'} database
 * @property {'exists' | 'create'} bucket
 * @property {string} origin
 * @property {boolean} writesOrigin wrangler.toml holds another origin
 * @property {'keep' | 'generate' | 'given'} secret
 * @property {string[]} pending migrations to apply
 * @property {boolean} uploads false when the running version was uploaded from the same files,
 *   schedules included
 * @property {string[]} notes what the operator should know and may ignore
 */

const LOCAL_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const ZERO_ID = /^[0-]+$/

/**
 * The faults of wrangler.toml itself; the first one ends a deploy.
 * @param {import('../project.mjs').Project} project
 * @returns {Failure[]}
 */
export function configProblems({ database, hosts, workersDev, vars }) {
  const problems = []
  if (database.id && ZERO_ID.test(database.id))
    problems.push(
      new Failure(
        'database_id in wrangler.toml is all zeros, which no database has.',
        'delete the line: the database is found by its name',
      ),
    )
  if (hosts.length > 0 && workersDev)
    problems.push(
      new Failure(
        `workers_dev = true leaves a second address beside ${hosts[0]}, past the firewall rules of your domain.`,
        'set workers_dev = false in wrangler.toml',
      ),
    )
  if (hosts.length === 0 && workersDev === false)
    problems.push(
      new Failure(
        'workers_dev = false and no route: the Worker would have no address.',
        'add a route, or delete workers_dev = false in wrangler.toml',
      ),
    )
  if (!URL.canParse(vars.APP_ORIGIN ?? ''))
    problems.push(
      new Failure(
        `APP_ORIGIN in wrangler.toml is ${JSON.stringify(vars.APP_ORIGIN ?? '')}, which is no origin.`,
        'set an https origin without a path, or http://localhost:8787 to have it derived',
      ),
    )
  return problems
}

/**
 * @param {string | undefined} mailFrom MAIL_FROM
 * @returns {boolean} true while it is the example, which may send nothing
 */
export const isExampleSender = (mailFrom = '') => /@example\.(?:com|org|net)>?$/.test(mailFrom)

/**
 * @param {import('../project.mjs').Project} project
 * @param {import('./facts.mjs').Facts} facts
 * @param {import('./options.mjs').Options} options
 * @param {{ migrations: string[], message: (origin: string) => string }} source
 *   file names in order; the message of a version built from these files
 * @returns {Plan}
 * @throws {Failure}
 */
export function planDeploy(project, facts, options, source) {
  const { worker, database } = facts
  const [problem] = configProblems(project)
  if (problem) throw problem
  if (worker && isForeign(worker) && !options.force)
    throw new Failure(
      `The account has a Worker named ${project.worker} that is not Gatepost: it has no binding DB.`,
      'choose another name in wrangler.toml, or npm run deploy -- --force to replace that Worker',
    )
  if (database && isOfAnotherApp(database, source.migrations))
    throw new Failure(
      `The database ${project.database.name} holds tables of something else (${database.tables[0]}).`,
      'choose another database_name in wrangler.toml',
    )
  const origin = planOrigin(project, facts.subdomain)
  const [unfit] = readConfigured({ ...project.vars, APP_ORIGIN: origin }).problems
  if (unfit) throw new Failure(`${unfit}.`, 'correct it in wrangler.toml, then npm run deploy')
  requireProviderSecrets(project, facts, options)
  const secret = planSecret(project, facts, options)
  const isSame =
    worker?.version?.message === source.message(origin) &&
    worker.crons.toSorted().join() === project.crons.toSorted().join()
  return {
    ...planStorage(facts),
    origin,
    writesOrigin: origin !== project.vars.APP_ORIGIN,
    secret,
    pending: pendingMigrations(facts, source.migrations),
    uploads: !isSame || secret !== 'keep' || options.force,
    notes: notes(project, database?.applied ?? [], source.migrations),
  }
}

/**
 * @param {Pick<import('./facts.mjs').Facts, 'database' | 'bucket'>} facts
 * @returns {Pick<Plan, 'database' | 'bucket'>}
 */
export const planStorage = ({ database, bucket }) => ({
  database: database ? 'exists' : 'create',
  bucket: bucket ? 'exists' : 'create',
})

/**
 * @param {Pick<import('./facts.mjs').Facts, 'database'>} facts
 * @param {string[]} migrations
 */
export const pendingMigrations = ({ database }, migrations) =>
  migrations.filter((name) => !database?.applied.includes(name))

/** @param {import('./facts.mjs').WorkerFacts} worker a draft that holds only the secret is ours */
const isForeign = ({ bindings, secrets, version }) =>
  version !== null && !bindings.includes('DB') && !secrets.includes('JWT_SECRET')

/**
 * @param {import('./facts.mjs').DatabaseFacts} database
 * @param {string[]} migrations
 */
function isOfAnotherApp({ tables, applied }, migrations) {
  const own = tables.filter((table) => table !== 'd1_migrations')
  return own.length > 0 && !applied.includes(String(migrations[0]))
}

/**
 * The one origin of pages, API and mailed links: the only route, else the address on workers.dev.
 * @param {import('../project.mjs').Project} project
 * @param {string | null} subdomain
 * @returns {string}
 */
export function planOrigin({ worker, hosts, vars }, subdomain) {
  const configured = new URL(String(vars.APP_ORIGIN))
  const isLocal = LOCAL_HOST.test(configured.hostname)
  const [host] = hosts
  if (host && isLocal && hosts.length === 1) return `https://${host}`
  if (host && hosts.includes(configured.host)) return configured.origin
  if (host)
    throw new Failure(
      `APP_ORIGIN is ${configured.origin}, but the routes in wrangler.toml are ${hosts.join(', ')}.`,
      `set APP_ORIGIN = "https://${host}" in wrangler.toml`,
    )
  const own = `https://${worker}.${subdomain}.workers.dev`
  if (isLocal || configured.origin === own) return own
  if (configured.hostname.endsWith('.workers.dev'))
    throw new Failure(
      `APP_ORIGIN is ${configured.origin}, but this Worker answers at ${own}.`,
      `set APP_ORIGIN = "${own}" in wrangler.toml: people sign in again there`,
    )
  throw new Failure(
    `APP_ORIGIN is ${configured.origin}, but wrangler.toml has no route for ${configured.host}.`,
    `add workers_dev = false and routes = [{ pattern = "${configured.host}", custom_domain = true }] above [vars]`,
  )
}

/**
 * A JWT_SECRET is generated only where nothing depends on a former one: a new one ends every
 * session and voids every cursor.
 * @param {import('../project.mjs').Project} project
 * @param {import('./facts.mjs').Facts} facts
 * @param {import('./options.mjs').Options} options
 * @returns {Plan['secret']}
 */
export function planSecret({ environment, database: { name } }, { worker, database }, options) {
  if (options.secretsFile !== undefined) return 'given'
  if (options.newSecret) return 'generate'
  if (worker?.secrets.includes('JWT_SECRET')) return 'keep'
  if (!database || database.users === 0) return 'generate'
  throw new Failure(
    `The database ${name} has ${database.users} account(s), but the Worker has no JWT_SECRET: a new one would end every session.`,
    worker
      ? `npx wrangler secret put JWT_SECRET${envOption(environment)} with the former one, or npm run deploy -- --new-secret`
      : 'npm run deploy -- --secrets-file FILE with {"JWT_SECRET": "the former one"}, or -- --new-secret',
  )
}

/**
 * A Worker that lacks the secret of a provider serves no request.
 * @param {import('../project.mjs').Project} project
 * @param {import('./facts.mjs').Facts} facts
 * @param {import('./options.mjs').Options} options
 */
function requireProviderSecrets({ environment, vars }, { worker }, options) {
  if (options.secretsFile !== undefined) return
  const missing = providerSecrets(vars.PROVIDERS).filter((name) => !worker?.secrets.includes(name))
  if (missing.length === 0) return
  throw new Failure(
    `PROVIDERS in wrangler.toml needs ${missing.join(', ')}, which the Worker lacks: it would answer 503.`,
    `npx wrangler secret put ${missing[0]}${envOption(environment)}, or npm run deploy -- --secrets-file FILE with it`,
  )
}

/**
 * @param {import('../project.mjs').Project} project
 * @param {string[]} applied
 * @param {string[]} migrations
 */
function notes({ vars }, applied, migrations) {
  const unknown = applied.filter((name) => !migrations.includes(name))
  return [
    ...(unknown.length > 0
      ? [
          `The database has migrations that this checkout lacks (${unknown.join(', ')}): it is older than the last deploy.`,
        ]
      : []),
    ...(isExampleSender(vars.MAIL_FROM)
      ? [
          'MAIL_FROM is the example: no mail leaves, and a forgotten password cannot be reset. Set it in wrangler.toml, then npm run deploy (docs/deploy.md, "Mail").',
        ]
      : []),
  ]
}
