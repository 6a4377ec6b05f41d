// @ts-check
// The configuration of one run of `npm run dev`: a copy of wrangler.toml.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { optionalSecrets } from '../tools.mjs'

/** @param {string} text @param {string} before @param {string} after */
function replaceOnce(text, before, after) {
  if (text.split(before).length === 2) return text.replace(before, () => after)
  throw new Error(`wrangler.toml must have this once, for npm run dev: ${before}`)
}

/**
 * wrangler passes only those secrets of .dev.vars that its configuration lists, and a deployment
 * requires the listed ones: so the copy lists the optional secrets too. Its Worker has the outbox
 * at /__dev/mail (scripts/dev/outbox), which a deployment must not have.
 * @param {string} toml wrangler.toml
 * @param {Record<string, string | undefined>} devVars
 */
export function developmentToml(toml, devVars) {
  const secrets = ['JWT_SECRET', ...optionalSecrets().filter((name) => devVars[name])]
  const listed = secrets.map((name) => `"${name}"`).join(', ')
  const withSecrets = toml.replace('required = ["JWT_SECRET"]', `required = [${listed}]`)
  const withWorker = replaceOnce(
    withSecrets,
    'main = "src/index.ts"',
    'main = "scripts/dev/outbox/worker.ts"',
  )
  return replaceOnce(withWorker, 'run_worker_first = [', 'run_worker_first = ["/__dev/*", ')
}

/**
 * Writes the copy, which lives as long as this process. Its name has the port, because wrangler
 * watches the file, and another run must not remove it.
 * @param {Record<string, string | undefined>} devVars
 * @param {number} port
 * @returns {string[]} the arguments for wrangler
 */
export function developmentConfig(devVars, port) {
  const copy = `wrangler.dev-${port}.toml`
  writeFileSync(copy, developmentToml(readFileSync('wrangler.toml', 'utf8'), devVars))
  process.on('exit', () => rmSync(copy, { force: true }))
  return ['--config', copy]
}
