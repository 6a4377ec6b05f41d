// @ts-check
// Names of environments. The top level of wrangler.toml is production; others are `[env.NAME]`.

export const PRODUCTION = 'production'
/** `[previews]`: no deployment, but a database and a bucket that branches share. */
export const PREVIEWS = 'previews'

/**
 * The header of a table in the environment: `[vars]`, `[env.staging.vars]`.
 * @param {string} environment
 * @param {'vars' | 'r2_buckets'} table
 */
export function headerOf(environment, table) {
  const prefix = { [PRODUCTION]: '', [PREVIEWS]: 'previews.' }[environment] ?? `env.${environment}.`
  const name = prefix + table
  return table === 'vars' ? `[${name}]` : `[[${name}]]`
}

/**
 * Arguments that make wrangler use the environment; `--env=` chooses the top level without a
 * warning.
 */
export const envArguments = (/** @type {string} */ environment) => [
  `--env=${environment === PRODUCTION ? '' : environment}`,
]

/**
 * The same for a command line that a person types.
 * @param {string} environment
 */
export const envOption = (environment) =>
  environment === PRODUCTION ? '' : ` --env ${environment}`
