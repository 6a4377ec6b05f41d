// @ts-check
// The three steps that wrangler does: migrate, upload, roll back.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { command, root, run } from '../../tools.mjs'
import { envArguments, envOption, PREVIEWS } from '../environment.mjs'
import { Failure } from '../failure.mjs'

/** How the API refuses `[limits] cpu_ms` on the Free plan. */
const FREE_PLAN = /\[code: 100328\]|not supported for the Free plan/

/** Lines of wrangler's output that a Failure repeats. */
const SHOWN_LINES = 12

/**
 * @typedef {object} Context
 * @property {string} environment
 * @property {string} accountId
 * @property {AbortSignal} signal
 */

/**
 * @param {string[]} args
 * @param {Context} context
 * @param {Record<string, string>} [env]
 */
async function wrangler(args, { accountId, signal }, env = {}) {
  const result = await run(command('wrangler', args), {
    env: {
      CI: '1', // asks nothing
      CLOUDFLARE_ACCOUNT_ID: accountId,
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_LOG_SANITIZE: 'true', // secrets stay out of wrangler's own log file
      ...env,
    },
    signal,
  })
  signal.throwIfAborted()
  return result
}

/**
 * @param {Context} context
 * @param {string} database its name
 */
export async function applyMigrations(context, database) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-wrangler-'))
  try {
    const config = configArguments(context.environment, database, folder)
    const args = ['d1', 'migrations', 'apply', 'DB', '--remote', ...config]
    const { code, output } = await wrangler(args, context)
    if (code === 0) return
    throw new Failure(
      `The migrations failed; the one that failed left nothing behind:\n${lastLines(output, [])}`,
      'fix the migration, then npm run deploy',
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * wrangler's D1 commands cannot name the database of `[previews]`: it gets a configuration of its
 * own.
 * @param {string} environment
 * @param {string} database
 * @param {string} folder for that configuration
 */
function configArguments(environment, database, folder) {
  if (environment !== PREVIEWS) return envArguments(environment)
  const file = join(folder, 'wrangler.json')
  const migrations_dir = join(root, 'migrations')
  const d1_databases = [{ binding: 'DB', database_name: database, migrations_dir }]
  writeFileSync(file, JSON.stringify({ name: 'previews', d1_databases }))
  return ['--config', file]
}

/**
 * @param {Context} context
 * @param {{ message: string, tag: string | null, secretsFile?: string | undefined,
 *   secrets: string[], strict: boolean }} upload
 *   `secrets`: texts to keep out of what is shown
 * @returns {Promise<string>} the id of the new version
 */
export async function uploadWorker(context, { message, tag, secretsFile, secrets, strict }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-wrangler-'))
  const report = join(folder, 'output.ndjson')
  try {
    const { code, output } = await wrangler(
      [
        'deploy',
        '--message',
        message,
        ...(tag ? ['--tag', tag] : []),
        ...(secretsFile ? ['--secrets-file', secretsFile] : []),
        ...(strict ? ['--strict'] : []),
        ...envArguments(context.environment),
      ],
      context,
      { WRANGLER_OUTPUT_FILE_PATH: report },
    )
    const version = code === 0 ? versionIn(report) : null
    if (version) return version
    if (FREE_PLAN.test(output))
      throw new Failure(
        'The account is on the Workers Free plan: 10 ms of computing per request, and a sign-in takes 20 to 40.',
        `choose Workers Paid at https://dash.cloudflare.com/${context.accountId}/workers/plans, then npm run deploy`,
      )
    throw new Failure(
      `wrangler deploy failed:\n${lastLines(output, secrets)}`,
      code === 0
        ? 'npm run deploy -- --force to replace what the dashboard changed'
        : 'npm run deploy, once that is fixed',
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} report what wrangler wrote to WRANGLER_OUTPUT_FILE_PATH: one JSON object per line
 * @returns {string | null}
 */
function versionIn(report) {
  const entries = readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return entries.findLast((entry) => entry.type === 'deploy')?.version_id ?? null
}

/**
 * @param {Context} context
 * @param {string} version
 * @param {string} reason
 */
export async function rollBack(context, version, reason) {
  const { code, output } = await wrangler(
    ['rollback', version, '-y', '-m', reason, ...envArguments(context.environment)],
    context,
  )
  if (code !== 0)
    throw new Failure(
      `The rollback failed:\n${lastLines(output, [])}`,
      rollbackCommand(context.environment, version),
    )
}

/**
 * @param {string} environment
 * @param {string} version
 */
export const rollbackCommand = (environment, version) =>
  `npx wrangler rollback ${version} -y${envOption(environment)}`

/**
 * @param {string} output
 * @param {string[]} secrets
 */
function lastLines(output, secrets) {
  const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), output)
  const lines = stripVTControlCharacters(shown)
    .split('\n')
    // Without the table of bindings.
    .filter((line) => line.trim() !== '' && !line.startsWith('env.'))
  return lines
    .slice(-SHOWN_LINES)
    .map((line) => `    ${line}`)
    .join('\n')
}
