// `npm run deploy`: builds the pages, applies the migrations to the remote database, then deploys the Worker.
// Refuses a configuration that is still the example's. Arguments go to `wrangler deploy`; `--dry-run` builds everything and needs no account.
import { unstable_readConfig as readConfig } from 'wrangler'
import { buildWeb } from '../build/web.mjs'
import { command, must, run } from '../tools.mjs'

const args = process.argv.slice(2)
const dryRun = args.includes('--dry-run')

/** What an owner has not filled in yet, as sentences. */
function missing({ vars, d1_databases: [database] }) {
  const sentences = []
  const origin = URL.parse(vars.APP_ORIGIN)
  if (origin?.protocol !== 'https:' || /^(localhost|127\.|\[::1\])/.test(origin.hostname))
    sentences.push(`APP_ORIGIN is ${vars.APP_ORIGIN}: set the https origin that people will use.`)
  if (/example\.com>?$/.test(vars.MAIL_FROM))
    sentences.push(
      'MAIL_FROM is the example: set an address of a domain onboarded for Email Service.',
    )
  if (/^[0-]*$/.test(database?.database_id ?? ''))
    sentences.push(
      'database_id is the placeholder: `npx wrangler d1 create gatepost` prints yours.',
    )
  return sentences
}

if (!dryRun) {
  const sentences = missing(readConfig({ config: 'wrangler.toml' }))
  if (sentences.length > 0) {
    console.error(['Not deployed. In wrangler.toml:', ...sentences].join('\n  '))
    process.exit(1)
  }
}

await buildWeb()
if (!dryRun)
  await must(
    'Migrating the remote database',
    command('wrangler', ['d1', 'migrations', 'apply', 'DB', '--remote']),
    { env: { CI: '1' } }, // asks nothing
  )
const out = dryRun ? ['--outdir', 'dist/worker'] : []
const { code } = await run(command('wrangler', ['deploy', ...out, ...args]), { show: true })
process.exitCode = code
