// @ts-check
import { parseArgs } from 'node:util'
import { PREVIEWS, PRODUCTION } from '../environment.mjs'

/** https://developers.cloudflare.com/d1/configuration/data-location/ */
export const LOCATIONS = /** @type {const} */ ({
  weur: 'Western Europe',
  eeur: 'Eastern Europe',
  enam: 'Eastern North America',
  wnam: 'Western North America',
  apac: 'Asia Pacific',
  oc: 'Oceania',
})
/** Data stays within these borders; the same page. */
export const JURISDICTIONS = /** @type {const} */ ({
  eu: 'European Union',
  us: 'United States',
  fedramp: 'FedRAMP-compliant data centers',
})

export const HELP = `npm run deploy [-- <option>…]

Creates what the account lacks, applies migrations, uploads the Worker and checks the new version.
Repeating it changes nothing while code and settings are the same.

  --dry-run             builds everything, shows the plan, needs no account
  --env <name>          production (default) or an environment of wrangler.toml, such as staging
  --previews            only prepares database and bucket of previews, for npx wrangler preview
  --location <place>    where a new database lives: ${Object.keys(LOCATIONS).join(', ')}
  --jurisdiction <law>  keeps a new database and bucket within: ${Object.keys(JURISDICTIONS).join(', ')}
  --subdomain <name>    registers <name>.workers.dev for an account that has no subdomain
  --secrets-file <file> secrets as JSON, instead of a generated JWT_SECRET
  --new-secret          generates a JWT_SECRET although accounts exist: every session ends
  --rollback            returns to the version before when the checks fail
  --force               uploads again, over changes of the dashboard or a Worker of that name
  --skip-build          uploads dist/web as it is`

/**
 * @typedef {object} Options
 * @property {boolean} dryRun
 * @property {string} environment
 * @property {boolean} previews
 * @property {string | undefined} location
 * @property {string | undefined} jurisdiction
 * @property {string | undefined} subdomain
 * @property {string | undefined} secretsFile
 * @property {boolean} newSecret
 * @property {boolean} rollback
 * @property {boolean} force
 * @property {boolean} skipBuild
 * @property {boolean} help
 */

/** The command line cannot be understood; the message says which option and why. */
export class UsageError extends Error {
  /** @override */
  name = 'UsageError'
}

/**
 * @param {string[]} args
 * @returns {Options}
 * @throws {UsageError}
 */
export function parseOptions(args) {
  const values = parse(args)
  oneOf('--location', values.location, LOCATIONS)
  oneOf('--jurisdiction', values.jurisdiction, JURISDICTIONS)
  if (values.location && values.jurisdiction)
    throw new UsageError('Choose --location or --jurisdiction: a jurisdiction decides the place.')
  if (values['secrets-file'] !== undefined && values['new-secret'])
    throw new UsageError('Choose --secrets-file or --new-secret.')
  if (
    values.subdomain !== undefined &&
    !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(values.subdomain)
  )
    throw new UsageError('--subdomain is 1 to 63 letters a-z, digits and inner hyphens.')
  return {
    dryRun: values['dry-run'] ?? false,
    environment: values.previews ? PREVIEWS : values.env || PRODUCTION,
    previews: values.previews ?? false,
    location: values.location,
    jurisdiction: values.jurisdiction,
    subdomain: values.subdomain,
    secretsFile: values['secrets-file'],
    newSecret: values['new-secret'] ?? false,
    rollback: values.rollback ?? false,
    force: values.force ?? false,
    skipBuild: values['skip-build'] ?? false,
    help: values.help ?? false,
  }
}

/** @param {string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: 'string' })
  const flag = /** @type {const} */ ({ type: 'boolean' })
  const options = {
    'dry-run': flag,
    env: text,
    previews: flag,
    location: text,
    jurisdiction: text,
    subdomain: text,
    'secrets-file': text,
    'new-secret': flag,
    rollback: flag,
    force: flag,
    'skip-build': flag,
    help: { ...flag, short: 'h' },
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param {string} option
 * @param {string | undefined} value
 * @param {object} known
 */
function oneOf(option, value, known) {
  if (value !== undefined && !Object.hasOwn(known, value))
    throw new UsageError(`${option} is one of ${Object.keys(known).join(', ')}.`)
}
