// @ts-check
// wrangler.toml as the scripts for operators see it: read through wrangler, changed line by line so
// that comments stay.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unstable_readConfig as readConfig } from 'wrangler'
import { root } from '../tools.mjs'
import { PREVIEWS, PRODUCTION } from './environment.mjs'
import { Failure } from './failure.mjs'
import { providerSecrets } from './providers.mjs'

export const CONFIG = join(root, 'wrangler.toml')

/**
 * @typedef {object} Project one environment of wrangler.toml
 * @property {string} environment
 * @property {string} worker name of the Worker
 * @property {string | undefined} accountId
 * @property {{ name: string, id: string | undefined }} database
 * @property {{ name: string, jurisdiction: string | undefined }} bucket
 * @property {Record<string, string>} vars
 * @property {string[]} hosts host names of routes and custom domains
 * @property {boolean | undefined} workersDev
 * @property {string[]} crons
 * @property {string[]} requiredSecrets those of wrangler.toml, and of its PROVIDERS
 * @property {number | undefined} cpuMs
 * @property {string} compatibilityDate
 */

/**
 * Reads one environment.
 * @param {string} environment
 * @returns {Project}
 * @throws {Failure} the environment, or a binding that a deploy needs, is missing
 */
export function readProject(environment) {
  const top = readConfig({ config: CONFIG }, { hideWarnings: true })
  const isNamed = environment !== PRODUCTION && environment !== PREVIEWS
  const known = top.definedEnvironments ?? []
  if (isNamed && !known.includes(environment))
    throw new Failure(
      `wrangler.toml has no environment "${environment}".`,
      `use --env ${[PRODUCTION, ...known].join(' or --env ')}`,
    )
  const named = { config: CONFIG, env: environment }
  const config = isNamed ? readConfig(named, { hideWarnings: true }) : top
  const bindings = environment === PREVIEWS ? config.previews : config
  const database = bindings?.d1_databases?.find(boundAs('DB'))
  const bucket = bindings?.r2_buckets?.find(boundAs('AVATARS'))
  if (!config.name || !database?.database_name || !bucket?.bucket_name)
    throw new Failure(
      'wrangler.toml lacks the name, the D1 binding DB with a database_name, or the R2 binding AVATARS with a bucket_name.',
      'git checkout wrangler.toml restores them',
    )
  const vars = /** @type {Record<string, string>} */ (config.vars)
  return {
    environment,
    worker: config.name,
    accountId: config.account_id,
    database: { name: database.database_name, id: idOf(database) },
    bucket: { name: bucket.bucket_name, jurisdiction: bucket.jurisdiction },
    vars,
    hosts: hostsOf(config),
    workersDev: config.workers_dev,
    crons: config.triggers?.crons ?? [],
    requiredSecrets: [...(config.secrets?.required ?? []), ...providerSecrets(vars.PROVIDERS)],
    cpuMs: config.limits?.cpu_ms,
    compatibilityDate: config.compatibility_date ?? '',
  }
}

const boundAs =
  (/** @type {string} */ name) =>
  (/** @type {{ binding: string }} */ { binding }) =>
    binding === name

/**
 * @param {{ database_id?: string | symbol }} database a symbol when wrangler is to look the id up
 */
const idOf = ({ database_id }) =>
  typeof database_id === 'string' && database_id !== '' ? database_id : undefined

/** @param {{ route?: unknown, routes?: unknown[] | undefined }} config */
function hostsOf({ route, routes }) {
  const all = [...(routes ?? []), ...(route ? [route] : [])]
  return all.map((entry) => {
    const pattern = typeof entry === 'string' ? entry : String(Object(entry).pattern)
    return pattern.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  })
}

/**
 * Writes a text value into wrangler.toml, and leaves every other character as it is.
 * @param {string} header the table, such as `[vars]` or `[[r2_buckets]]`
 * @param {string} key
 * @param {string} value
 */
export function writeSetting(header, key, value) {
  writeFileSync(CONFIG, withSetting(readFileSync(CONFIG, 'utf8'), header, key, value))
}

/**
 * The text with one value of the first table of that name replaced, or added behind its header.
 * @param {string} text
 * @param {string} header
 * @param {string} key
 * @param {string} value
 */
export function withSetting(text, header, key, value) {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.replace(/#.*$/, '').trim() === header)
  if (start < 0) throw new Failure(`wrangler.toml has no ${header}.`, 'add the table, then repeat')
  const after = lines.findIndex((line, at) => at > start && line.startsWith('['))
  const end = after < 0 ? lines.length : after
  const line = new RegExp(`^(\\s*${key}\\s*=\\s*)("(?:[^"\\\\]|\\\\.)*"|'[^']*')(.*)$`)
  const at = lines.findIndex((text, index) => index > start && index < end && line.test(text))
  if (at < 0) lines.splice(start + 1, 0, `${key} = ${JSON.stringify(value)}`)
  else
    lines[at] = String(lines[at]).replace(
      line,
      (_, before, __, rest) => before + JSON.stringify(value) + rest,
    )
  return lines.join('\n')
}
