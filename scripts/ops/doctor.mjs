// @ts-check
// `npm run doctor` checks the machine, the checkout and the settings. Its only requests go to the
// configured identity providers. `-- --remote` checks the account and the deployed service. Each
// line is ok, or names the fix; nothing is changed.
import { parseArgs } from 'node:util'
import { openApi } from './cloudflare.mjs'
import { findAccount } from './deploy/facts.mjs'
import { fail } from './doctor/finding.mjs'
import { checkLocally } from './doctor/local.mjs'
import { checkRemotely } from './doctor/remote.mjs'
import { PRODUCTION } from './environment.mjs'
import { Failure } from './failure.mjs'
import { readProject } from './project.mjs'

const HELP = `npm run doctor [-- <option>…]

  --remote      the account and the deployed service, instead of this checkout
  --env <name>  production (default) or an environment of wrangler.toml`

/** @param {import('./doctor/finding.mjs').Finding} finding */
function print({ state, text, fix }) {
  console.log(`${state.padEnd(6)}${text}${fix ? `\n      → ${fix}` : ''}`)
}

/** @returns {{ remote: boolean, env: string } | null} */
function readOptions() {
  try {
    const options = /** @type {const} */ ({ remote: { type: 'boolean' }, env: { type: 'string' } })
    const { values } = parseArgs({ options })
    return { remote: values.remote ?? false, env: values.env || PRODUCTION }
  } catch {
    return null
  }
}

/**
 * @param {string} environment
 * @param {boolean} remote
 * @returns {Promise<import('./doctor/finding.mjs').Finding[]>}
 */
async function examine(environment, remote) {
  const signal = AbortSignal.timeout(120_000)
  try {
    const project = readProject(environment)
    if (!remote) return await checkLocally(project)
    const api = await openApi(signal)
    const account = await findAccount(api, project.accountId, undefined)
    return await checkRemotely(api, account, project, signal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [fail(error.message, error.next ?? 'npm run doctor')]
  }
}

async function main() {
  const options = readOptions()
  if (!options) {
    console.error(HELP)
    process.exitCode = 2
    return
  }
  const findings = await examine(options.env, options.remote)
  for (const finding of findings) print(finding)
  const count = (/** @type {string} */ state) =>
    findings.filter((one) => one.state === state).length
  console.log(`\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} to fix`)
  process.exitCode = count('fail') > 0 ? 1 : 0
}

await main()
